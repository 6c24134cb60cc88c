import { deflateRawSync, crc32 } from 'node:zlib'

/** A field of a zip that a test wants to be a certain way, however wrong. Everything not told is as an honest writer has it. */
export interface RawEntry {
  readonly name: string | Uint8Array
  readonly bytes?: string | Uint8Array
  readonly method?: number
  readonly flags?: number
  readonly creator?: number
  /** The full Unix mode; 0o100644 unless told. */
  readonly mode?: number
  /** What the directory says, if not the truth. */
  readonly directory?: RawFields
  /** What the local header says, if not what the directory says. */
  readonly local?: RawFields & { readonly signature?: number }
  readonly extra?: Uint8Array
  /** Sizes and checksum behind the data, zeros in the local header. */
  readonly dataDescriptor?: boolean
  /** Packed bytes to use instead of packing `bytes`. */
  readonly packed?: Uint8Array
  /** Position of the local header, if not the truth. */
  readonly offset?: number
  readonly encryptedBytes?: boolean
}

interface RawFields {
  readonly name?: string
  readonly method?: number
  readonly crc32?: number
  readonly compressedBytes?: number
  readonly uncompressedBytes?: number
}

export interface RawZip {
  readonly prefix?: Uint8Array
  /** Whether offsets count the prefix, as `zip -A` makes them. */
  readonly adjustOffsets?: boolean
  readonly comment?: string | Uint8Array
  readonly suffix?: Uint8Array
  readonly entryCount?: number
  readonly disk?: number
  readonly gap?: Uint8Array
}

/** Builds a zip byte by byte, honest unless told otherwise. */
export function rawZip(entries: readonly RawEntry[], options: RawZip = {}): Buffer {
  const prefix = Buffer.from(options.prefix ?? [])
  const base = options.adjustOffsets ? prefix.length : 0
  const parts: Buffer[] = []
  const headers: Buffer[] = []
  let position = base
  for (const entry of entries) {
    const made = rawEntry(entry, position)
    parts.push(made.local)
    headers.push(made.header)
    position += made.local.length
  }
  const directory = Buffer.concat(headers)
  const gap = Buffer.from(options.gap ?? [])
  const comment = Buffer.from(options.comment ?? '')
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(options.disk ?? 0, 4)
  end.writeUInt16LE(options.disk ?? 0, 6)
  end.writeUInt16LE(options.entryCount ?? entries.length, 8)
  end.writeUInt16LE(options.entryCount ?? entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(position, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([prefix, ...parts, directory, gap, end, comment, Buffer.from(options.suffix ?? [])])
}

function rawEntry(entry: RawEntry, position: number): { readonly local: Buffer; readonly header: Buffer } {
  const name = Buffer.from(entry.name)
  const bytes = Buffer.from(entry.bytes ?? '')
  const method = entry.method ?? 8
  const data = Buffer.from(entry.packed ?? (method === 8 ? deflateRawSync(bytes) : bytes))
  const extra = Buffer.from(entry.extra ?? [])
  const bits = (entry.flags ?? (isAscii(name) ? 0 : 0x800)) | (entry.dataDescriptor ? 8 : 0)
  const truth = { method, crc32: crc32(bytes), compressedBytes: data.length, uncompressedBytes: bytes.length }
  const directory = { ...truth, ...entry.directory }
  const zeros = entry.dataDescriptor ? { crc32: 0, compressedBytes: 0, uncompressedBytes: 0 } : {}
  const local = { ...directory, ...zeros, ...entry.local }
  const localName = entry.local?.name === undefined ? name : Buffer.from(entry.local.name)

  const localHeader = Buffer.alloc(30)
  localHeader.writeUInt32LE(entry.local?.signature ?? 0x04034b50, 0)
  localHeader.writeUInt16LE(20, 4)
  common(localHeader, 6, bits, local)
  localHeader.writeUInt16LE(localName.length, 26)
  localHeader.writeUInt16LE(extra.length, 28)
  const descriptor = Buffer.alloc(entry.dataDescriptor ? 16 : 0)
  if (entry.dataDescriptor) {
    descriptor.writeUInt32LE(0x08074b50, 0)
    descriptor.writeUInt32LE(truth.crc32, 4)
    descriptor.writeUInt32LE(truth.compressedBytes, 8)
    descriptor.writeUInt32LE(truth.uncompressedBytes, 12)
  }

  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(((entry.creator ?? 3) << 8) | 20, 4)
  header.writeUInt16LE(20, 6)
  common(header, 8, bits, directory)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE((((entry.mode ?? 0o100644) & 0xffff) << 16) >>> 0, 38)
  header.writeUInt32LE(entry.offset ?? position, 42)
  return {
    local: Buffer.concat([localHeader, localName, extra, data, descriptor]),
    header: Buffer.concat([header, name, extra]),
  }
}

function common(into: Buffer, at: number, bits: number, fields: Required<Omit<RawFields, 'name'>>): void {
  into.writeUInt16LE(bits, at)
  into.writeUInt16LE(fields.method, at + 2)
  into.writeUInt16LE(0x6000, at + 4)
  into.writeUInt16LE(0x5b76, at + 6)
  into.writeUInt32LE(fields.crc32 >>> 0, at + 8)
  into.writeUInt32LE(fields.compressedBytes, at + 12)
  into.writeUInt32LE(fields.uncompressedBytes, at + 16)
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80)
}
