import { Readable } from 'node:stream'

/** The bytes of a package as they were decoded, not joined. */
export class PackageBytes {
  readonly chunks: readonly Buffer[]
  readonly bytes: number

  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks
    this.bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  stream(): Readable {
    return Readable.from(this.chunks, { objectMode: false })
  }
}
