/**
 * The memory that a splice shares with the thread that hashes what it writes: a ring of pieces, and the words by which both agree.
 * The writer moves `head` after it filled a piece, the thread moves `tail` after it hashed one.
 */

/** Bytes of a piece: large enough that a hand-over costs nothing beside hashing it, small enough to stay in a processor's cache. */
export const pieceBytes = 512 * 1024

/** Pieces of the ring: what the writer may be ahead, so that neither waits for the other's every turn. */
export const pieces = 8

/** Indexes of `words`. From `lengths` on stands each piece's length; `ended` instead of one asks for the digest. */
export const word = { head: 0, tail: 1, state: 2, answered: 3, lengths: 8 } as const

/** States of the thread. Whoever changes `idle` by compare-and-set has it: the writer to `taken`, the thread itself to `gone`. */
export const threadState = { idle: 0, taken: 1, gone: 2 } as const

export const ended = -1

/** What both sides must agree about. The thread is told it: importing it would load all that it is bundled with, before the first piece. */
export const ringProtocol = { pieceBytes, pieces, word, threadState, ended }

/** What the thread is started with. */
export interface DigestWork {
  readonly ring: DigestRing
  readonly protocol: typeof ringProtocol
}

export interface DigestRing {
  readonly words: Int32Array<SharedArrayBuffer>
  readonly pieces: SharedArrayBuffer
  readonly digest: SharedArrayBuffer
}

export function newDigestRing(): DigestRing {
  return {
    words: new Int32Array(new SharedArrayBuffer(4 * (word.lengths + pieces))),
    pieces: new SharedArrayBuffer(pieces * pieceBytes),
    digest: new SharedArrayBuffer(32),
  }
}
