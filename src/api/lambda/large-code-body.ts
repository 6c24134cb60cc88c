/**
 * Large bodies with packages, away from the event loop: 67 MB of base64 take a third of a second to be hashed and decoded, and leave as much garbage, while
 * invocations want to be answered within a millisecond. Their bytes go to a thread as they arrive and come back as decoded packages.
 */
// oxlint-disable unicorn/require-post-message-target-origin -- worker threads have no origin
import type { Worker } from 'node:worker_threads'
import { mebibyte } from '../../base/byte-size.ts'
import { revive } from '../../base/worker-task.ts'
import { startWorker } from '../../base/worker.ts'
import type { SentPackage } from '../../functions/sent-package.ts'
import type { LargeBody } from '../http/message.ts'
import type { CodeBodyNews, CodeBodyOrder } from './code-body-worker.ts'
import { joinBody, type CodeBody } from './code-body.ts'

/** So much is given to the thread at once, in bytes: every message costs. */
const batchBytes = 512 * 1024
/** So much may wait for the thread. */
const waitingBytes = 4 * mebibyte
/** How long the thread stays without a body, in milliseconds. */
const idleMs = 30_000

/** The thread that all large bodies share. It starts with the first one, and never keeps the process alive. */
export class LargeCodeBodies {
  #thread: Thread | undefined
  #idle: NodeJS.Timeout | undefined
  #bodies = 0

  open(): LargeCodeBody {
    clearTimeout(this.#idle)
    const thread = (this.#thread ??= this.#start())
    return new LargeCodeBody((this.#bodies += 1), thread, () => {
      if (thread.listeners.size === 0) this.#idle = setTimeout(() => void this.stop(), idleMs).unref()
    })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle)
    const thread = this.#thread
    this.#thread = undefined
    await thread?.worker.terminate()
  }

  #start(): Thread {
    const thread: Thread = {
      worker: startWorker(import.meta.url, './code-body-worker'),
      listeners: new Map(),
    }
    const { worker, listeners } = thread
    worker.unref()
    worker.on('message', (news: CodeBodyNews) => listeners.get(news.body)?.hear(news))
    const fail = (error: Error): void => {
      if (this.#thread === thread) this.#thread = undefined
      for (const { fail: tell } of listeners.values()) tell(error)
    }
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`the thread that reads packages ended with code ${code}`)))
    return thread
  }
}

interface Thread {
  readonly worker: Worker
  readonly listeners: Map<number, { hear(news: CodeBodyNews): void; fail(error: Error): void }>
}

export class LargeCodeBody implements LargeBody {
  readonly #number: number
  readonly #thread: Thread
  readonly #onDone: () => void
  #batch: Uint8Array<ArrayBuffer>[] = []
  #batchBytes = 0
  #waiting = 0
  #isDone = false
  #failure: Error | undefined
  /** Kept when there is room for more. */
  #room: { readonly promise: Promise<void>; readonly keep: () => void } | undefined
  #hashed: { resolve(hash: string): void; reject(error: Error): void } | undefined
  #reading: Reading | undefined

  constructor(number: number, thread: Thread, onDone: () => void) {
    this.#number = number
    this.#thread = thread
    this.#onDone = onDone
    thread.listeners.set(number, { hear: (news) => this.#hear(news), fail: (error) => this.#fail(error) })
  }

  take(chunk: Buffer): Promise<void> | undefined {
    if (this.#isDone) return undefined
    this.#batch.push(whole(chunk))
    this.#batchBytes += this.#batch.at(-1)!.length
    if (this.#batchBytes >= batchBytes) this.#send()
    if (this.#waiting < waitingBytes) return undefined
    if (!this.#room) {
      let keep!: () => void
      const promise = new Promise<void>((resolve) => (keep = resolve))
      this.#room = { promise, keep }
    }
    return this.#room.promise
  }

  end(): Promise<string> {
    if (this.#failure) return Promise.reject(this.#failure)
    this.#send()
    return new Promise((resolve, reject) => {
      this.#hashed = { resolve, reject }
      this.#tell({ body: this.#number, end: true })
    })
  }

  /** @param receive makes the place for a package that begins */
  read(receive: () => SentPackage): Promise<CodeBody> {
    if (this.#failure) return Promise.reject(this.#failure)
    const received: SentPackage[] = []
    const discard = (): void => received.forEach((one) => one.discard())
    return new Promise<CodeBody>((resolve, reject) => {
      this.#reading = { receive, received, resolve: (input) => resolve({ input, discard }), reject }
      this.#tell({ body: this.#number, read: true })
    }).catch((error: unknown) => {
      discard()
      throw error
    })
  }

  discard(): void {
    if (this.#isDone) return
    this.#batch = []
    // Once it is read the thread forgets it by itself, and what it still says has to be heard: buffers of its own are in it.
    if (this.#reading) return
    this.#tell({ body: this.#number, discard: true })
    this.#done()
  }

  #hear(news: CodeBodyNews): void {
    if ('taken' in news) {
      this.#waiting -= news.taken
      if (this.#waiting < waitingBytes / 2) this.#goOn()
    } else if ('hash' in news) this.#hashed?.resolve(news.hash)
    else if (this.#reading) this.#read(news, this.#reading)
  }

  #read(news: CodeBodyNews, { receive, received, resolve, reject }: Reading): void {
    if ('begins' in news) received[news.begins] = receive()
    else if ('piece' in news) received[news.package]!.takeDecoded(news.piece, () => free(news.lent))
    else if ('ends' in news) received[news.ends]!.end()
    else if ('rest' in news || 'error' in news) {
      this.#done()
      try {
        if ('error' in news) throw revive(news.error)
        resolve(joinBody(news.rest, news.packages.map(([path, number]) => [path, received[number]!] as const))) // prettier-ignore
      } catch (error) {
        reject(error as Error)
      }
    }
  }

  #send(): void {
    if (this.#batch.length === 0) return
    const chunks = this.#batch
    this.#waiting += this.#batchBytes
    this.#batch = []
    this.#batchBytes = 0
    this.#tell(
      { body: this.#number, chunks },
      chunks.map(({ buffer }) => buffer),
    )
  }

  #tell(order: CodeBodyOrder, transferred: readonly ArrayBuffer[] = []): void {
    this.#thread.worker.postMessage(order, transferred)
  }

  #goOn(): void {
    this.#room?.keep()
    this.#room = undefined
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#done()
    this.#hashed?.reject(error)
    this.#reading?.reject(error)
  }

  #done(): void {
    this.#isDone = true
    this.#thread.listeners.delete(this.#number)
    this.#goOn()
    this.#onDone()
  }
}

interface Reading {
  readonly receive: () => SentPackage
  readonly received: SentPackage[]
  resolve(input: CodeBody['input']): void
  reject(error: Error): void
}

/** What can be given away: memory that nobody else has a part of. */
function whole(chunk: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = chunk
  const isWhole = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(chunk)
}

function free(lent: Int32Array): void {
  Atomics.store(lent, 0, 0)
  Atomics.notify(lent, 0)
}
