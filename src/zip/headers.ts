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

/** Bytes to write headers into. Over the view a field costs a fraction of what a `Buffer`'s own methods take. */
export interface HeaderTarget {
  readonly bytes: Buffer
  readonly view: DataView
}

export function headerTarget(bytes: Buffer): HeaderTarget {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

/** Writes a local file header with its name at `at`; returns the position behind it. */
export function writeLocalHeader(
  { bytes, view }: HeaderTarget,
  at: number,
  { method, crc32, compressedBytes, uncompressedBytes }: WrittenHeader,
  name: string,
  nameBytes: number,
): number {
  writeLocalNumbers(view, at, method, name.length !== nameBytes, crc32, compressedBytes, uncompressedBytes, nameBytes)
  writeName(bytes, at + localFileHeaderBytes, name, nameBytes)
  return at + localFileHeaderBytes + nameBytes
}

/** Writes a local file header at `at` whose name stands there already. Numbers one by one: it is called for every file of a package. */
export function writeLocalNumbers(
  view: DataView,
  at: number,
  method: number,
  isUnicode: boolean,
  crc32: number,
  compressedBytes: number,
  uncompressedBytes: number,
  nameBytes: number,
): void {
  view.setUint32(at, localFileHeaderSignature, true)
  view.setUint16(at + 4, versionNeeded, true)
  view.setUint32(at + 6, (isUnicode ? flags.utf8 : 0) | (method << 16), true)
  view.setUint32(at + 10, fixedDosTime | (fixedDosDate << 16), true)
  view.setUint32(at + 14, crc32, true)
  view.setUint32(at + 18, compressedBytes, true)
  view.setUint32(at + 22, uncompressedBytes, true)
  view.setUint32(at + 26, nameBytes, true) // no extra fields
}

/** Writes a central directory header with its name at `at`; returns the position behind it. */
export function writeDirectoryHeader(
  { bytes, view }: HeaderTarget,
  at: number,
  header: WrittenHeader,
  name: string,
  nameBytes: number,
  localHeaderOffset: number,
): number {
  const type = header.link ? fileTypes.symbolicLink : fileTypes.regular
  view.setUint32(at, centralDirectorySignature, true)
  view.setUint32(at + 4, versionMadeBy | (versionNeeded << 16), true)
  view.setUint32(at + 8, (name.length === nameBytes ? 0 : flags.utf8) | (header.method << 16), true)
  view.setUint32(at + 12, fixedDosTime | (fixedDosDate << 16), true)
  view.setUint32(at + 16, header.crc32, true)
  view.setUint32(at + 20, header.compressedBytes, true)
  view.setUint32(at + 24, header.uncompressedBytes, true)
  view.setUint32(at + 28, nameBytes, true) // no extra fields
  view.setUint32(at + 32, 0, true) // no comment, disk 0
  view.setUint16(at + 36, 0, true) // internal attributes
  view.setUint32(at + 38, (type | header.mode) << 16, true)
  view.setUint32(at + 42, localHeaderOffset, true)
  writeName(bytes, at + centralDirectoryHeaderBytes, name, nameBytes)
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

function writeName(into: Buffer, at: number, name: string, nameBytes: number): void {
  into.write(name, at, nameBytes, nameBytes === name.length ? 'latin1' : 'utf8')
}
