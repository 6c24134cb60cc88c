import { readFileSync } from 'node:fs'
import { digestToBase64, type Digest } from '../base/digest.ts'
import { pack, type PackedData } from './deflate.ts'
import { copyEntry } from './copy-entry.ts'
import { copyRun } from './copy-run.ts'
import { DigestThread } from './digest-thread.ts'
import { entryTooLarge } from './errors.ts'
import { centralDirectoryHeaderBytes, localFileHeaderBytes } from './format.ts'
import {
  endRecords,
  headerTarget,
  writeDirectoryHeader,
  writeLocalHeader,
  type HeaderTarget,
  type WrittenHeader,
} from './headers.ts'
import { OpenArchives } from './open-archives.ts'
import { orderParts, type SplicePart } from './order-parts.ts'
import { OutputFile } from './output-file.ts'
import { largestEntryBytes, type SpliceableEntry, type SpliceEntry } from './plan.ts'
import type { Stretch } from './strip.ts'

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

export interface SpliceOptions {
  /** Wait until the disk has the file before it takes its place. */
  readonly durable?: boolean | undefined
  /** Gives up when aborted; nothing is left then. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes an archive from entries of other archives without unpacking them: wheels are zips and a package is a zip.
 *
 * The bytes depend on the entries alone: sorted by path, fixed time, no folder entries, no extra fields, no descriptors. Whether an entry
 * comes singly or in a stretch of a wheel's index decides nothing but the time it takes.
 * Throws `duplicatePath`, `unsafePath`, `spliceSourceChanged`, `entryNotReadable`, `outputNotWritable`; then nothing is left at `path`
 * but what was there before.
 * @example await splice([{ path: 'app.py', mode: 0o644, source: { bytes } }], 'dist/app.zip')
 */
export async function splice(plan: readonly SplicePart[], path: string, options: SpliceOptions = {}): Promise<Archive> {
  return (await writeSplice(plan, path, options)).archive()
}

/** An archive in its place. Either of the two is to be called, once. */
export interface WrittenArchive extends Pick<Archive, 'path' | 'bytes' | 'entries' | 'unzippedBytes'> {
  /** Waits for the digest. */
  archive(): Archive
  forget(): void
}

/**
 * As `splice`, for who has something to do before the digest is needed: a large archive is still being hashed when it is written, and with
 * `mayLag` the writing does not wait for that.
 */
export async function writeSplice(
  plan: readonly SplicePart[],
  path: string,
  options: SpliceOptions & { readonly mayLag?: boolean | undefined } = {},
): Promise<WrittenArchive> {
  const parts = orderParts(plan)
  const { entries, directoryBytes, dataBytes } = lengthsOf(parts)
  const sources = new OpenArchives()
  const output = new OutputFile(path, dataBytes, options.mayLag)
  const work = new Splice(output, sources, headerTarget(Buffer.allocUnsafeSlow(directoryBytes)))
  const breath = new Breath(output, options.signal)
  try {
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!
      if (!('strip' in part)) work.put(part, parts, index)
      else
        for (let next = part.from; next < part.to;) {
          next = work.putRun(part, next)
          if (breath.isDue) await breath.take()
        }
      if (breath.isDue) await breath.take()
    }
    const directoryOffset = output.position
    output.put(work.directory.bytes)
    output.put(endRecords(entries, directoryOffset, directoryBytes))
    const { bytes, digest, forget } = output.finish(options)
    const written = { path, bytes, entries, unzippedBytes: work.unzippedBytes }
    const archive = (): Archive => {
      const value = digest()
      return { ...written, digest: value, codeSha256: digestToBase64(value) }
    }
    return { ...written, archive, forget }
  } catch (error) {
    throw output.giveUp(error)
  } finally {
    sources.close()
  }
}

/** A package while it is written: its entries one after the other, and their directory. */
class Splice {
  readonly directory: HeaderTarget
  unzippedBytes = 0
  readonly #output: OutputFile
  readonly #sources: OpenArchives
  #directoryUsed = 0

  constructor(output: OutputFile, sources: OpenArchives, directory: HeaderTarget) {
    this.#output = output
    this.#sources = sources
    this.directory = directory
  }

  /** Puts a single entry. */
  put(entry: SpliceEntry, parts: readonly SplicePart[], index: number): void {
    const output = this.#output
    const { path: name, source } = entry
    const nameBytes = Buffer.byteLength(name)
    if (output.used + localFileHeaderBytes + nameBytes > output.buffer.length) output.flush()
    const offset = output.position
    const packed = 'archive' in source ? undefined : packedData(source)
    const header = headerOf(entry, packed)
    output.used = writeLocalHeader(output.target, output.used, header, name, nameBytes)
    this.#directoryUsed = writeDirectoryHeader(this.directory, this.#directoryUsed, header, name, nameBytes, offset)
    this.unzippedBytes += header.uncompressedBytes
    if (packed) output.put(packed.data)
    else if ('archive' in source) copyEntry(this.#sources, source.archive, source.entry, output, parts, index)
    if (output.position > largestEntryBytes) throw entryTooLarge({ path: name, bytes: output.position })
  }

  /** Puts entries of a stretch from `from` on, as many as can be copied at once; returns the index behind them. */
  putRun(stretch: Stretch, from: number): number {
    const { strip, archive } = stretch
    const next = copyRun(stretch, from, this.#sources.open(archive), this.#output, this.directory, this.#directoryUsed)
    this.#directoryUsed += strip.recordStart(next) - strip.recordStart(from)
    const { uncompressedBytes } = strip.columns
    for (let index = from; index < next; index++) this.unzippedBytes += uncompressedBytes[index]!
    if (this.#output.position > largestEntryBytes)
      throw entryTooLarge({ path: strip.path(next - 1), bytes: this.#output.position })
    return next
  }
}

/** So often the event loop gets a turn: Ctrl-C and timers are heard in the middle of a large package. */
const breathBytes = 16 * 1024 * 1024

class Breath {
  readonly #output: OutputFile
  readonly #signal: AbortSignal | undefined
  #takenAt = 0

  constructor(output: OutputFile, signal: AbortSignal | undefined) {
    this.#output = output
    this.#signal = signal
  }

  get isDue(): boolean {
    return this.#output.flushed - this.#takenAt > breathBytes
  }

  async take(): Promise<void> {
    this.#takenAt = this.#output.flushed
    await new Promise(setImmediate)
    this.#signal?.throwIfAborted()
  }
}

/** How many entries there are, the length of their directory, and of what is copied from other archives. */
function lengthsOf(parts: readonly SplicePart[]) {
  const lengths = { entries: 0, directoryBytes: 0, dataBytes: 0 }
  for (const part of parts) {
    if ('strip' in part) {
      const { strip, from, to } = part
      lengths.entries += to - from
      lengths.directoryBytes += strip.recordStart(to) - strip.recordStart(from)
      for (let index = from; index < to; index++) lengths.dataBytes += strip.columns.compressedBytes[index]!
      continue
    }
    lengths.entries += 1
    lengths.directoryBytes += centralDirectoryHeaderBytes + Buffer.byteLength(part.path)
    if ('archive' in part.source) lengths.dataBytes += part.source.entry.compressedBytes
  }
  return lengths
}

/** Starts what a large splice needs while its plan is still made: the thread that hashes takes some 25 ms to be there. */
export function prepareSplice(): void {
  DigestThread.start()
}

/** Ends that thread: it goes while other things are done, instead of when the process waits for it. */
export function endSplice(): void {
  DigestThread.end()
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
