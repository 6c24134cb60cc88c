/**
 * A deployment package that arrives with a request. A small one is held in memory; a large one goes to the disk while the rest of it is
 * still decoded, under a name that nothing finds, and becomes a blob only when the request turned out to be one that may have it.
 */
import { Readable } from 'node:stream'
import { mebibyte } from '../base/byte-size.ts'
import type { PutOptions, StoredBlob } from '../store/blobs.ts'

/** Takes a body into the blob store. */
export type PutBlob = (body: Readable, options?: PutOptions) => Promise<StoredBlob>

/** From how many bytes on a package is not held in memory. */
const heldLimitBytes = mebibyte

/** How many pieces may wait for the disk; a piece has at most some 50 KB. */
const waitingPieces = 64

export class SentPackage {
  readonly #put: PutBlob | undefined
  #held: Buffer[] = []
  #bytes = 0
  #large: Arriving | undefined

  /** @param put where a large package goes; without it, all is held */
  constructor(put?: PutBlob) {
    this.#put = put
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The next piece. To be waited for when it gives a promise: the disk is behind. */
  take(piece: Buffer): Promise<void> | undefined {
    if (piece.length === 0) return undefined
    this.#bytes += piece.length
    if (this.#large) return this.#large.take(piece)
    this.#held.push(piece)
    if (!this.#put || this.#bytes <= heldLimitBytes) return undefined
    this.#large = new Arriving(this.#put)
    const held = this.#held
    this.#held = []
    for (const one of held) void this.#large.take(one)
    return undefined
  }

  /** No more pieces come. */
  end(): void {
    this.#large?.end()
  }

  /** Durable and visible when this resolves. */
  accept(put: PutBlob): Promise<StoredBlob> {
    return this.#large ? this.#large.accept() : put(Readable.from(this.#held, { objectMode: true }))
  }

  /** Nothing is to be left of it; without effect once it was accepted. */
  discard(): void {
    this.#held = []
    this.#large?.discard()
  }
}

const discarded = new Error('the request that brought this package was refused')

class Arriving {
  readonly #stored: Promise<StoredBlob>
  readonly #body: Readable
  #release: (() => void) | undefined
  #refuse: ((reason: Error) => void) | undefined
  #proceed: (() => void) | undefined

  constructor(put: PutBlob) {
    this.#body = new Readable({ objectMode: true, highWaterMark: waitingPieces, read: () => this.#continue() })
    const verdict = new Promise<void>((resolve, reject) => {
      this.#release = resolve
      this.#refuse = reject
    })
    verdict.catch(() => undefined)
    this.#stored = put(this.#body, { check: () => verdict })
    // Whoever accepts it is told; a request that was refused for another reason has nothing to say about it.
    this.#stored.catch(() => this.#continue())
  }

  take(piece: Buffer): Promise<void> | undefined {
    if (this.#body.destroyed || this.#body.push(piece)) return undefined
    return new Promise((resolve) => (this.#proceed = resolve))
  }

  end(): void {
    if (!this.#body.destroyed) this.#body.push(null)
  }

  accept(): Promise<StoredBlob> {
    this.#release?.()
    return this.#stored
  }

  discard(): void {
    this.#refuse?.(discarded)
    if (!this.#body.readableEnded) this.#body.destroy(discarded)
  }

  #continue(): void {
    this.#proceed?.()
    this.#proceed = undefined
  }
}
