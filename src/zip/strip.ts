import { centralDirectoryHeaderBytes } from './format.ts'
import type { SpliceableEntry } from './plan.ts'

/** Where the external attributes stand in a directory record (APPNOTE 4.3.12); the Unix mode is their upper half. */
const externalAttributesAt = 38

/** Numbers of a strip's entries, one column for each; made once, by `encodeWheelIndex`. */
export interface StripColumns {
  readonly dataOffset: Uint32Array
  readonly crc32: Uint32Array
  readonly compressedBytes: Uint32Array
  readonly uncompressedBytes: Uint32Array
  /** Where each one's directory record ends in `directory`. */
  readonly recordEnd: Uint32Array
  readonly method: Uint8Array
  /** Bits of `mark`. */
  readonly marks: Uint8Array
}

export const mark = {
  /** The entry lies right behind the one before it, with room for exactly the header that we write, and its name is there already. */
  joined: 1,
  /** Its name is not ASCII. */
  unicode: 2,
} as const

/**
 * The entries of one archive in the order of a package's, with the records of their central directory ready but for the position.
 *
 * Ten thousand objects cost more to make, sort and ask than the bytes they stand for cost to copy, above all in a process that has just
 * started and interprets its code. A strip is read from the cache as it is, and whole stretches of it are copied.
 */
export class Strip {
  readonly count: number
  /** Length of the archive that the positions are of. */
  readonly archiveBytes: number
  readonly columns: StripColumns
  /** Directory records with their names, offsets left at 0. */
  readonly directory: Buffer
  readonly #names: Buffer
  #paths: readonly string[] | undefined

  /** `names` are the paths in UTF-8, each but the last with a zero byte behind it. */
  constructor(archiveBytes: number, columns: StripColumns, directory: Buffer, names: Buffer) {
    this.count = columns.marks.length
    this.archiveBytes = archiveBytes
    this.columns = columns
    this.directory = directory
    this.#names = names
  }

  /** All paths; together they cost a fraction of what `path` takes for each. */
  get paths(): readonly string[] {
    return (this.#paths ??= this.#names.toString('utf8').split('\0'))
  }

  /** Where the directory record of an entry starts; that of `count` is the end. */
  recordStart(index: number): number {
    return index === 0 ? 0 : this.columns.recordEnd[index - 1]!
  }

  /** The entry of this path, `undefined` when there is none. */
  indexOf(path: string): number | undefined {
    const key = Buffer.from(path)
    const index = this.firstNotBefore(key, 0, key.length, 0, this.count)
    return index < this.count && this.path(index) === path ? index : undefined
  }

  path(index: number): string {
    const start = this.recordStart(index) + centralDirectoryHeaderBytes
    return this.directory.toString('utf8', start, this.columns.recordEnd[index])
  }

  /** Whether an entry's path ends in these bytes. */
  endsIn(index: number, ending: Uint8Array): boolean {
    const end = this.columns.recordEnd[index]!
    for (let back = 1; back <= ending.length; back++)
      if (this.directory[end - back] !== ending[ending.length - back]) return false
    return true
  }

  /** Bytes of the paths of the entries `from` to `to`. */
  pathBytes(from: number, to: number): number {
    return this.recordStart(to) - this.recordStart(from) - (to - from) * centralDirectoryHeaderBytes
  }

  /** Permission bits in the package. */
  mode(index: number): number {
    const at = this.recordStart(index) + externalAttributesAt + 2
    return (this.directory[at]! | (this.directory[at + 1]! << 8)) & 0o777
  }

  entry(index: number): SpliceableEntry {
    const { columns } = this
    return {
      name: this.path(index),
      method: columns.method[index]!,
      crc32: columns.crc32[index]!,
      compressedBytes: columns.compressedBytes[index]!,
      uncompressedBytes: columns.uncompressedBytes[index]!,
      dataOffset: columns.dataOffset[index]!,
    }
  }

  /** The first of the entries `from` to `to` whose path is not before these bytes; `to` when all are. */
  firstNotBefore(path: Buffer, pathStart: number, pathEnd: number, from: number, to: number): number {
    let [low, high] = [from, to]
    // Mostly all of them are.
    if (low < high && this.#isBefore(high - 1, path, pathStart, pathEnd)) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBefore(middle, path, pathStart, pathEnd)) low = middle + 1
      else high = middle
    }
    return low
  }

  #isBefore(index: number, path: Buffer, pathStart: number, pathEnd: number): boolean {
    const start = this.recordStart(index) + centralDirectoryHeaderBytes
    return this.directory.compare(path, pathStart, pathEnd, start, this.columns.recordEnd[index]) < 0
  }
}

/** The entries `from` to `to` of a strip, `to` excluded, to be copied as they are. */
export interface Stretch {
  readonly strip: Strip
  /** Path of the archive. */
  readonly archive: string
  readonly from: number
  readonly to: number
}
