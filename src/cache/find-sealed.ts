import { readFileSync, statSync, utimesSync } from 'node:fs'
import type { Digest } from '../base/digest.ts'
import { blobPath, isAsSealed, needsUseNoted, parseSeal } from './cache.ts'

/**
 * The path of a blob that is there as it was stored; what `Cache.findBlob` answers first, in four system calls and without the thread
 * pool. `undefined` says nothing more than that `findBlob` must look closer.
 */
export function findSealedSync(folder: string, digest: Digest): string | undefined {
  const path = blobPath(folder, digest)
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found || !isAsSealed(found, parseSeal(readFileSync(`${path}.seal`, 'utf8')))) return undefined
    if (needsUseNoted(found)) utimesSync(path, Date.now() / 1000, found.mtimeMs / 1000)
    return path
  } catch {
    return undefined
  }
}
