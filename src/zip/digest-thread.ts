import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { Digest } from '../base/digest.ts'
import { startWorker } from '../base/worker.ts'
import {
  inFile,
  newDigestRing,
  pieceBytes,
  pieces,
  ringProtocol,
  threadState,
  turn,
  turns,
  word,
  type DigestRing,
  type DigestWork,
} from './digest-ring.ts'

/** From so many bytes on hashing them takes longer than the start of a thread, which is some 25 ms. */
const worthStartingBytes = 40 * 1024 * 1024
/** From so many bytes on a thread that runs already is worth being asked. */
const worthAskingBytes = 2 * 1024 * 1024

/** A thread that has not moved for so long is given up: its file may be missing, its machine out of memory. */
const patienceMilliseconds = 5000

/**
 * A thread that hashes beside the one that reads and writes. Its owner fills `buffer()`, calls `push`, and at the end `digest`.
 * Everything but the start is synchronous: the two agree over shared memory.
 */
export class DigestThread {
  static #running: DigestThread | undefined
  /** How many packages were hashed by a thread. */
  static used = 0

  readonly #ring: DigestRing = newDigestRing()
  readonly #pieces = Array.from({ length: pieces }, (_, index) =>
    Buffer.from(this.#ring.pieces, index * pieceBytes, pieceBytes),
  )
  readonly #worker: Worker
  #head = 0
  /** Pieces of the ring that were handed over. */
  #filled = 0
  /** For what the ring has no room for. */
  #spare: Buffer | undefined
  #isSpare = false
  #mayLag = false

  private constructor() {
    const work: DigestWork = { ring: this.#ring, protocol: ringProtocol }
    this.#worker = startWorker(import.meta.url, './digest-worker', { workerData: work, trackUnmanagedFds: false })
    this.#worker.unref()
    this.#worker.on('error', () => this.#giveUp())
    this.#worker.on('exit', () => this.#giveUp())
  }

  /** Starts the thread ahead of the need, where there is a second processor. */
  static start(): void {
    if (DigestThread.#running || availableParallelism() < 2) return
    try {
      DigestThread.#running = new DigestThread()
    } catch {
      // No thread to be had (limits of processes or memory): then hashing is done where the writing is.
    }
  }

  /**
   * The thread for the file of a package of so many bytes, until `release`; undefined when it is busy or not worth it. With `mayLag` the writer
   * never waits for it: what the ring has no room for, the thread reads back, at its own time.
   */
  static take(bytes: number, descriptor: number, mayLag: boolean): DigestThread | undefined {
    if (bytes < worthAskingBytes) return undefined
    if (DigestThread.#running && DigestThread.#running.#state === threadState.gone) DigestThread.#running = undefined
    if (!DigestThread.#running && bytes >= worthStartingBytes) DigestThread.start()
    const thread = DigestThread.#running
    if (!thread) return undefined
    const { words } = thread.#ring
    const before = Atomics.compareExchange(words, word.state, threadState.idle, threadState.taken)
    if (before !== threadState.idle) return undefined
    thread.#mayLag = mayLag
    if (!thread.#hand(turn.begins, descriptor)) return undefined
    DigestThread.used += 1
    return thread
  }

  /** Ends the thread at once, whatever it does. */
  static end(): void {
    if (DigestThread.#running) DigestThread.#running.#giveUp()
  }

  get #state(): number {
    return Atomics.load(this.#ring.words, word.state)
  }

  /** The next piece to fill, as soon as it has been hashed; undefined when the thread does not answer. */
  buffer(): Buffer | undefined {
    const { words } = this.#ring
    this.#isSpare = false
    for (;;) {
      const tail = Atomics.load(words, word.tail)
      if (this.#state === threadState.gone) return undefined
      if (((this.#filled - Atomics.load(words, word.freed)) | 0) < pieces) return this.#pieces[this.#piece]
      if (this.#mayLag) {
        this.#isSpare = true
        return (this.#spare ??= Buffer.allocUnsafeSlow(pieceBytes))
      }
      if (Atomics.wait(words, word.tail, tail, patienceMilliseconds) === 'timed-out') return this.#giveUp()
    }
  }

  /** Whether the piece must stand in the file before it is pushed. */
  get isReadBack(): boolean {
    return this.#isSpare
  }

  /** Hands the first `length` bytes of the piece over. */
  push(length: number): void {
    const isSpare = this.#isSpare
    const piece = this.#piece
    if (!isSpare) this.#filled = (this.#filled + 1) | 0
    this.#hand(length, isSpare ? inFile : piece)
  }

  /** False when the thread does not answer. */
  #hand(length: number, place: number): boolean {
    const { words } = this.#ring
    for (;;) {
      const tail = Atomics.load(words, word.tail)
      if (this.#state === threadState.gone) return false
      if (((this.#head - tail) | 0) < turns) break
      if (Atomics.wait(words, word.tail, tail, patienceMilliseconds) === 'timed-out') {
        this.#giveUp()
        return false
      }
    }
    const at = word.turns + 2 * ((this.#head >>> 0) % turns)
    words[at] = length
    words[at + 1] = place
    this.#head = (this.#head + 1) | 0
    Atomics.store(words, word.head, this.#head)
    Atomics.notify(words, word.head)
    return true
  }

  /** SHA-256 of everything pushed; undefined when the thread does not answer. */
  digest(): Digest | undefined {
    const { words, digest } = this.#ring
    const answered = Atomics.load(words, word.answered)
    if (!this.#hand(turn.ended, 0)) return undefined
    while (Atomics.load(words, word.answered) === answered)
      if (Atomics.wait(words, word.answered, answered, patienceMilliseconds) === 'timed-out') return this.#giveUp()
    return Buffer.from(digest).toString('hex')
  }

  /** Makes the thread free for the next package. What was pushed without `digest` is forgotten with the thread. */
  release(isFinished: boolean): void {
    if (!isFinished) this.#giveUp()
    else Atomics.compareExchange(this.#ring.words, word.state, threadState.taken, threadState.idle)
  }

  get #piece(): number {
    return (this.#filled >>> 0) % pieces
  }

  #giveUp(): undefined {
    Atomics.store(this.#ring.words, word.state, threadState.gone)
    if (DigestThread.#running === this) DigestThread.#running = undefined
    void this.#worker.terminate()
    return undefined
  }
}
