import { crc32 } from './crc32.ts'
import { nameHazards } from './entry-name.ts'
import { isEncrypted, permissionsOf, type Entry } from './entry.ts'
import { indexDamaged } from './errors.ts'
import { centralDirectoryHeaderBytes, localFileHeaderBytes, methods } from './format.ts'
import { headerTarget, writeDirectoryHeader } from './headers.ts'
import { compareUtf8, largestEntryBytes, type SpliceableEntry } from './plan.ts'
import type { Listing } from './reader.ts'
import { mark, Strip } from './strip.ts'

/**
 * What a splice needs to know of a wheel, written once when the wheel enters the cache: reading it is several times faster
 * than reading the central directory and every local header again.
 */
export interface WheelIndex {
  /** Length of the wheel it was made from, to notice a wheel that changed. */
  readonly archiveBytes: number
  /** In the order of the wheel's directory, folders left out. */
  readonly entries: readonly IndexedEntry[]
  /**
   * The same entries as a package has them: by path, mode 0755 where the wheel says that a file is executable and 0644 elsewhere.
   * Undefined for a wheel with paths, methods or sizes that no package can take as they are.
   */
  readonly strip: Strip | undefined
}

export interface IndexedEntry extends SpliceableEntry {
  /** Permission bits of the zip, defaults applied. */
  readonly mode: number
}

const magic = 0x3258495a // "ZIX2"
const fixedBytes = 32
const bytesPerEntry = 8 + 5 * 4 + 2 + 1 + 1

