/** Takes the packages out of a body that arrives in pieces; what is around them is put aside. */
import { requestTooLarge } from '../http/errors.ts'

const packagePaths: readonly (readonly string[])[] = [['ZipFile'], ['Code', 'ZipFile'], ['Content', 'ZipFile']]

/** Largest JSON around the package, in bytes. */
const restLimitBytes = 1024 * 1024

const quote = 0x22
const backslash = 0x5c

/** Takes a package as it is decoded: one of these is `SentPackage`. */
export interface PackageSink {
  /** The next piece, in base64. To be waited for when it gives a promise. */
  take(base64: string): Promise<void> | undefined
  end(): void
}

/** Walks over the JSON's structure; strings are skipped at the speed of a search for their end. */
export class Splitter<Sink extends PackageSink> {
  /** Whole packages by their place. Of a repeated key the last wins, as in JSON.parse. */
  readonly packages = new Map<readonly string[], Sink>()
  /** All that ever began. */
  readonly received: Sink[] = []
  /** To be waited for before the next chunk. */
  behind: Promise<void> | undefined
  readonly #receive: () => Sink
  readonly #rest: Buffer[] = []
  #restBytes = 0
  /** Keys on the way down; undefined inside an array or before the first key. */
  readonly #path: (string | undefined)[] = []
  /** Bytes of the string that is being read, while it may be a key. */
  #string: Buffer[] = []
  #stringBytes = 0
  #inString = false
  #escaped = false
  #lastString: string | undefined
  #base64: Base64Decoder<Sink> | undefined
  /** After a colon, before the value. */
  #expectsValue = false

  constructor(receive: () => Sink) {
    this.#receive = receive
  }

  get rest(): Buffer {
    return Buffer.concat(this.#rest)
  }

  take(chunk: Buffer): void {
    this.behind = undefined
    let position = 0
    while (position < chunk.length) {
      position = this.#inString ? this.#takeString(chunk, position) : this.#takeStructure(chunk, position)
    }
  }

  #takeStructure(chunk: Buffer, from: number): number {
    for (let index = from; index < chunk.length; index++) {
      const byte = chunk[index]!
      if (byte === quote) {
        this.#keep(chunk.subarray(from, index))
        this.#startString()
        return index + 1
      }
      if (byte === 0x7b || byte === 0x5b) {
        this.#path.push(undefined)
        this.#expectsValue = false
      } else if (byte === 0x7d || byte === 0x5d) {
        this.#path.pop()
        this.#expectsValue = false
      } else if (byte === 0x3a) {
        if (this.#path.length > 0) this.#path[this.#path.length - 1] = this.#lastString
        this.#expectsValue = true
      } else if (byte === 0x2c) this.#expectsValue = false
    }
    this.#keep(chunk.subarray(from))
    return chunk.length
  }

  #startString(): void {
    this.#inString = true
    this.#escaped = false
    this.#string = []
    this.#stringBytes = 0
    const isPackage = this.#expectsValue && packagePaths.some((path) => this.#isAt(path))
    this.#base64 = isPackage ? this.#startPackage() : undefined
    this.#keep(quoteBytes)
  }

  #startPackage(): Base64Decoder<Sink> {
    const sent = this.#receive()
    this.received.push(sent)
    return new Base64Decoder(sent)
  }

  #takeString(chunk: Buffer, from: number): number {
    let index = from
    if (this.#escaped) {
      index += 1
      this.#escaped = false
    }
    for (;;) {
      const end = chunk.indexOf(quote, index)
      const escape = chunk.subarray(index, end < 0 ? chunk.length : end).indexOf(backslash)
      if (escape >= 0) {
        index += escape + 2
        if (index > chunk.length) {
          this.#escaped = true
          break
        }
        continue
      }
      if (end < 0) break
      this.#content(chunk.subarray(from, end))
      this.#endString()
      return end + 1
    }
    this.#content(chunk.subarray(from))
    return chunk.length
  }

  #content(bytes: Buffer): void {
    if (this.#base64) {
      this.behind = this.#base64.take(bytes) ?? this.behind
      return
    }
    this.#keep(bytes)
    // Only keys matter, and those that matter are short.
    if (this.#stringBytes < 64) this.#string.push(bytes)
    this.#stringBytes += bytes.length
  }

  #endString(): void {
    this.#inString = false
    if (this.#base64) {
      const path = packagePaths.find((one) => this.#isAt(one))!
      this.packages.set(path, this.#base64.finish())
      this.#base64 = undefined
    } else this.#lastString = this.#stringBytes < 64 ? Buffer.concat(this.#string).toString() : undefined
    this.#keep(quoteBytes)
  }

  #isAt(path: readonly string[]): boolean {
    return path.length === this.#path.length && path.every((name, index) => name === this.#path[index])
  }

  #keep(bytes: Buffer): void {
    this.#restBytes += bytes.length
    if (this.#restBytes > restLimitBytes) throw requestTooLarge({ limitBytes: restLimitBytes })
    this.#rest.push(bytes)
  }
}

const quoteBytes = Buffer.from('"')

/** Base64 in pieces; a JSON string may escape its slashes and hold line ends. */
class Base64Decoder<Sink extends PackageSink> {
  readonly #sent: Sink
  #carry = ''

  constructor(sent: Sink) {
    this.#sent = sent
  }

  take(bytes: Buffer): Promise<void> | undefined {
    const text = this.#carry + bytes.toString('latin1')
    if (!text.includes('\\')) return this.#decode(text, '')
    const whole = text.endsWith('\\') ? text.slice(0, -1) : text
    return this.#decode(whole.replaceAll('\\/', '/').replaceAll(/\\[nrt]/g, ''), text.slice(whole.length))
  }

  finish(): Sink {
    void this.#sent.take(this.#carry)
    this.#sent.end()
    return this.#sent
  }

  #decode(text: string, held: string): Promise<void> | undefined {
    const whole = text.length - (text.length % 4)
    this.#carry = text.slice(whole) + held
    return this.#sent.take(whole === text.length ? text : text.slice(0, whole))
  }
}
