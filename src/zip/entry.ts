import { creators, fileTypes, flags } from './format.ts'

/** One file, folder or link of an archive, as the central directory tells it. */
export interface Entry {
  /** Position in the central directory, from 0. */
  readonly index: number
  /** Decoded: UTF-8 when flagged or when a Unix tool wrote valid UTF-8, else CP437; never changed otherwise (folders end in `/`). */
  readonly name: string
  /** The name's bytes as they stand in the archive. */
  readonly rawName: Uint8Array
  /** 0 stored, 8 deflate, see `methods`. */
  readonly method: number
  /** General purpose bit flags. */
  readonly flags: number
  readonly crc32: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  /** Host of `version made by`: 3 is Unix. */
  readonly creator: number
  readonly externalAttributes: number
  /** Absolute position in the file, data in front of the archive included. */
  readonly localHeaderOffset: number
  /** Absolute position of the compressed bytes; -1 when the local header is missing or was not looked at. */
  readonly dataOffset: number
  /** DOS date and time, `date << 16 | time`. */
  readonly dosTime: number
  /** Bytes of extra fields in the central directory. */
  readonly extraBytes: number
}

/** An entry while it is being read. */
export type EntryDraft = { -readonly [Key in keyof Entry]: Entry[Key] }

/** Whether the entry is a folder: its name ends in `/`. */
export function isDirectory(entry: Pick<Entry, 'name'>): boolean {
  return entry.name.endsWith('/')
}

/** The full Unix mode with its file type, or 0 when the creator stored none. */
export function unixMode(entry: Pick<Entry, 'creator' | 'externalAttributes'>): number {
  return entry.creator === creators.unix || entry.creator === creators.macos ? entry.externalAttributes >>> 16 : 0
}

/** Whether the entry is a symbolic link; its data is the link's target. */
export function isSymbolicLink(entry: Pick<Entry, 'name' | 'creator' | 'externalAttributes'>): boolean {
  return (unixMode(entry) & fileTypes.mask) === fileTypes.symbolicLink && !isDirectory(entry)
}

/** Whether the archive itself says who may read the entry. Archives made on Windows do not. */
export function hasPermissions(entry: Pick<Entry, 'creator' | 'externalAttributes'>): boolean {
  return (unixMode(entry) & 0o777) !== 0
}

/**
 * The permission bits the entry has once Lambda unpacked it: the zip's own, else 0755 for folders and 0644 for files.
 * Source: measured as an unprivileged user and public issue threads about 0640 and 0600 packages; the default for
 * archives without Unix bits is what every zip made on Windows relies on.
 */
export function permissionsOf(entry: Pick<Entry, 'name' | 'creator' | 'externalAttributes'>): number {
  const bits = unixMode(entry) & 0o777
  if (bits !== 0) return bits
  return isDirectory(entry) ? 0o755 : 0o644
}

export function isEncrypted(entry: Pick<Entry, 'flags'>): boolean {
  return (entry.flags & (flags.encrypted | flags.strongEncryption | flags.maskedHeaders)) !== 0
}
