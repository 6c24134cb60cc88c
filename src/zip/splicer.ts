import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { digestToBase64, type Digest } from '../base/digest.ts'
import { pack, type PackedData } from './deflate.ts'
import { DigestThread } from './digest-thread.ts'
import { entryNotReadable, entryTooLarge, spliceSourceChanged } from './errors.ts'
import { centralDirectoryHeaderBytes, localFileHeaderBytes, methods } from './format.ts'
import { endRecords, headerTarget, writeDirectoryHeader, writeLocalHeader, type WrittenHeader } from './headers.ts'
import { OutputFile, windowBytes } from './output-file.ts'
import { largestEntryBytes, orderEntries, type SpliceableEntry, type SpliceEntry } from './plan.ts'

/** A written archive. */
export interface Archive {
  readonly path: string
  /** Length of the file. */
  readonly bytes: number
  readonly digest: Digest
  /** The digest as Lambda's API prints it. */
  readonly codeSha256: string
  readonly entries: number
  /** Sum of the uncompressed sizes, what Lambda's 250 MB limit counts. */
  readonly unzippedBytes: number
}

/** So often the event loop gets a turn: Ctrl-C and timers are heard in the middle of a large package. */
const restEveryBytes = 16 * 1024 * 1024

export interface SpliceOptions {
  /** Wait until the disk has the file before it takes its place. */
  readonly durable?: boolean | undefined
  /** Gives up when aborted; nothing is left then. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes an archive from entries of other archives without unpacking them: wheels are zips and a package is a zip.
 *
 * The bytes depend on the entries alone: sorted by path, fixed time, no folder entries, no extra fields, no descriptors.
 * Throws `duplicatePath`, `unsafePath`, `spliceSourceChanged`, `entryNotReadable`, `outputNotWritable`; then nothing is left at `path`
 * but what was there before.
 * @example await splice([{ path: 'app.py', mode: 0o644, source: { bytes } }], 'dist/app.zip')
 */
export async function splice(
  plan: readonly SpliceEntry[],
  path: string,
  options: SpliceOptions = {},
): Promise<Archive> {
  const entries = orderEntries(plan)
  const { directoryBytes, dataBytes } = lengthsOf(entries)
  const directory = headerTarget(Buffer.allocUnsafeSlow(directoryBytes))
  const sources = new OpenArchives()
  const output = new OutputFile(path, dataBytes)
  let directoryUsed = 0
  let unzippedBytes = 0
  let rested = 0
  try {
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index]!
      const { path: name, source } = entry
      const nameBytes = Buffer.byteLength(name)
      if (output.used + localFileHeaderBytes + nameBytes > output.buffer.length) output.flush()
      const offset = output.position
      const packed = 'archive' in source ? undefined : packedData(source)
      const header = headerOf(entry, packed)
      output.used = writeLocalHeader(output.target, output.used, header, name, nameBytes)
      directoryUsed = writeDirectoryHeader(directory, directoryUsed, header, name, nameBytes, offset)
      unzippedBytes += header.uncompressedBytes
      if (packed) output.put(packed.data)
      else if ('archive' in source) copy(sources, source.archive, source.entry, output, entries, index)
      if (output.position > largestEntryBytes) throw entryTooLarge({ path: name, bytes: output.position })
      if (output.flushed - rested > restEveryBytes) {
        rested = output.flushed
        await new Promise(setImmediate)
        options.signal?.throwIfAborted()
      }
    }
    const directoryOffset = output.position
    output.put(directory.bytes)
    output.put(endRecords(entries.length, directoryOffset, directoryUsed))
    const { bytes, digest } = output.finish(options)
    return { path, bytes, digest, codeSha256: digestToBase64(digest), entries: entries.length, unzippedBytes }
  } catch (error) {
    throw output.giveUp(error)
  } finally {
    sources.close()
  }
}

