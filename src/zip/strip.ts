import { centralDirectoryHeaderBytes } from './format.ts'
import type { SpliceableEntry } from './plan.ts'

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

  constructor(archiveBytes: number, columns: StripColumns, directory: Buffer) {
    this.count = columns.marks.length
    this.archiveBytes = archiveBytes
    this.columns = columns
    this.directory = directory
  }

  /** Where the directory record of an entry starts; that of `count` is the end. */
  recordStart(index: number): number {
    return index === 0 ? 0 : this.columns.recordEnd[index - 1]!
  }

  path(index: number): string {
    const start = this.recordStart(index) + centralDirectoryHeaderBytes
    return this.directory.toString('utf8', start, this.columns.recordEnd[index])
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
