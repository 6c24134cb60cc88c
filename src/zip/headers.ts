import {
  centralDirectoryHeaderBytes,
  centralDirectorySignature,
  creators,
  endOfCentralDirectoryBytes,
  endOfCentralDirectorySignature,
  fileTypes,
  fixedDosDate,
  fixedDosTime,
  flags,
  localFileHeaderBytes,
  localFileHeaderSignature,
  zip64EndOfCentralDirectoryBytes,
  zip64EndOfCentralDirectorySignature,
  zip64LocatorBytes,
  zip64LocatorSignature,
} from './format.ts'

/** What the writer records of an entry. Nothing of it comes from the host. */
export interface WrittenHeader {
  readonly method: number
  readonly crc32: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  /** Permission bits, 0o644 or 0o755; with `link` the entry is a symbolic link. */
  readonly mode: number
  readonly link?: boolean | undefined
}

/** 2.0, what deflate and folders need (4.4.3). */
const versionNeeded = 20
const versionMadeBy = (creators.unix << 8) | 20

/** Writes a local file header with its name at `at`; returns the position behind it. */
export function writeLocalHeader(
  into: Buffer,
  at: number,
  header: WrittenHeader,
  name: string,
  nameBytes: number,
): number {
  into.writeUInt32LE(localFileHeaderSignature, at)
  into.writeUInt16LE(versionNeeded, at + 4)
  writeCommon(into, at + 6, header, name.length !== nameBytes)
  into.writeUInt16LE(nameBytes, at + 26)
  into.writeUInt16LE(0, at + 28)
  writeName(into, at + localFileHeaderBytes, name, nameBytes)
  return at + localFileHeaderBytes + nameBytes
}

/** Writes a central directory header with its name at `at`; returns the position behind it. */
export function writeDirectoryHeader(
  into: Buffer,
  at: number,
  header: WrittenHeader,
  name: string,
  nameBytes: number,
  localHeaderOffset: number,
): number {
  into.writeUInt32LE(centralDirectorySignature, at)
  into.writeUInt16LE(versionMadeBy, at + 4)
  into.writeUInt16LE(versionNeeded, at + 6)
  writeCommon(into, at + 8, header, name.length !== nameBytes)
  into.writeUInt16LE(nameBytes, at + 28)
  into.writeUInt32LE(0, at + 30) // no extra fields, no comment
  into.writeUInt32LE(0, at + 34) // disk 0, internal attributes
  const type = header.link ? fileTypes.symbolicLink : fileTypes.regular
  into.writeUInt32LE((((type | header.mode) & 0xffff) << 16) >>> 0, at + 38)
  into.writeUInt32LE(localHeaderOffset, at + 42)
  writeName(into, at + centralDirectoryHeaderBytes, name, nameBytes)
  return at + centralDirectoryHeaderBytes + nameBytes
}

/** The end of the archive; in zip64 form only from 65,535 entries on, where the plain form has no number left. */
export function endRecords(entryCount: number, directoryOffset: number, directoryBytes: number): Buffer {
  const isZip64 = entryCount >= 0xffff
  const zip64Bytes = isZip64 ? zip64EndOfCentralDirectoryBytes + zip64LocatorBytes : 0
  const bytes = Buffer.alloc(zip64Bytes + endOfCentralDirectoryBytes)
  if (isZip64) {
    bytes.writeUInt32LE(zip64EndOfCentralDirectorySignature, 0)
    bytes.writeBigUInt64LE(BigInt(zip64EndOfCentralDirectoryBytes - 12), 4)
    bytes.writeUInt16LE((creators.unix << 8) | 45, 12)
    bytes.writeUInt16LE(45, 14)
    bytes.writeBigUInt64LE(BigInt(entryCount), 24)
    bytes.writeBigUInt64LE(BigInt(entryCount), 32)
    bytes.writeBigUInt64LE(BigInt(directoryBytes), 40)
    bytes.writeBigUInt64LE(BigInt(directoryOffset), 48)
    const locator = zip64EndOfCentralDirectoryBytes
    bytes.writeUInt32LE(zip64LocatorSignature, locator)
    bytes.writeBigUInt64LE(BigInt(directoryOffset + directoryBytes), locator + 8)
    bytes.writeUInt32LE(1, locator + 16)
  }
  bytes.writeUInt32LE(endOfCentralDirectorySignature, zip64Bytes)
  bytes.writeUInt16LE(Math.min(entryCount, 0xffff), zip64Bytes + 8)
  bytes.writeUInt16LE(Math.min(entryCount, 0xffff), zip64Bytes + 10)
  bytes.writeUInt32LE(directoryBytes, zip64Bytes + 12)
  bytes.writeUInt32LE(directoryOffset, zip64Bytes + 16)
  return bytes
}

/** Flags to uncompressed size: the eleven fields that both headers share, in their order. */
function writeCommon(into: Buffer, at: number, header: WrittenHeader, isUnicode: boolean): void {
  into.writeUInt16LE(isUnicode ? flags.utf8 : 0, at)
  into.writeUInt16LE(header.method, at + 2)
  into.writeUInt16LE(fixedDosTime, at + 4)
  into.writeUInt16LE(fixedDosDate, at + 6)
  into.writeUInt32LE(header.crc32, at + 8)
  into.writeUInt32LE(header.compressedBytes, at + 12)
  into.writeUInt32LE(header.uncompressedBytes, at + 16)
}

/** Most names are short ASCII, where a loop beats the call into the encoder. */
function writeName(into: Buffer, at: number, name: string, nameBytes: number): void {
  if (nameBytes !== name.length) into.write(name, at, nameBytes, 'utf8')
  else if (nameBytes > 48) into.write(name, at, nameBytes, 'latin1')
  else for (let index = 0; index < nameBytes; index++) into[at + index] = name.charCodeAt(index)
}
