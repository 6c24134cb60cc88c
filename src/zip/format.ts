/**
 * The zip format's numbers, by the names and section numbers of APPNOTE.TXT 6.3.10.
 */

/** `PK\x03\x04` (4.3.7) */
export const localFileHeaderSignature = 0x04034b50
/** `PK\x01\x02` (4.3.12) */
export const centralDirectorySignature = 0x02014b50
/** `PK\x05\x06` (4.3.16) */
export const endOfCentralDirectorySignature = 0x06054b50
/** `PK\x06\x06` (4.3.14) */
export const zip64EndOfCentralDirectorySignature = 0x06064b50
/** `PK\x06\x07` (4.3.15) */
export const zip64LocatorSignature = 0x07064b50

/** Sizes of the records without their names, extra fields and comments, in bytes. */
export const localFileHeaderBytes = 30
export const centralDirectoryHeaderBytes = 46
export const endOfCentralDirectoryBytes = 22
export const zip64EndOfCentralDirectoryBytes = 56
export const zip64LocatorBytes = 20

/** Compression methods (4.4.5) that a zip may name; Lambda and every Python read the first two. */
export const methods = { stored: 0, deflate: 8, deflate64: 9, bzip2: 12, lzma: 14, zstandard: 93, xz: 95 } as const

/** Deflate packs at most 1032 to 1 (zlib's technical notes); what claims more has wrong sizes. */
export const highestDeflateRatio = 1032

const methodNames = new Map<number, string>(Object.entries(methods).map(([name, method]) => [method, name]))

/** @example methodName(12) // 'bzip2' */
export function methodName(method: number): string {
  return methodNames.get(method) ?? `method ${method}`
}

/** General purpose bit flags (4.4.4). */
export const flags = {
  encrypted: 1 << 0,
  /** Sizes and CRC stand behind the data; the central directory has them too. */
  dataDescriptor: 1 << 3,
  patchedData: 1 << 5,
  strongEncryption: 1 << 6,
  /** Name and comment are UTF-8. */
  utf8: 1 << 11,
  maskedHeaders: 1 << 13,
} as const

/** Hosts of `version made by` (4.4.2) whose external attributes carry Unix mode bits in the upper half. */
export const creators = { dos: 0, unix: 3, macos: 19 } as const

/** Extra field ids (4.5, 4.6.9). */
export const extraFields = { zip64: 0x0001, unicodePath: 0x7075 } as const

/** 1980-01-01 00:00:00, the first moment a zip can tell (4.4.6): what the writer gives every entry. */
export const fixedDosDate = 0x0021
export const fixedDosTime = 0

/** File types of a Unix mode. */
export const fileTypes = { mask: 0o170000, regular: 0o100000, directory: 0o040000, symbolicLink: 0o120000 } as const
