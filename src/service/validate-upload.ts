import { stat } from 'node:fs/promises'
import { ZipyardError } from '../base/errors.ts'
import { TaskThread } from '../base/worker-task.ts'
import type { UploadVerdict } from '../functions/deployment-packages.ts'
import { refusedHazards } from '../zip/policy.ts'
import { openArchive } from '../zip/reader.ts'

/** Largest package that is judged on the event loop, in bytes: it has room for few entries. */
const inlineLimit = 128 * 1024

/**
 * What Lambda would say of an upload, by its directory alone. A small package costs less here than the way to a thread; a large one goes to
 * a thread that stays, because it may have 100,000 entries.
 */
export class UploadJudge {
  readonly #thread = new TaskThread<string, UploadVerdict>(import.meta.url, './validate-upload-worker')

  async judge(path: string): Promise<UploadVerdict> {
    return (await stat(path)).size <= inlineLimit ? judgeUpload(path) : this.#thread.run(path)
  }

  stop(): Promise<void> {
    return this.#thread.stop()
  }
}

/** The same, in this thread. */
export function judgeUpload(path: string): UploadVerdict {
  try {
    const { source, listing } = openArchive(path)
    source.close()
    const refused = refusedHazards(listing.hazards, 'upload')
    return refused.length > 0
      ? {
          defect: refused
            .map((hazard) => hazard.sentence)
            .slice(0, 5)
            .join('; '),
        }
      : { unzippedBytes: listing.unzippedBytes }
  } catch (error) {
    if (error instanceof ZipyardError) return { defect: error.message }
    throw error
  }
}
