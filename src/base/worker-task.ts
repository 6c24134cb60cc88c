// oxlint-disable unicorn/require-post-message-target-origin -- a thread's port, not a window's
import { parentPort, workerData, type Worker } from 'node:worker_threads'
import { ZipyardError } from './errors.ts'
import { startWorker } from './worker.ts'

/**
 * One function call in a thread of its own, so that the event loop stays free: `runInWorker` on one side, `answerTask` on the other.
 * Input and output are structured-cloned; our own errors arrive as our own errors.
 *
 * @example
 * // extract-worker.ts
 * answerTask(extractArchive)
 * // extract.ts
 * await runInWorker<ExtractOptions, Extracted>(import.meta.url, './extract-worker', options)
 */
export function runInWorker<Input, Output>(
  here: string,
  name: string,
  input: Input,
  /** Ends the thread; when it has ended, the promise is rejected with the signal's reason. */
  signal?: AbortSignal,
): Promise<Output> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const worker = startWorker(here, name, { workerData: input })
    const end = (): void => void worker.terminate()
    signal?.addEventListener('abort', end)
    let answered = false
    worker.once('message', (answer: Answer<Output>) => {
      answered = true
      if ('output' in answer) resolve(answer.output)
      else reject(revive(answer.error))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', end)
      if (answered) return
      if (signal?.aborted) reject(signal.reason as Error)
      else reject(new Error(`the worker \`${name}\` ended with code ${code} before it answered`))
    })
  })
}

/** Called once by a worker's file: runs the task with the worker's input and posts what came of it. */
export function answerTask<Input, Output>(task: (input: Input) => Output | Promise<Output>): void {
  void Promise.resolve(workerData as Input)
    .then(task)
    .then(
      (output): Answer<Output> => ({ output }),
      (error: unknown): Answer<Output> => ({ error: flatten(error) }),
    )
    .then((answer) => parentPort!.postMessage(answer))
}

/**
 * Many calls of one function in one thread that stays: for what is asked often and takes less time than a thread's start. It starts with
 * the first call and ends after `idleMs` without one; it does not keep the process alive unless somebody waits for it.
 *
 * @example
 * // judge-worker.ts
 * answerTasks(judge)
 * // judge.ts
 * const thread = new TaskThread<string, Verdict>(import.meta.url, './judge-worker')
 * await thread.run(path)
 */
export class TaskThread<Input, Output> {
  readonly #here: string
  readonly #name: string
  readonly #idleMs: number
  readonly #waiting = new Map<number, { resolve(output: Output): void; reject(error: unknown): void }>()
  #worker: Worker | undefined
  #calls = 0
  #idle: NodeJS.Timeout | undefined

  constructor(here: string, name: string, idleMs = 30_000) {
    this.#here = here
    this.#name = name
    this.#idleMs = idleMs
  }

  run(input: Input): Promise<Output> {
    const worker = (this.#worker ??= this.#start())
    clearTimeout(this.#idle)
    const call = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject })
      worker.ref()
      worker.postMessage({ call, input } satisfies Call<Input>)
    })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle)
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = startWorker(this.#here, this.#name)
    worker.unref()
    worker.on('message', ({ call, answer }: Called<Output>) => {
      const waiting = this.#waiting.get(call)
      this.#waiting.delete(call)
      if (this.#waiting.size === 0) this.#rest(worker)
      if ('output' in answer) waiting?.resolve(answer.output)
      else waiting?.reject(revive(answer.error))
    })
    const fail = (error: unknown): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      const waiting = [...this.#waiting.values()]
      this.#waiting.clear()
      for (const { reject } of waiting) reject(error)
    }
    worker.once('error', fail)
    worker.once('exit', (code) => fail(new Error(`the worker \`${this.#name}\` ended with code ${code}`)))
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idle = setTimeout(() => {
      // A call that comes now starts another.
      this.#worker = undefined
      void worker.terminate()
    }, this.#idleMs).unref()
  }
}

/** Called once by the file of a `TaskThread`: answers each call, one after the other. */
export function answerTasks<Input, Output>(task: (input: Input) => Output): void {
  parentPort!.on('message', ({ call, input }: Call<Input>) => {
    let answer: Answer<Output>
    try {
      answer = { output: task(input) }
    } catch (error) {
      answer = { error: flatten(error) }
    }
    parentPort!.postMessage({ call, answer } satisfies Called<Output>)
  })
}

interface Call<Input> {
  readonly call: number
  readonly input: Input
}

interface Called<Output> {
  readonly call: number
  readonly answer: Answer<Output>
}

export type Answer<Output> = { readonly output: Output } | { readonly error: FlatError }

export interface FlatError {
  readonly message: string
  readonly stack: string | undefined
  readonly ours: Pick<ZipyardError, 'code' | 'kind' | 'hint' | 'details'> | undefined
  readonly cause: FlatError | undefined
}

/** Structured clone keeps neither the class nor the fields of an error. */
export function flatten(error: unknown): FlatError {
  const { message, stack, cause } = error instanceof Error ? error : new Error(String(error))
  const ours =
    error instanceof ZipyardError
      ? { code: error.code, kind: error.kind, hint: error.hint, details: error.details }
      : undefined
  return { message, stack, ours, cause: cause === undefined ? undefined : flatten(cause) }
}

export function revive(flat: FlatError): Error {
  const cause = flat.cause && revive(flat.cause)
  const error = flat.ours
    ? new ZipyardError(
        flat.ours.code,
        flat.ours.kind,
        { message: flat.message, hint: flat.ours.hint },
        flat.ours.details,
        cause,
      )
    : new Error(flat.message, cause && { cause })
  if (flat.stack !== undefined) error.stack = flat.stack
  return error
}
