/** An event must be JSON. Large ones are parsed on a worker thread: 6 MB take longer than the event loop may stand still. */
import { runInWorker } from '../../base/worker-task.ts'
import { invalidPayload } from './fault.ts'
import { jsonDefect } from './json-defect.ts'

/** Parsed where it is; takes about a millisecond. */
const inlineBytes = 192 * 1024

/** @throws `invalidPayload` in the words of the service's own parser */
export async function expectJson(payload: Buffer): Promise<void> {
  const defect =
    payload.length <= inlineBytes
      ? jsonDefect(payload)
      : await runInWorker<Uint8Array, string | undefined>(import.meta.url, './json-payload-worker', payload)
  if (defect !== undefined) {
    throw invalidPayload({
      text: `Could not parse request body into json: Could not parse payload into json: ${defect}`,
    })
  }
}