/** Makes the index of a listed wheel, folders left out. `size` is the wheel's length. */
export function encodeWheelIndex(wheel: Pick<Listing, 'size' | 'entries' | 'hazards'>): Uint8Array {
  const listed = wheel.entries.filter((entry) => !entry.name.endsWith('/'))
  const positions = new Map(listed.map((entry, position) => [entry, position]))
  const sorted = [...listed].sort((a, b) => compareUtf8(a.name, b.name))
  const isStrip = wheel.size <= 0xffff_ffff && sorted.every(isReady)
  const entries = isStrip ? sorted : listed
  const names = Buffer.from(entries.map((entry) => entry.name).join('\0'), 'utf8')
  const count = entries.length
  const records = isStrip && count > 0 ? names.length + 1 + count * (centralDirectoryHeaderBytes - 1) : 0
  const bytes = new ArrayBuffer(fixedBytes + count * bytesPerEntry + names.length + records)
  const columns = columnsOf(bytes, count)
  const directory = headerTarget(Buffer.from(bytes, bytes.byteLength - records))
  const areNamesTrue = !wheel.hazards.some(({ code }) => code === 'local-name')
  let end = 0
  entries.forEach((entry, index) => {
    columns.dataOffset[index] = entry.dataOffset
    columns.crc32[index] = entry.crc32
    columns.compressedBytes[index] = entry.compressedBytes
    columns.uncompressedBytes[index] = entry.uncompressedBytes
    columns.position[index] = positions.get(entry)!
    columns.mode[index] = permissionsOf(entry)
    columns.method[index] = entry.method
    if (!isStrip) return
    const nameBytes = Buffer.byteLength(entry.name)
    const mode = (permissionsOf(entry) & 0o111) === 0 ? 0o644 : 0o755
    end = writeDirectoryHeader(directory, end, { ...numbersOf(entry), mode }, entry.name, nameBytes, 0)
    columns.recordEnd[index] = end
    const isJoined = index > 0 && areNamesTrue && isBehind(entry, entries[index - 1]!)
    columns.marks[index] = (isJoined ? mark.joined : 0) | (nameBytes === entry.name.length ? 0 : mark.unicode)
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

const numbersOf = ({ method, crc32: checksum, compressedBytes, uncompressedBytes }: Entry) => ({
  method,
  crc32: checksum,
  compressedBytes,
  uncompressedBytes,
})

/** Whether an entry can stand in a package as it is, and comes behind the one before it. */
function isReady(entry: Entry, index: number, sorted: readonly Entry[]): boolean {
  return (
    (index === 0 || sorted[index - 1]!.name !== entry.name) &&
    nameHazards(entry.name).every((code) => code === 'name-not-nfc') &&
    (entry.method === methods.deflate || entry.method === methods.stored) &&
    !isEncrypted(entry) &&
    entry.dataOffset > 0 &&
    Math.max(entry.compressedBytes, entry.uncompressedBytes) <= largestEntryBytes
  )
}

function isBehind(entry: Entry, before: Entry): boolean {
  const gapBytes = entry.dataOffset - (before.dataOffset + before.compressedBytes)
  return gapBytes === localFileHeaderBytes + entry.rawName.length && Buffer.from(entry.name).equals(entry.rawName)
}

/** Reads an index back; throws `indexDamaged` when its bytes are not what was written. */
export function decodeWheelIndex(file: Uint8Array): WheelIndex {
  if (file.length < fixedBytes) throw indexDamaged({ because: 'it is cut short' })
  const head = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (head.getUint32(0, true) !== magic) throw indexDamaged({ because: 'it is of another version' })
  const count = head.getUint32(4, true)
  const namesBytes = head.getUint32(16, true)
  const namesAt = fixedBytes + count * bytesPerEntry
  const recordsAt = namesAt + namesBytes
  if (file.length < recordsAt) throw indexDamaged({ because: 'it is cut short' })
  if (crc32(file.subarray(fixedBytes)) !== head.getUint32(20, true))
    throw indexDamaged({ because: 'its checksum is wrong' })
  // The columns need an aligned buffer of their own; `file` may be a slice of a pool.
  const aligned = file.byteOffset % 8 === 0 ? file : Uint8Array.from(file)
  const columns = columnsOf(aligned.buffer as ArrayBuffer, count, aligned.byteOffset)
  const directory = Buffer.from(file.buffer, file.byteOffset + recordsAt, file.length - recordsAt)
  if (directory.length !== 0 && directory.length !== columns.recordEnd[count - 1])
    throw indexDamaged({ because: 'its records do not match its count' })
  const names = Buffer.from(file.buffer, file.byteOffset + namesAt, namesBytes)
  return new StoredIndex(head.getFloat64(8, true), columns, names, directory)
}

class StoredIndex implements WheelIndex {
  readonly archiveBytes: number
  readonly strip: Strip | undefined
  readonly #names: Buffer
  readonly #columns: ReturnType<typeof columnsOf>
  #entries: readonly IndexedEntry[] | undefined

  constructor(archiveBytes: number, columns: ReturnType<typeof columnsOf>, names: Buffer, directory: Buffer) {
    this.archiveBytes = archiveBytes
    this.#columns = columns
    this.#names = names
    if (directory.length > 0)
      this.strip = new Strip(
        archiveBytes,
        { ...columns, dataOffset: new Uint32Array(columns.dataOffset) },
        directory,
        names,
      )
  }

  get entries(): readonly IndexedEntry[] {
    return (this.#entries ??= entriesOf(this.#columns, this.#names.toString('utf8')))
  }
}

function entriesOf(columns: ReturnType<typeof columnsOf>, text: string): readonly IndexedEntry[] {
  const count = columns.mode.length
  const names = count === 0 ? [] : text.split('\0')
  if (names.length !== count) throw indexDamaged({ because: 'its names do not match its count' })
  const entries: IndexedEntry[] = Array.from({ length: count })
  for (let index = 0; index < count; index++) {
    entries[columns.position[index]!] = {
      name: names[index]!,
      method: columns.method[index]!,
      crc32: columns.crc32[index]!,
      compressedBytes: columns.compressedBytes[index]!,
      uncompressedBytes: columns.uncompressedBytes[index]!,
      dataOffset: columns.dataOffset[index]!,
      mode: columns.mode[index]!,
    }
  }
  return entries
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
    /** Place in the wheel's own directory. */
    position: new Uint32Array(bytes, take(4), count),
    recordEnd: new Uint32Array(bytes, take(4), count),
    mode: new Uint16Array(bytes, take(2), count),
    method: new Uint8Array(bytes, take(1), count),
    marks: new Uint8Array(bytes, take(1), count),
  }
}
