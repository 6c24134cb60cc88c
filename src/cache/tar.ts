/** The tape archive format of POSIX (ustar), as far as an exported cache needs it: regular files with short names. */

const block = 512

/** The header of a regular file: mode 0644, no owner, no time. Names of up to 100 bytes. */
export function tarHeader(name: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(block)
  header.write(name, 0, 100, 'utf8')
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124)
  header.write(`${'0'.repeat(11)}\0`, 136)
  header.write('ustar\x0000', 257)
  header[156] = '0'.charCodeAt(0)
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** What fills up the last block of a file. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((block - (sizeBytes % block)) % block)
}

export interface TarMember {
  readonly name: string
  readonly sizeBytes: number
  /** Must be read to its end before the next member is asked for. */
  readonly content: AsyncIterable<Uint8Array>
}

/** Reads members one after another, whatever the size of the source's chunks. Anything but regular files is an error. */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  failure: (problem: string) => Error,
): AsyncGenerator<TarMember> {
  const reader = new ChunkReader(source)
  for (;;) {
    const header = await reader.exactly(block)
    if (!header) throw failure('it ends without an end mark')
    if (header.every((byte) => byte === 0)) return
    const stored = Number.parseInt(header.toString('latin1', 148, 156), 8)
    if (stored !== checksum(header)) throw failure('a header has a wrong checksum')
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '')
    const sizeText = header.toString('latin1', 124, 136).replace(/[\0 ].*$/s, '')
    if (!/^[0-7]+$/.test(sizeText) || !['0', '\0'].includes(String.fromCharCode(header[156]!))) {
      throw failure(`\`${name}\` is not a regular file`)
    }
    const sizeBytes = Number.parseInt(sizeText, 8)
    yield { name, sizeBytes, content: reader.upTo(sizeBytes, () => failure(`it ends within \`${name}\``)) }
    const padding = tarPadding(sizeBytes).byteLength
    if (padding > 0 && !(await reader.exactly(padding))) throw failure(`it ends within \`${name}\``)
  }
}

/** The sum of the header's bytes, its own eight taken as blanks. */
function checksum(header: Buffer): number {
  let sum = 0
  for (let index = 0; index < block; index += 1) sum += index >= 148 && index < 156 ? 32 : header[index]!
  return sum
}

class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  async exactly(length: number): Promise<Buffer | undefined> {
    while (this.#rest.byteLength < length) if (!(await this.#more())) return undefined
    return this.#take(length)
  }

  async *upTo(length: number, atEnd: () => Error): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#rest.byteLength === 0 && !(await this.#more())) throw atEnd()
      const chunk = this.#take(Math.min(left, this.#rest.byteLength))
      left -= chunk.byteLength
      yield chunk
    }
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    this.#rest = this.#rest.byteLength === 0 ? Buffer.from(value) : Buffer.concat([this.#rest, value])
    return true
  }
}
