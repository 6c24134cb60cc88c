import type { EntryDraft } from './entry.ts'

/**
 * An entry as the reader makes it. The bytes of its name are cut out of the directory when somebody asks: ten thousand views of a
 * buffer take longer to make than the directory takes to read.
 */
export class DirectoryEntry implements EntryDraft {
  readonly index: number
  readonly name: string
  method = 0
  flags = 0
  crc32 = 0
  compressedBytes = 0
  uncompressedBytes = 0
  creator = 0
  externalAttributes = 0
  localHeaderOffset = 0
  dataOffset = -1
  dosTime = 0
  extraBytes = 0
  /** Length of the name in the archive, in bytes. */
  readonly rawNameBytes: number
  readonly #directory: Buffer
  readonly #nameAt: number

  constructor(index: number, name: string, directory: Buffer, nameAt: number, rawNameBytes: number) {
    this.index = index
    this.name = name
    this.rawNameBytes = rawNameBytes
    this.#directory = directory
    this.#nameAt = nameAt
  }

  get rawName(): Buffer {
    return this.#directory.subarray(this.#nameAt, this.#nameAt + this.rawNameBytes)
  }

  /** Whether the very bytes of its name stand at `at`. */
  isNamedAt(bytes: Uint8Array, at: number): boolean {
    const directory = this.#directory
    const nameAt = this.#nameAt
    if (at + this.rawNameBytes > bytes.length) return false
    for (let index = 0; index < this.rawNameBytes; index++)
      if (bytes[at + index] !== directory[nameAt + index]) return false
    return true
  }
}
