/**
 * Digests of bodies, off the event loop when they are large: a body of up to `inlineLimit` bytes costs less here than the way to
 * the worker thread; a larger one would make deadlines slip.
 */
// oxlint-disable unicorn/require-post-message-target-origin -- worker threads have no origin
import type { Worker } from 'node:worker_threads'
import { mebibyte } from '../base/byte-size.ts'
import { startWorker } from '../base/worker.ts'
import { createHashers, finishHashers, type HashAlgorithm } from './hash-algorithms.ts'
import type { HashReply, HashRequest } from './hash-worker.ts'

export type Digests = Partial<Record<HashAlgorithm, string>>

/** Largest body digested on the event loop, in bytes: about 2 ms of SHA-256 and MD5 together. */
export const inlineLimit = mebibyte

export interface HashSession {
  /** Resolves when the chunk was taken; it may be reused only then. */
  update(chunk: Uint8Array): Promise<void>
  finish(): Promise<Digests>
  /** Frees what the session holds; harmless after `finish`. */
  abandon(): void
}

/** Digests of bytes that are in memory anyway; give it `inlineLimit` bytes at most. */
export function digestSmall(bytes: Uint8Array, algorithms: readonly HashAlgorithm[]): Digests {
  const hashers = createHashers(algorithms)
  for (const hasher of hashers.values()) hasher.update(bytes)
  return finishHashers(hashers)
}

/** Digests many bodies at once on one worker thread, which starts with the first large body. */
export class Hashing {
  #worker: Worker | undefined
  readonly #waiting = new Map<number, { resolve(reply: HashReply): void; reject(error: unknown): void }>()
  #sessions = 0

  open(algorithms: readonly HashAlgorithm[]): HashSession {
    const worker = (this.#worker ??= this.#start())
    const session = ++this.#sessions
    let ended = false
    worker.postMessage({ session, open: algorithms } satisfies HashRequest)
    return {
      update: async (chunk) => {
        // What is not shared is copied: the chunk itself is being written to disk, so it cannot be handed over.
        const update = chunk.buffer instanceof SharedArrayBuffer ? chunk : new Uint8Array(chunk)
        await this.#ask(worker, { session, update })
      },
      finish: async () => {
        ended = true
        return (await this.#ask(worker, { session, finish: true })).digests!
      },
      abandon: () => {
        if (!ended) worker.postMessage({ session, abandon: true } satisfies HashRequest)
        ended = true
      },
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #ask(worker: Worker, request: HashRequest): Promise<HashReply> {
    return new Promise((resolve, reject) => {
      if (worker !== this.#worker) return reject(new Error('the digest worker of this body has ended'))
      this.#waiting.set(request.session, { resolve, reject })
      worker.ref()
      worker.postMessage(request)
    })
  }

  /** The thread keeps the process alive only while somebody waits for it. */
  #start(): Worker {
    const worker = startWorker(import.meta.url, './hash-worker')
    worker.unref()
    worker.on('message', (reply: HashReply) => {
      const waiting = this.#waiting.get(reply.session)
      this.#waiting.delete(reply.session)
      if (this.#waiting.size === 0) worker.unref()
      waiting?.resolve(reply)
    })
    const fail = (error: unknown): void => {
      if (this.#worker === worker) this.#worker = undefined
      const waiting = [...this.#waiting.values()]
      this.#waiting.clear()
      for (const { reject } of waiting) reject(error)
    }
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`the digest worker ended with code ${code}`)))
    return worker
  }
}
