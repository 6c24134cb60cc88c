import { readFileSync } from 'node:fs'
import { readEntry, unpack } from '../../zip/entry-data.ts'
import { openFileSource } from '../../zip/source.ts'
import type { LayoutFile } from './layout.ts'

/** The bytes of a file of the package, wherever they come from. */
export function contentOf({ path, source }: Pick<LayoutFile, 'path' | 'source'>): Buffer {
  if ('bytes' in source) return Buffer.from(source.bytes)
  if ('file' in source) return readFileSync(source.file)
  if ('packed' in source) {
    const { data, ...numbers } = source.packed
    const packed = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    return unpack(packed, { ...numbers, name: path, compressedBytes: packed.length, dataOffset: 0 }, path)
  }
  const archive = openFileSource(source.archive)
  try {
    return readEntry(archive, source.entry, source.archive)
  } finally {
    archive.close()
  }
}
