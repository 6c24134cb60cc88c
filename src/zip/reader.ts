import { readEndRecord } from './end-record.ts'
import type { Entry } from './entry.ts'
import { readDirectory } from './directory.ts'
import { compareLocalHeaders } from './local-headers.ts'
import type { Hazard } from './hazard.ts'
import {
  openFileSource,
  run,
  runSync,
  type FileSource,
  type Reading,
  type SyncZipSource,
  type ZipSource,
} from './source.ts'

/**
 * Reads what a zip archive holds (APPNOTE.TXT 6.3.10).
 *
 * Only the central directory is believed; local headers are checked against it, never searched for. Whatever is odd is
 * listed as a hazard; only a directory that cannot be found throws (`notAZip`).
 */
export interface Listing {
  /** What the archive is called in sentences. */
  readonly file: string
  /** Length of the archive in bytes. */
  readonly size: number
  /** In the order of the central directory. */
  readonly entries: readonly Entry[]
  readonly hazards: readonly Hazard[]
  /** Position where the archive's own offsets start; above 0 when data was prepended. */
  readonly prefixBytes: number
  readonly directoryOffset: number
  readonly comment: Uint8Array
  readonly isZip64: boolean
  /** Sum of the entries' uncompressed sizes: what Lambda's unzipped limit counts. */
  readonly unzippedBytes: number
}

export interface ReadOptions {
  /** What the archive is called in sentences; the path unless told. */
  readonly file?: string | undefined
  /** `skip` trusts the directory alone: no data offsets, no checks of the local headers. Default `check`. */
  readonly localHeaders?: 'check' | 'skip' | undefined
}

/** Lists an archive from any source. */
export function listArchive(source: ZipSource, options: ReadOptions = {}): Promise<Listing> {
  return run(readListing(source.size, options), source)
}

/** Lists an archive from a source that answers at once. */
export function listArchiveSync(source: SyncZipSource, options: ReadOptions = {}): Listing {
  return runSync(readListing(source.size, options), source)
}

/** Opens a file and lists it. The caller closes `source`. */
export function openArchive(
  path: string,
  options: ReadOptions = {},
): { readonly source: FileSource; readonly listing: Listing } {
  const source = openFileSource(path)
  try {
    return { source, listing: listArchiveSync(source, { file: path, ...options }) }
  } catch (error) {
    source.close()
    throw error
  }
}

function* readListing(size: number, options: ReadOptions): Reading<Listing> {
  const file = options.file ?? 'the archive'
  const end = yield* readEndRecord(file, size)
  const directory = yield* readDirectory(end)
  const disagreements =
    options.localHeaders === 'skip' ? [] : yield* compareLocalHeaders(directory.entries, end.directoryOffset)
  let unzippedBytes = 0
  for (const entry of directory.entries) unzippedBytes += entry.uncompressedBytes
  return {
    file,
    size,
    entries: directory.entries,
    hazards: [...end.hazards, ...directory.hazards, ...disagreements],
    prefixBytes: end.prefixBytes,
    directoryOffset: end.directoryOffset,
    comment: Buffer.from(end.comment),
    isZip64: end.isZip64,
    unzippedBytes,
  }
}
