import { duplicatePath, entryTooLarge, unsafePath } from './errors.ts'
import { nameHazards } from './entry-name.ts'
import type { PackedData } from './deflate.ts'

/** An entry of another archive that can be copied without unpacking it. Entries of a `Listing` and of a wheel index are such. */
export interface SpliceableEntry {
  readonly name: string
  readonly method: number
  readonly crc32: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  /** Absolute position of the compressed bytes in the archive. */
  readonly dataOffset: number
}

/** Where a file of the new archive comes from. */
export type SpliceSource =
  /** Copied compressed from an archive on disk. */
  | { readonly archive: string; readonly entry: SpliceableEntry }
  /** Packed by us. */
  | { readonly bytes: Uint8Array }
  /** Read from disk and packed by us. */
  | { readonly file: string }
  /** Packed earlier, for example by `pack`. */
  | { readonly packed: PackedData }

/** One file of the archive to be written. */
export interface SpliceEntry {
  /** Path from the archive's root, `/` between folders, no folder entries. */
  readonly path: string
  /** Permission bits: 0o644, or 0o755 for what is meant to be executed. */
  readonly mode: number
  readonly source: SpliceSource
  /** The entry is a symbolic link and its bytes are the target. */
  readonly link?: boolean | undefined
}

/** Largest file the plain zip form can tell, in bytes; far above what Lambda takes. */
export const largestEntryBytes = 0xffff_fffe

/**
 * The entries in the archive's order: by the UTF-8 bytes of their paths, so that neither locale nor file system decides.
 * Throws `duplicatePath` and `unsafePath`.
 */
export function orderEntries(entries: readonly SpliceEntry[]): readonly SpliceEntry[] {
  const ordered = sortByPath(entries)
  let previous: string | undefined
  for (const { path, source } of ordered) {
    if (path === previous) throw duplicatePath({ path })
    previous = path
    const hazards = nameHazards(path)
    if (hazards.length > 0 || path.endsWith('/')) {
      const problem = hazards.find((code) => code !== 'name-not-nfc')
      if (problem ?? path.endsWith('/')) throw unsafePath({ path, because: problem ?? 'it names a folder' })
    }
    if ('archive' in source && source.entry.uncompressedBytes > largestEntryBytes)
      throw entryTooLarge({ path, bytes: source.entry.uncompressedBytes })
  }
  return ordered
}

/**
 * By the order of UTF-16, which the engine's own sort of strings knows without a call per comparison; where surrogates are
 * involved it is not the order of UTF-8, and neither is it where a path occurs twice, which the caller refuses.
 */
function sortByPath(entries: readonly SpliceEntry[]): readonly SpliceEntry[] {
  const byPath = new Map<string, SpliceEntry>()
  for (const entry of entries) byPath.set(entry.path, entry)
  const paths = [...byPath.keys()]
  if (paths.length < entries.length || paths.some((path) => surrogates.test(path)))
    return [...entries].sort((a, b) => compareUtf8(a.path, b.path))
  // oxlint-disable-next-line unicorn/require-array-sort-compare -- see above
  return paths.sort().map((path) => byPath.get(path)!)
}

/** Compares by UTF-8 bytes. UTF-16 order, which is what `<` knows, differs from it only where surrogates are involved. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0
  const order = a < b ? -1 : 1
  return surrogates.test(a) || surrogates.test(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : order
}

const surrogates = /[\ud800-\udfff]/
