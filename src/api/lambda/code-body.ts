/**
 * Reads the body of CreateFunction, UpdateFunctionCode and PublishLayerVersion: JSON with up to 50 MB of base64 in one string.
 *
 * The package is decoded piece by piece while the rest of the JSON is put aside, so that neither a 70 MB string is made nor the event
 * loop held up. Only the strings at `ZipFile`, `Code.ZipFile` and `Content.ZipFile` are taken out.
 */
import type { Readable } from 'node:stream'
import { requestTooLarge } from '../http/errors.ts'
import { PackageBytes } from './package-bytes.ts'
import { parseBody, type Input } from './validation/read-input.ts'

const packagePaths: readonly (readonly string[])[] = [['ZipFile'], ['Code', 'ZipFile'], ['Content', 'ZipFile']]

/** Largest JSON around the package, in bytes. */
const restLimitBytes = 1024 * 1024

const quote = 0x22
const backslash = 0x5c

export async function readCodeBody(body: Readable): Promise<Input> {
  const splitter = new Splitter()
  for await (const chunk of body as AsyncIterable<Buffer>) splitter.take(chunk)
  const input = parseBody(splitter.rest)
  for (const { path, content } of splitter.packages) place(input, path, content)
  return input
}

function place(input: Input, path: readonly string[], content: PackageBytes): void {
  let target = input as Record<string, unknown>
  for (const name of path.slice(0, -1)) target = target[name] as Record<string, unknown>
  target[path.at(-1)!] = content
}

/** Walks over the JSON's structure; strings are skipped at the speed of a search for their end. */
class Splitter {
  readonly packages: { path: readonly string[]; content: PackageBytes }[] = []
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
  #base64: Base64Decoder | undefined
  /** After a colon, before the value. */
  #expectsValue = false

  get rest(): Buffer {
    return Buffer.concat(this.#rest)
  }

  take(chunk: Buffer): void {
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
    this.#base64 = isPackage ? new Base64Decoder() : undefined
    this.#keep(quoteBytes)
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
      this.#base64.take(bytes)
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
      // Of a repeated key the last wins, as in JSON.parse.
      const before = this.packages.findIndex((one) => one.path === path)
      if (before >= 0) this.packages.splice(before, 1)
      this.packages.push({ path, content: new PackageBytes(this.#base64.finish()) })
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
class Base64Decoder {
  readonly #chunks: Buffer[] = []
  #carry = ''

  take(bytes: Buffer): void {
    let text = this.#carry + bytes.toString('latin1')
    if (text.includes('\\')) {
      const whole = text.endsWith('\\') ? text.slice(0, -1) : text
      const held = text.slice(whole.length)
      text = whole.replaceAll('\\/', '/').replaceAll(/\\[nrt]/g, '')
      this.#decode(text, held)
      return
    }
    this.#decode(text, '')
  }

  finish(): readonly Buffer[] {
    if (this.#carry !== '') this.#chunks.push(Buffer.from(this.#carry, 'base64'))
    return this.#chunks.filter((chunk) => chunk.length > 0)
  }

  #decode(text: string, held: string): void {
    const whole = text.length - (text.length % 4)
    this.#chunks.push(Buffer.from(text.slice(0, whole), 'base64'))
    this.#carry = text.slice(whole) + held
  }
}
