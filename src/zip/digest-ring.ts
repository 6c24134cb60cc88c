/**
 * The memory that a splice shares with the thread that hashes what it writes: a ring of pieces, and the words by which both agree.
 * The writer moves `head` after it handed something over, the thread moves `tail` after it hashed that.
 */

/** Bytes of a piece: large enough that a hand-over costs nothing beside hashing it, small enough to stay in a processor's cache. */
export const pieceBytes = 512 * 1024

/** Pieces of the ring: what the writer may be ahead, so that neither waits for the other's every turn. */
export const pieces = 8

/** Hand-overs that may wait, far more than the pieces of the ring: the others are read back from the file. */
export const turns = 1024

/**
 * Indexes of `words`. `head` and `tail` count hand-overs, `freed` the pieces of the ring that are free again. From `turns` on stand two words
 * for each hand-over: a length or one of `turn`, and the piece of the ring, `inFile` or a descriptor.
 */
export const word = { head: 0, tail: 1, state: 2, answered: 3, freed: 4, turns: 8 } as const

/** States of the thread. Whoever changes `idle` by compare-and-set has it: the writer to `taken`, the thread itself to `gone`. */
export const threadState = { idle: 0, taken: 1, gone: 2 } as const

/** Instead of a length: a file begins, whose descriptor stands beside; or its digest is asked for. */
export const turn = { ended: -1, begins: -2 } as const

/** Instead of a piece of the ring: the bytes are to be read from the file. */
export const inFile = -1

/** What both sides must agree about. The thread is told it: importing it would load all that it is bundled with, before the first piece. */
export const ringProtocol = { pieceBytes, pieces, turns, word, threadState, turn, inFile }

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
    words: new Int32Array(new SharedArrayBuffer(4 * (word.turns + 2 * turns))),
    pieces: new SharedArrayBuffer(pieces * pieceBytes),
    digest: new SharedArrayBuffer(32),
  }
}