/** Length of the central directory, and of what is copied from other archives. */
function lengthsOf(entries: readonly SpliceEntry[]): { readonly directoryBytes: number; readonly dataBytes: number } {
  let directoryBytes = 0
  let dataBytes = 0
  for (const { path, source } of entries) {
    directoryBytes += centralDirectoryHeaderBytes + Buffer.byteLength(path)
    if ('archive' in source) dataBytes += source.entry.compressedBytes
  }
  return { directoryBytes, dataBytes }
}

/** Starts what a large splice needs while its plan is still made: the thread that hashes takes some 25 ms to be there. */
export function prepareSplice(): void {
  DigestThread.start()
}

function packedData(source: Exclude<SpliceEntry['source'], { readonly archive: string }>): PackedData {
  if ('packed' in source) return source.packed
  return pack('bytes' in source ? source.bytes : readFileSync(source.file))
}

function headerOf(entry: SpliceEntry, packed: PackedData | undefined): WrittenHeader {
  const { mode, link } = entry
  if (packed) {
    const { method, crc32, uncompressedBytes, data } = packed
    return { method, crc32, compressedBytes: data.length, uncompressedBytes, mode, link }
  }
  const { method, crc32, compressedBytes, uncompressedBytes } = (entry.source as { entry: SpliceableEntry }).entry
  return { method, crc32, compressedBytes, uncompressedBytes, mode, link }
}

/** Reads an entry's compressed bytes straight into the output's buffer, small neighbours of one archive in one go. */
function copy(
  sources: OpenArchives,
  file: string,
  entry: SpliceableEntry,
  output: OutputFile,
  entries: readonly SpliceEntry[],
  index: number,
): void {
  const { name, method, compressedBytes, dataOffset } = entry
  if (method !== methods.deflate && method !== methods.stored) throw entryNotReadable({ file, name, method })
  const source = sources.open(file)
  const end = dataOffset + compressedBytes
  if (dataOffset < 0 || end > source.size)
    throw spliceSourceChanged({
      file,
      name,
      because: `it should lie at ${dataOffset}, the file has ${source.size} bytes`,
    })
  const isWhole =
    compressedBytes <= smallBytes
      ? output.copySmall(file, source.descriptor, dataOffset, compressedBytes, () =>
          runEnd(entries, index, file, dataOffset, end),
        )
      : output.copyFrom(source.descriptor, dataOffset, compressedBytes)
  if (!isWhole) throw spliceSourceChanged({ file, name, because: 'the file ends in the middle of it' })
}

/** Entries up to this size are read together with their neighbours: a read costs as much as copying so many bytes. */
const smallBytes = 16 * 1024
/** Between two entries' data lies the second one's header; more than this is something else. */
const widestGapBytes = 1024

/** How far small entries of the same archive follow one another from here on, as wheels and packages are sorted alike. */
function runEnd(entries: readonly SpliceEntry[], index: number, file: string, start: number, from: number): number {
  let end = from
  for (let next = index + 1; next < entries.length; next++) {
    const { source } = entries[next]!
    if (!('archive' in source) || source.archive !== file) break
    const { dataOffset, compressedBytes } = source.entry
    if (dataOffset < end || dataOffset - end > widestGapBytes || compressedBytes > smallBytes) break
    if (dataOffset + compressedBytes - start > windowBytes) break
    end = dataOffset + compressedBytes
  }
  return end
}

/** Archives opened once and kept; the one opened first makes room when there are many. */
class OpenArchives {
  static readonly #most = 200
  readonly #open = new Map<string, { readonly descriptor: number; readonly size: number }>()

  open(file: string): { readonly descriptor: number; readonly size: number } {
    const known = this.#open.get(file)
    if (known) return known
    if (this.#open.size >= OpenArchives.#most) {
      const [oldest, { descriptor }] = this.#open.entries().next().value!
      closeSync(descriptor)
      this.#open.delete(oldest)
    }
    const descriptor = openSync(file, 'r')
    const opened = { descriptor, size: fstatSync(descriptor).size }
    this.#open.set(file, opened)
    return opened
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) closeSync(descriptor)
    this.#open.clear()
  }
}
