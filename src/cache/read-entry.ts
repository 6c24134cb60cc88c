import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sha256Bytes } from '../base/digest.ts'
import { makeFolder } from '../base/make-folder.ts'
import { entryPath, wholeEntry, type EntryKind } from './entry-file.ts'

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

/** Writes an entry as `Cache.writeEntry` does, in one go. A cache that cannot be written is left as it is. */
export function writeEntrySync(folder: string, kind: EntryKind, key: string, bytes: Uint8Array): void {
  const path = entryPath(folder, kind, key)
  const temporary = join(
    folder,
    'tmp',
    `${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
  )
  try {
    makeFolder(dirname(temporary))
    makeFolder(dirname(path))
    writeFileSync(temporary, Buffer.concat([bytes, sha256Bytes(bytes)]), { flag: 'wx' })
    renameSync(temporary, path)
  } catch {
    try {
      rmSync(temporary, { force: true })
    } catch {
      // Nothing can be written there; nothing was.
    }
  }
}
