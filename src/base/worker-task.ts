import { parentPort, workerData } from 'node:worker_threads'
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
export function runInWorker<Input, Output>(here: string, name: string, input: Input): Promise<Output> {
  return new Promise((resolve, reject) => {
    const worker = startWorker(here, name, { workerData: input })
    let answered = false
    worker.once('message', (answer: Answer<Output>) => {
      answered = true
      if ('output' in answer) resolve(answer.output)
      else reject(revive(answer.error))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => {
      if (!answered) reject(new Error(`the worker \`${name}\` ended with code ${code} before it answered`))
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
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
    .then((answer) => parentPort!.postMessage(answer))
}

type Answer<Output> = { readonly output: Output } | { readonly error: FlatError }

interface FlatError {
  readonly message: string
  readonly stack: string | undefined
  readonly ours: Pick<ZipyardError, 'code' | 'kind' | 'hint' | 'details'> | undefined
  readonly cause: FlatError | undefined
}

/** Structured clone keeps neither the class nor the fields of an error. */
function flatten(error: unknown): FlatError {
  const { message, stack, cause } = error instanceof Error ? error : new Error(String(error))
  const ours =
    error instanceof ZipyardError
      ? { code: error.code, kind: error.kind, hint: error.hint, details: error.details }
      : undefined
  return { message, stack, ours, cause: cause === undefined ? undefined : flatten(cause) }
}

function revive(flat: FlatError): Error {
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
