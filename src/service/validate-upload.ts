import { ZipyardError } from '../base/errors.ts'
import { runInWorker } from '../base/worker-task.ts'
import type { UploadVerdict } from '../functions/deployment-packages.ts'
import { refusedHazards } from '../zip/policy.ts'
import { openArchive } from '../zip/reader.ts'

/** What Lambda would say of an upload, by its directory alone. Runs in a thread of its own: a package may have 100,000 entries. */
export function validateUpload(path: string): Promise<UploadVerdict> {
  return runInWorker<string, UploadVerdict>(import.meta.url, './validate-upload-worker', path)
}

/** The same, in this thread. */
export function judgeUpload(path: string): UploadVerdict {
  try {
    const { source, listing } = openArchive(path)
    source.close()
    const refused = refusedHazards(listing.hazards, 'upload')
    return refused.length > 0 ? { defect: refused[0]!.code } : { unzippedBytes: listing.unzippedBytes }
  } catch (error) {
    if (error instanceof ZipyardError) return { defect: error.message }
    throw error
  }
}
