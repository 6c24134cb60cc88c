import { isEncrypted, type Entry, type EntryDraft } from './entry.ts'
import { flags, localFileHeaderBytes, localFileHeaderSignature } from './format.ts'
import { hazard, type Hazard } from './hazard.ts'
import type { Reading } from './source.ts'

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
  entries: readonly EntryDraft[],
  directoryOffset: number,
): Reading<readonly Hazard[]> {
  const hazards: Hazard[] = []
  const byOffset = [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset)
  let window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) }
  let previousEnd = 0
  let previous: Entry | undefined

  for (let position = 0; position < byOffset.length; position++) {
    const entry = byOffset[position]!
    const start = entry.localHeaderOffset
    const expected = localFileHeaderBytes + entry.rawName.length
    if (start + localFileHeaderBytes > directoryOffset) {
      hazards.push(hazard('out-of-bounds', `\`${entry.name}\` starts behind the end of the data`, entry.name))
      continue
    }
    if (start < window.start || start + expected > window.start + window.bytes.length) {
      const length = windowLength(byOffset, position, directoryOffset)
      window = { start, bytes: yield { position: start, length } }
    }
    const at = start - window.start
    const header = window.bytes
    if (at + localFileHeaderBytes > header.length || header.readUInt32LE(at) !== localFileHeaderSignature) {
      hazards.push(hazard('local-header', `\`${entry.name}\` has no header where the directory says`, entry.name))
      continue
    }
    const nameBytes = header.readUInt16LE(at + 26)
    const dataOffset = start + localFileHeaderBytes + nameBytes + header.readUInt16LE(at + 28)
    const end = dataOffset + entry.compressedBytes
    hazards.push(...disagreements(entry, header, at, nameBytes))
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

const headerEnd = (entry: Entry): number => entry.localHeaderOffset + localFileHeaderBytes + entry.rawName.length

/** From this header on, as far as the next headers follow closely. */
function windowLength(byOffset: readonly Entry[], from: number, directoryOffset: number): number {
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

function disagreements(entry: Entry, header: Buffer, at: number, nameBytes: number): readonly Hazard[] {
  const found: Hazard[] = []
  const nameAt = at + localFileHeaderBytes
  const nameEnd = Math.min(nameAt + entry.rawName.length, header.length)
  if (
    nameBytes !== entry.rawName.length ||
    header.compare(entry.rawName, 0, entry.rawName.length, nameAt, nameEnd) !== 0
  ) {
    const other = header.toString('utf8', nameAt, Math.min(nameAt + nameBytes, header.length))
    found.push(hazard('local-name', `\`${entry.name}\` is called \`${other}\` in its own header`, entry.name))
  }
  if (header.readUInt16LE(at + 8) !== entry.method)
    found.push(hazard('local-method', `\`${entry.name}\` has two different compression methods`, entry.name))
  const bits = header.readUInt16LE(at + 6)
  if (((bits ^ entry.flags) & flags.encrypted) !== 0)
    found.push(hazard('encrypted', `\`${entry.name}\` is encrypted in only one of its two headers`, entry.name))
  // With a descriptor the sizes here are 0, with zip64 they are in an extra field.
  if ((bits & flags.dataDescriptor) !== 0 || isEncrypted(entry)) return found
  const local = {
    crc: header.readUInt32LE(at + 14),
    compressed: header.readUInt32LE(at + 18),
    uncompressed: header.readUInt32LE(at + 22),
  }
  if (
    local.crc !== entry.crc32 ||
    differs(local.compressed, entry.compressedBytes) ||
    differs(local.uncompressed, entry.uncompressedBytes)
  )
    found.push(hazard('local-size', `\`${entry.name}\` has two different sizes or checksums`, entry.name))
  return found
}
