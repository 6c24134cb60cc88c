import { crc32 } from './crc32.ts'
import { permissionsOf, type Entry } from './entry.ts'
import { indexDamaged } from './errors.ts'
import type { SpliceableEntry } from './plan.ts'

/**
 * What a splice needs to know of a wheel, written once when the wheel enters the cache: reading it is several times faster
 * than reading the central directory and every local header again.
 */
export interface WheelIndex {
  /** Length of the wheel it was made from, to notice a wheel that changed. */
  readonly archiveBytes: number
  readonly entries: readonly IndexedEntry[]
}

export interface IndexedEntry extends SpliceableEntry {
  /** Permission bits of the zip, defaults applied. */
  readonly mode: number
}

const magic = 0x3158495a // "ZIX1"
const fixedBytes = 32
const bytesPerEntry = 8 + 4 + 4 + 4 + 2 + 1

/** Makes the index of a listed wheel, folders left out. `archiveBytes` is the wheel's length. */
export function encodeWheelIndex(wheel: { readonly size: number; readonly entries: readonly Entry[] }): Uint8Array {
  const entries = wheel.entries.filter((entry) => !entry.name.endsWith('/'))
  const names = Buffer.from(entries.map((entry) => entry.name).join('\0'), 'utf8')
  const count = entries.length
  const bytes = new ArrayBuffer(fixedBytes + count * bytesPerEntry + names.length)
  const columns = columnsOf(bytes, count)
  entries.forEach((entry, index) => {
    columns.dataOffset[index] = entry.dataOffset
    columns.crc32[index] = entry.crc32
    columns.compressedBytes[index] = entry.compressedBytes
    columns.uncompressedBytes[index] = entry.uncompressedBytes
    columns.mode[index] = permissionsOf(entry)
    columns.method[index] = entry.method
  })
  new Uint8Array(bytes, fixedBytes + count * bytesPerEntry).set(names)
  const head = new DataView(bytes)
  head.setUint32(0, magic, true)
  head.setUint32(4, count, true)
  head.setFloat64(8, wheel.size, true)
  head.setUint32(16, names.length, true)
  head.setUint32(20, crc32(new Uint8Array(bytes, fixedBytes)), true)
  return new Uint8Array(bytes)
}

/** Reads an index back; throws `indexDamaged` when its bytes are not what was written. */
export function decodeWheelIndex(file: Uint8Array): WheelIndex {
  if (file.length < fixedBytes) throw indexDamaged({ because: 'it is cut short' })
  const head = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (head.getUint32(0, true) !== magic) throw indexDamaged({ because: 'it is of another version' })
  const count = head.getUint32(4, true)
  const namesBytes = head.getUint32(16, true)
  const namesAt = fixedBytes + count * bytesPerEntry
  if (file.length !== namesAt + namesBytes) throw indexDamaged({ because: 'it is cut short' })
  if (crc32(file.subarray(fixedBytes)) !== head.getUint32(20, true))
    throw indexDamaged({ because: 'its checksum is wrong' })
  // The columns need an aligned buffer of their own; `file` may be a slice of a pool.
  const aligned = file.byteOffset % 8 === 0 ? file : Uint8Array.from(file)
  const columns = columnsOf(aligned.buffer as ArrayBuffer, count, aligned.byteOffset)
  const text = Buffer.from(file.buffer, file.byteOffset + namesAt, namesBytes).toString('utf8')
  const names = count === 0 ? [] : text.split('\0')
  if (names.length !== count) throw indexDamaged({ because: 'its names do not match its count' })
  const entries: IndexedEntry[] = Array.from({ length: count })
  for (let index = 0; index < count; index++) {
    entries[index] = {
      name: names[index]!,
      method: columns.method[index]!,
      crc32: columns.crc32[index]!,
      compressedBytes: columns.compressedBytes[index]!,
      uncompressedBytes: columns.uncompressedBytes[index]!,
      dataOffset: columns.dataOffset[index]!,
      mode: columns.mode[index]!,
    }
  }
  return { archiveBytes: head.getFloat64(8, true), entries }
}

/** Column by column, widest first, so that every column is aligned. */
function columnsOf(bytes: ArrayBuffer, count: number, start = 0) {
  let at = start + fixedBytes
  const take = (width: number): number => {
    at += width * count
    return at - width * count
  }
  return {
    dataOffset: new Float64Array(bytes, take(8), count),
    crc32: new Uint32Array(bytes, take(4), count),
    compressedBytes: new Uint32Array(bytes, take(4), count),
    uncompressedBytes: new Uint32Array(bytes, take(4), count),
    mode: new Uint16Array(bytes, take(2), count),
    method: new Uint8Array(bytes, take(1), count),
  }
}
