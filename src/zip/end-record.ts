import { notAZip } from './errors.ts'
import {
  centralDirectorySignature,
  endOfCentralDirectoryBytes,
  endOfCentralDirectorySignature,
  zip64EndOfCentralDirectoryBytes,
  zip64EndOfCentralDirectorySignature,
  zip64LocatorBytes,
  zip64LocatorSignature,
} from './format.ts'
import { hazard, type Hazard } from './hazard.ts'
import type { Reading } from './source.ts'

/** Where the central directory lies (APPNOTE 4.3.14 to 4.3.16). */
export interface EndRecord {
  /** Absolute position of the central directory. */
  readonly directoryOffset: number
  readonly directoryBytes: number
  /** What the record claims; hostile archives claim anything. */
  readonly entryCount: number
  /** Bytes in front of the archive that its own offsets do not count: self-extracting stubs, scripts. */
  readonly prefixBytes: number
  readonly comment: Uint8Array
  readonly isZip64: boolean
  readonly hazards: readonly Hazard[]
}

const longestComment = 0xffff

/** Finds the end record and with it the directory; throws `notAZip` when there is none to be found. */
export function* readEndRecord(file: string, size: number): Reading<EndRecord> {
  if (size < endOfCentralDirectoryBytes)
    throw notAZip({ file, because: size === 0 ? 'it is empty' : `it has only ${size} bytes` })
  const tailBytes = Math.min(size, endOfCentralDirectoryBytes + longestComment)
  const tailStart = size - tailBytes
  const tail = yield { position: tailStart, length: tailBytes }
  const candidates = findSignatures(tail)
  const exact = candidates.filter((at) => at + endOfCentralDirectoryBytes + tail.readUInt16LE(at + 20) === tail.length)
  const at = exact.at(-1) ?? candidates.at(-1)
  if (at === undefined) throw notAZip({ file, because: 'it has no end of central directory record' })

  const hazards: Hazard[] = []
  if (candidates.length > 1)
    hazards.push(hazard('ambiguous-end', `it has ${candidates.length} records that claim to be its end`))
  if (exact.length === 0)
    hazards.push(hazard('trailing-data', 'its comment does not reach exactly to the end of the file'))

  const end = {
    disk: tail.readUInt16LE(at + 4),
    directoryDisk: tail.readUInt16LE(at + 6),
    entriesHere: tail.readUInt16LE(at + 8),
    entries: tail.readUInt16LE(at + 10),
    directoryBytes: tail.readUInt32LE(at + 12),
    directoryOffset: tail.readUInt32LE(at + 16),
  }
  const comment = tail.subarray(
    at + endOfCentralDirectoryBytes,
    at + endOfCentralDirectoryBytes + tail.readUInt16LE(at + 20),
  )
  const position = tailStart + at
  const zip64 = yield* readZip64(file, position)
  if (zip64) hazards.push(hazard('zip64', 'it uses the zip64 form of the end record'), ...disagreements(end, zip64))
  if (end.disk !== end.directoryDisk || (end.disk !== 0 && end.disk !== 0xffff) || end.entriesHere !== end.entries)
    hazards.push(hazard('multi-disk', 'it is one disk of an archive that spans several'))

  const directoryBytes = zip64?.directoryBytes ?? end.directoryBytes
  const declaredOffset = zip64?.directoryOffset ?? end.directoryOffset
  const directoryEnd = zip64?.position ?? position
  const directoryOffset = directoryEnd - directoryBytes
  const entryCount = zip64?.entries ?? end.entries
  if (directoryOffset < 0 || directoryOffset < declaredOffset) {
    // Either cut in the middle, or a gap stands between the directory and its end record.
    const found = yield { position: declaredOffset, length: 4 }
    if (declaredOffset + directoryBytes <= directoryEnd && signs(found, entryCount)) {
      hazards.push(hazard('directory-gap', 'there are bytes between its list of files and its end record'))
      return {
        directoryOffset: declaredOffset,
        directoryBytes,
        entryCount,
        prefixBytes: 0,
        comment,
        isZip64: !!zip64,
        hazards,
      }
    }
    throw notAZip({ file, because: 'its central directory is missing, part of the file was cut out' })
  }
  const prefixBytes = directoryOffset - declaredOffset
  if (prefixBytes > 0) {
    const found = yield { position: directoryOffset, length: 4 }
    if (!signs(found, entryCount)) {
      const declared = yield { position: declaredOffset, length: 4 }
      if (!signs(declared, entryCount))
        throw notAZip({ file, because: 'its central directory is not where its end record says' })
      hazards.push(hazard('directory-gap', 'there are bytes between its list of files and its end record'))
      return {
        directoryOffset: declaredOffset,
        directoryBytes,
        entryCount,
        prefixBytes: 0,
        comment,
        isZip64: !!zip64,
        hazards,
      }
    }
    hazards.push(hazard('prepended-data', `${prefixBytes} bytes stand in front of it that its offsets do not count`))
  }
  return { directoryOffset, directoryBytes, entryCount, prefixBytes, comment, isZip64: !!zip64, hazards }
}

function signs(bytes: Buffer, entryCount: number): boolean {
  return entryCount === 0 || (bytes.length === 4 && bytes.readUInt32LE(0) === centralDirectorySignature)
}

function findSignatures(tail: Buffer): number[] {
  const found: number[] = []
  const signature = Buffer.alloc(4)
  signature.writeUInt32LE(endOfCentralDirectorySignature)
  for (let at = tail.indexOf(signature); at >= 0; at = tail.indexOf(signature, at + 1))
    if (at + endOfCentralDirectoryBytes <= tail.length) found.push(at)
  return found
}

interface Zip64End {
  readonly position: number
  readonly entries: number
  readonly directoryBytes: number
  readonly directoryOffset: number
}

function* readZip64(file: string, endPosition: number): Reading<Zip64End | undefined> {
  const locatorPosition = endPosition - zip64LocatorBytes
  if (locatorPosition < zip64EndOfCentralDirectoryBytes) return undefined
  const locator = yield { position: locatorPosition, length: zip64LocatorBytes }
  if (locator.readUInt32LE(0) !== zip64LocatorSignature) return undefined
  // The record stands right before the locator, also when data was prepended; its claimed offset is the second guess.
  const claimed = Number(locator.readBigUInt64LE(8))
  for (const position of [locatorPosition - zip64EndOfCentralDirectoryBytes, claimed]) {
    if (position + zip64EndOfCentralDirectoryBytes > locatorPosition) continue
    const record = yield { position, length: zip64EndOfCentralDirectoryBytes }
    if (record.readUInt32LE(0) !== zip64EndOfCentralDirectorySignature) continue
    return {
      position,
      entries: Number(record.readBigUInt64LE(32)),
      directoryBytes: Number(record.readBigUInt64LE(40)),
      directoryOffset: Number(record.readBigUInt64LE(48)),
    }
  }
  throw notAZip({ file, because: 'its zip64 end of central directory record is missing' })
}

function disagreements(
  end: { readonly entries: number; readonly directoryBytes: number; readonly directoryOffset: number },
  zip64: Zip64End,
): Hazard[] {
  const differs =
    (end.entries !== 0xffff && end.entries !== zip64.entries) ||
    (end.directoryBytes !== 0xffffffff && end.directoryBytes !== zip64.directoryBytes) ||
    (end.directoryOffset !== 0xffffffff && end.directoryOffset !== zip64.directoryOffset)
  return differs ? [hazard('zip64-disagrees', 'its zip64 end record contradicts its ordinary one')] : []
}
