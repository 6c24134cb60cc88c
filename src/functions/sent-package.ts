/**
 * A deployment package that arrives with a request. A small one is held in memory; a large one goes to the disk while the rest of it is
 * still decoded, under a name that nothing finds, and becomes a blob only when the request turned out to be one that may have it.
 */
import { Readable } from 'node:stream'
import { mebibyte } from '../base/byte-size.ts'
import type { PutOptions, StoredBlob } from '../store/blobs.ts'

/** Takes a body into the blob store. */
export type PutBlob = (body: AsyncIterable<Uint8Array>, options?: PutOptions) => Promise<StoredBlob>

/** From how many bytes on a package is not held in memory. */
const heldLimitBytes = mebibyte

/** In buffers of this size it goes there, the same few again and again: a buffer for every piece would keep the garbage collector busy. */
const bufferBytes = mebibyte

/** How many full buffers may wait for the disk. */
const waitingBuffers = 2

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

  /** The next piece, in base64. To be waited for when it gives a promise: the disk is behind. */
  take(base64: string): Promise<void> | undefined {
    if (this.#large) this.#bytes += this.#large.take(base64)
    else {
      const piece = Buffer.from(base64, 'base64')
      this.#bytes += piece.length
      this.#held.push(piece)
      if (this.#put && this.#bytes > heldLimitBytes) {
        this.#large = new Arriving(this.#put, this.#held)
        this.#held = []
      }
    }
    return this.#large?.whenReady()
  }

  /**
   * The next piece, decoded already.
   *
   * @param release called when the bytes are not needed any more, soon or late, but for certain
   */
  takeDecoded(bytes: Uint8Array, release: () => void): void {
    this.#bytes += bytes.length
    if (!this.#large && this.#put && this.#bytes > heldLimitBytes) {
      this.#large = new Arriving(this.#put, this.#held)
      this.#held = []
    }
    if (this.#large) return this.#large.takeDecoded(bytes, release)
    this.#held.push(Buffer.from(bytes))
    release()
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

/** A body that is written while it arrives. A buffer is used again when the store asks for the one after it. */
class Arriving implements AsyncIterator<Uint8Array, undefined> {
  readonly #stored: Promise<StoredBlob>
  readonly #full: Uint8Array[]
  readonly #free: Buffer[] = []
  #filling: Buffer = Buffer.alloc(0)
  #filled = 0
  /** To be called when the store has done with what it has now, and with what waits for it. */
  #lent: (() => void) | undefined
  readonly #releases = new Map<Uint8Array, () => void>()
  #isWhole = false
  #isAccepted = false
  #failure: Error | undefined
  #wakeStore: (() => void) | undefined
  #wakeSender: (() => void) | undefined
  /** Kept when there is room for another piece. */
  #room: Promise<void> | undefined
  #release: (() => void) | undefined
  #refuse: ((reason: Error) => void) | undefined

  constructor(put: PutBlob, first: readonly Buffer[]) {
    this.#full = [...first]
    const verdict = new Promise<void>((resolve, reject) => {
      this.#release = resolve
      this.#refuse = reject
    })
    verdict.catch(() => undefined)
    this.#stored = put({ [Symbol.asyncIterator]: () => this }, { check: () => verdict })
    // Whoever accepts it is told; a request that was refused for another reason has nothing to say about it.
    this.#stored.catch((error: unknown) => {
      this.#failure ??= error as Error
      this.#letGo()
      this.#wakeSender?.()
    })
  }

  /** Decodes into the buffer that is filling; gives how many bytes it was. */
  take(base64: string): number {
    const most = (base64.length >> 2) * 3 + 3
    if (this.#filling.length - this.#filled < most) {
      this.#handOver()
      this.#filling = (most <= bufferBytes && this.#free.pop()) || Buffer.allocUnsafeSlow(Math.max(bufferBytes, most))
    }
    const written = this.#filling.write(base64, this.#filled, 'base64')
    this.#filled += written
    return written
  }

  takeDecoded(bytes: Uint8Array, release: () => void): void {
    if (this.#failure) return release()
    this.#handOver()
    this.#lend(bytes, release)
  }

  /** When there is room again. */
  whenReady(): Promise<void> | undefined {
    if (this.#full.length < waitingBuffers || this.#failure) return undefined
    // One promise for all who ask before it is kept: a second one would take the first one's place, and nobody would keep that.
    this.#room ??= new Promise((resolve) => {
      this.#wakeSender = () => {
        this.#room = undefined
        resolve()
      }
    })
    return this.#room
  }

  end(): void {
    this.#handOver()
    this.#isWhole = true
    this.#wakeStore?.()
  }

  accept(): Promise<StoredBlob> {
    this.#isAccepted = true
    this.#release?.()
    return this.#stored
  }

  discard(): void {
    if (this.#isAccepted) return
    this.#refuse?.(discarded)
    this.#failure ??= discarded
    this.#wakeStore?.()
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#lent?.()
    this.#lent = undefined
    while (this.#full.length === 0 && !this.#isWhole && !this.#failure)
      await new Promise<void>((resolve) => (this.#wakeStore = resolve))
    if (this.#failure) throw this.#failure
    const value = this.#full.shift()
    if (!value) return { done: true, value: undefined }
    this.#lent = this.#releases.get(value)
    this.#releases.delete(value)
    this.#wakeSender?.()
    return { done: false, value }
  }

  #handOver(): void {
    if (this.#filled > 0 && !this.#failure) {
      const filled = this.#filling
      this.#lend(filled.subarray(0, this.#filled), () => this.#free.push(filled))
    }
    this.#filled = 0
    this.#filling = Buffer.alloc(0)
  }

  #lend(view: Uint8Array, release: () => void): void {
    this.#releases.set(view, release)
    this.#full.push(view)
    this.#wakeStore?.()
  }

  /** Nothing of it will be read. */
  #letGo(): void {
    this.#full.length = 0
    this.#lent?.()
    this.#lent = undefined
    for (const release of this.#releases.values()) release()
    this.#releases.clear()
  }
}
