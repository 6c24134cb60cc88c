import type { DirectoryEntry } from './directory-entry.ts'
import { isEncrypted, type Entry } from './entry.ts'
import { flags, localFileHeaderBytes, localFileHeaderSignature } from './format.ts'
import { hazard, type Hazard } from './hazard.ts'
import type { Reading, SyncZipSource } from './source.ts'

/** Headers closer together than this are read in one go. */
const gapBytes = 16 * 1024
const windowBytes = 1024 * 1024

/**
 * Checks every local header (APPNOTE 4.3.7) against the directory and finds where the data starts.
 *
 * Readers that trust local headers and readers that trust the directory see two different archives when they disagree; that
 * is how a package passes a check and unpacks to something else. Sets `dataOffset` of the entries.
 */
export function* compareLocalHeaders(
  entries: readonly DirectoryEntry[],
  directoryOffset: number,
): Reading<readonly Hazard[]> {
  const hazards: Hazard[] = []
  const byOffset = [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset)
  let window = windowOf(0, Buffer.alloc(0))
  let previousEnd = 0
  let previous: DirectoryEntry | undefined

  for (let position = 0; position < byOffset.length; position++) {
    const entry = byOffset[position]!
    const start = entry.localHeaderOffset
    const expected = localFileHeaderBytes + entry.rawNameBytes
    if (start + localFileHeaderBytes > directoryOffset) {
      hazards.push(hazard('out-of-bounds', `\`${entry.name}\` starts behind the end of the data`, entry.name))
      continue
    }
    if (start < window.start || start + expected > window.start + window.bytes.length) {
      const length = windowLength(byOffset, position, directoryOffset)
      window = windowOf(start, yield { position: start, length })
    }
    const at = start - window.start
    const { view } = window
    if (at + localFileHeaderBytes > view.byteLength || view.getUint32(at, true) !== localFileHeaderSignature) {
      hazards.push(hazard('local-header', `\`${entry.name}\` has no header where the directory says`, entry.name))
      continue
    }
    const dataOffset = start + localFileHeaderBytes + view.getUint16(at + 26, true) + view.getUint16(at + 28, true)
    const end = dataOffset + entry.compressedBytes
    addDisagreements(entry, window, at, hazards)
    if (end > directoryOffset)
      hazards.push(hazard('out-of-bounds', `\`${entry.name}\` reaches behind the end of the data`, entry.name))
    if (previous && start < previousEnd)
      hazards.push(hazard('overlap', `\`${entry.name}\` and \`${previous.name}\` share bytes`, entry.name))
    if (end > previousEnd) {
      previousEnd = end
      previous = entry
    }
    entry.dataOffset = dataOffset
  }
  return hazards
}

/**
 * Where the data of one entry starts, for an archive whose local headers were not looked at; -1 when no header is there.
 * Reads one header.
 */
export function dataOffsetOf(source: SyncZipSource, entry: Pick<Entry, 'localHeaderOffset'>): number {
  const header = source.readSync(entry.localHeaderOffset, localFileHeaderBytes)
  if (header.length < localFileHeaderBytes || header.readUInt32LE(0) !== localFileHeaderSignature) return -1
  return entry.localHeaderOffset + localFileHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28)
}

/** A piece of the archive from `start` on. */
interface Window {
  readonly start: number
  readonly bytes: Buffer
  readonly view: DataView
}

function windowOf(start: number, bytes: Buffer): Window {
  return { start, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

const headerEnd = (entry: DirectoryEntry): number => entry.localHeaderOffset + localFileHeaderBytes + entry.rawNameBytes

/** From this header on, as far as the next headers follow closely. */
function windowLength(byOffset: readonly DirectoryEntry[], from: number, directoryOffset: number): number {
  const start = byOffset[from]!.localHeaderOffset
  let end = headerEnd(byOffset[from]!)
  for (let next = from + 1; next < byOffset.length; next++) {
    const entry = byOffset[next]!
    if (entry.localHeaderOffset > end + gapBytes || headerEnd(entry) - start > windowBytes) break
    end = Math.max(end, headerEnd(entry))
  }
  return Math.min(end, directoryOffset) - start
}

/** All ones is a field that moved to the zip64 extra field. */
const differs = (here: number, there: number): boolean => here !== there && here !== 0xffffffff

function addDisagreements(entry: DirectoryEntry, { bytes, view }: Window, at: number, found: Hazard[]): void {
  const nameBytes = view.getUint16(at + 26, true)
  const nameAt = at + localFileHeaderBytes
  if (nameBytes !== entry.rawNameBytes || !entry.isNamedAt(bytes, nameAt)) {
    const other = bytes.toString('utf8', nameAt, Math.min(nameAt + nameBytes, bytes.length))
    found.push(hazard('local-name', `\`${entry.name}\` is called \`${other}\` in its own header`, entry.name))
  }
  if (view.getUint16(at + 8, true) !== entry.method)
    found.push(hazard('local-method', `\`${entry.name}\` has two different compression methods`, entry.name))
  const bits = view.getUint16(at + 6, true)
  if (((bits ^ entry.flags) & flags.encrypted) !== 0)
    found.push(hazard('encrypted', `\`${entry.name}\` is encrypted in only one of its two headers`, entry.name))
  // With a descriptor the sizes here are 0, with zip64 they are in an extra field.
  if ((bits & flags.dataDescriptor) !== 0 || isEncrypted(entry)) return
  if (
    view.getUint32(at + 14, true) !== entry.crc32 ||
    differs(view.getUint32(at + 18, true), entry.compressedBytes) ||
    differs(view.getUint32(at + 22, true), entry.uncompressedBytes)
  )
    found.push(hazard('local-size', `\`${entry.name}\` has two different sizes or checksums`, entry.name))
}
