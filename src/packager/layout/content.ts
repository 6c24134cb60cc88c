import { readFileSync } from 'node:fs'
import { readEntry } from '../../zip/entry-data.ts'
import { openFileSource } from '../../zip/source.ts'
import type { LayoutFile } from './layout.ts'

/** The bytes of a file of the package, wherever they come from. */
export function contentOf({ path, source }: LayoutFile): Buffer {
  if ('bytes' in source) return Buffer.from(source.bytes)
  if ('file' in source) return readFileSync(source.file)
  if (!('archive' in source)) throw new Error(`the bytes of ${path} are known only compressed`)
  const archive = openFileSource(source.archive)
  try {
    return readEntry(archive, source.entry, source.archive)
  } finally {
    archive.close()
  }
}
