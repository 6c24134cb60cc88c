import { availableParallelism } from 'node:os'
import type { MessagePort, Worker } from 'node:worker_threads'
import { startWorker, workerThreads } from '../base/worker.ts'
import type { SpliceableEntry } from '../zip/plan.ts'
import type { FileSource } from '../zip/source.ts'
import type { ContentFacts } from './content-facts.ts'
import { fileIdentity, states, type LibraryAnswer, type LibraryTask } from './library-task.ts'

/** Below this, unpacked, a thread costs more than it saves, in bytes: some 30 ms to start, 2 ms for a megabyte. */
const worthAThread = 32 * 1024 * 1024

/** An archive of this size may hold that much, in bytes. */
const mayBeWorthAThread = 10 * 1024 * 1024

/**
 * A second thread that unpacks the native libraries of a package while the audit follows its imports. The audit stays a plain function:
 * what the thread has not come to when a rule asks, the audit reads itself, and it never waits for more than the one that is being read.
 *
 * It takes as long to start as a directory takes to read, so it is started first and told afterwards what there is to do.
 */
export class LibraryThread {
  readonly #worker: Worker
  #indexes: ReadonlyMap<SpliceableEntry, number> = new Map()
  #states: Int32Array = new Int32Array()
  #port: MessagePort | undefined
  readonly #answers = new Map<number, ContentFacts | undefined>()

  constructor() {
    this.#worker = startWorker(import.meta.url, './library-worker')
    // Without it the audit does all of the work.
    this.#worker.on('error', () => undefined)
    this.#worker.unref()
  }

  /** Lets it begin with the entries, largest first. */
  read(path: string, source: FileSource, entries: readonly SpliceableEntry[]): void {
    const ordered = [...entries].sort((a, b) => b.uncompressedBytes - a.uncompressedBytes)
    this.#indexes = new Map(ordered.map((entry, index) => [entry, index]))
    this.#states = new Int32Array(new SharedArrayBuffer(4 * ordered.length))
    const { MessageChannel } = workerThreads()
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const task: LibraryTask = {
      path,
      file: fileIdentity(source.descriptor),
      entries: ordered.map(({ name, method, crc32, compressedBytes, uncompressedBytes, dataOffset }) => ({ name, method, crc32, compressedBytes, uncompressedBytes, dataOffset })), // prettier-ignore
      states: this.#states,
      port: port2,
    }
    this.#worker.postMessage(task, [port2])
    port1.unref()
  }

  /** What the thread found, or `read` when the entry is the caller's to read. */
  contentOf(entry: SpliceableEntry): { readonly content: ContentFacts | undefined } | 'read' {
    const index = this.#indexes.get(entry)
    if (index === undefined) return 'read'
    const state = Atomics.compareExchange(this.#states, index, states.free, states.takenByAudit)
    if (state === states.free || state === states.takenByAudit) return 'read'
    if (Atomics.wait(this.#states, index, states.takenByThread, longestWaitMilliseconds) === 'timed-out') return 'read'
    const { receiveMessageOnPort } = workerThreads()
    while (!this.#answers.has(index)) {
      const answer = receiveMessageOnPort(this.#port!) as { readonly message: LibraryAnswer } | undefined
      if (!answer) return 'read'
      this.#answers.set(...answer.message)
    }
    return { content: this.#answers.get(index) }
  }

  /** How many nobody has taken yet. */
  get left(): number {
    return this.#states.filter((_, index) => Atomics.load(this.#states, index) === states.free).length
  }

  /** The thread ends by itself after what it is reading; one that was given nothing to read has nothing to end after. */
  stop(): void {
    if (!this.#port) return void this.#worker.terminate()
    for (let index = 0; index < this.#states.length; index++)
      Atomics.compareExchange(this.#states, index, states.free, states.takenByAudit)
    this.#port.close()
  }
}

/** The largest library that Lambda takes is unpacked in half a second. */
const longestWaitMilliseconds = 10_000

/** Whether it is worth starting one before anybody knows what an archive holds. */
export function mayNeedAThread(archiveBytes: number): boolean {
  return archiveBytes >= mayBeWorthAThread && canHaveAThread()
}

/** Whether a thread would be worth it for these. */
export function isWorthAThread(entries: readonly SpliceableEntry[]): boolean {
  return (
    entries.length > 1 &&
    entries.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0) >= worthAThread &&
    canHaveAThread()
  )
}

/** Only with a second processor, and not in what is itself a thread beside others. */
function canHaveAThread(): boolean {
  return availableParallelism() > 1 && workerThreads().isMainThread
}
