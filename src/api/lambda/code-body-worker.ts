/**
 * A thread that takes large bodies with packages: it hashes them while they arrive and, once their requests are known to be good, decodes their packages
 * into a few buffers that it shares with the event loop. See `large-code-body.ts`.
 */
// oxlint-disable unicorn/require-post-message-target-origin -- worker threads have no origin
import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { mebibyte } from '../../base/byte-size.ts'
import { giveWay } from '../../base/background.ts'
import { flatten, type FlatError } from '../../base/worker-task.ts'
import { Splitter, type PackageSink } from './code-body-splitter.ts'

/** What the thread is told of a body, by its number. */
export type CodeBodyOrder = { readonly body: number } & (
  | { readonly chunks: readonly Uint8Array[] }
  | { readonly end: true }
  | { readonly read: true }
  | { readonly discard: true }
)

/** What it says. Packages are numbered as they begin. */
export type CodeBodyNews = { readonly body: number } &
  /** So many bytes were taken in. */
  (
    | { readonly taken: number }
    | { readonly hash: string }
    | { readonly begins: number }
    /** A piece of the package, until `Atomics.notify` says that its buffer is free again. */
    | { readonly package: number; readonly piece: Uint8Array; readonly lent: Int32Array }
    | { readonly ends: number }
    /** The JSON around the packages, and where in it each of them stands. */
    | { readonly rest: Uint8Array; readonly packages: readonly (readonly [readonly string[], number])[] }
    | { readonly error: FlatError }
  )

const bufferBytes = mebibyte
const buffers = 4
/** No piece of a body is decoded at once that would not fit into a buffer. */
const sliceBytes = 256 * 1024

interface HeldBody {
  readonly hash: Hash
  readonly chunks: Uint8Array[]
}

const bodies = new Map<number, HeldBody>()
const say = (news: CodeBodyNews): void => parentPort!.postMessage(news)

// The answer to an upload waits for it, but invocations come first.
giveWay(5)

parentPort!.on('message', (order: CodeBodyOrder) => {
  const { body } = order
  const held = bodies.get(body) ?? { hash: createHash('sha256'), chunks: [] }
  if ('chunks' in order) {
    bodies.set(body, held)
    let taken = 0
    for (const chunk of order.chunks) {
      held.hash.update(chunk)
      held.chunks.push(chunk)
      taken += chunk.length
    }
    say({ body, taken })
  } else if ('end' in order) say({ body, hash: held.hash.digest('hex') })
  else {
    bodies.delete(body)
    if ('discard' in order) return
    try {
      read(body, held.chunks)
    } catch (error) {
      say({ body, error: flatten(error) })
    }
  }
})

function read(body: number, chunks: Uint8Array[]): void {
  const slabs = Array.from({ length: buffers }, () => new Slab())
  let begun = 0
  const splitter = new Splitter(() => new SharedPackage(body, begun++, slabs))
  for (const [index, chunk] of chunks.entries()) {
    // What was decoded need not be kept.
    chunks[index] = empty
    for (let from = 0; from < chunk.length; from += sliceBytes)
      splitter.take(Buffer.from(chunk.buffer, chunk.byteOffset + from, Math.min(sliceBytes, chunk.length - from)))
  }
  const packages = [...splitter.packages].map(([path, { number }]) => [path, number] as const)
  say({ body, rest: splitter.rest, packages })
}

const empty = new Uint8Array(0)

/** A buffer that is ours to fill or with the event loop. */
class Slab {
  readonly bytes = Buffer.from(new SharedArrayBuffer(bufferBytes))
  /** 1 while it is lent. */
  readonly lent = new Int32Array(new SharedArrayBuffer(4))

  /** The thread has nothing better to do than to wait: the disk is behind, and so would be whoever came next. */
  waitUntilFree(): this {
    Atomics.wait(this.lent, 0, 1)
    return this
  }
}

/** Decodes a package into the buffers, in turn. */
class SharedPackage implements PackageSink {
  readonly #body: number
  readonly number: number
  readonly #slabs: Slab[]
  #filling: Slab | undefined
  #filled = 0

  constructor(body: number, number: number, slabs: Slab[]) {
    this.#body = body
    this.number = number
    this.#slabs = slabs
    say({ body, begins: number })
  }

  take(base64: string): undefined {
    const most = (base64.length >> 2) * 3 + 3
    if (this.#filled + most > bufferBytes) this.#handOver()
    this.#filling ??= this.#nextSlab()
    this.#filled += this.#filling.bytes.write(base64, this.#filled, 'base64')
  }

  end(): void {
    this.#handOver()
    say({ body: this.#body, ends: this.number })
  }

  #nextSlab(): Slab {
    const slab = this.#slabs.shift()!
    this.#slabs.push(slab)
    return slab.waitUntilFree()
  }

  #handOver(): void {
    const slab = this.#filling
    if (!slab) return
    const { bytes, lent } = slab
    if (this.#filled > 0) {
      Atomics.store(lent, 0, 1)
      say({ body: this.#body, package: this.number, piece: bytes.subarray(0, this.#filled), lent })
    }
    this.#filling = undefined
    this.#filled = 0
  }
}
