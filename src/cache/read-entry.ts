import { readFileSync } from 'node:fs'
import { entryPath, wholeEntry, type EntryKind } from './cache.ts'

/**
 * An entry of the cache in one go, for what runs in a thread of its own or reads many small ones: a few system calls instead of a round
 * through the thread pool for each. `undefined` when it is absent or damaged; `Cache.readEntry` removes the damaged, this leaves them.
 */
export function readEntrySync(folder: string, kind: EntryKind, key: string): Buffer | undefined {
  try {
    return wholeEntry(readFileSync(entryPath(folder, kind, key)))
  } catch {
    return undefined
  }
}
