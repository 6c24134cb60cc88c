import type { ScannedImport } from '../python/import-scanner.ts'
import type { ImportContext } from '../python/block-stack.ts'
import type { ContentFacts, PythonContent } from './content-facts.ts'

/**
 * What the files of one wheel say, gathered once when the wheel first comes and kept under its digest, so that an audit of a package made
 * of cached wheels unpacks nothing but the function's own files.
 */
export interface WheelFacts extends WheelHead {
  /** Of a file of the wheel, if it is the very file that was looked into; `null` when nothing of interest was in it, `undefined` when it was not looked into. */
  contentOf(name: string, crc32: number, bytes: number): ContentFacts | null | undefined
}

/** Lines of METADATA and WHEEL that rules look at. */
export interface WheelHead {
  readonly requires: readonly string[]
  readonly requiresPython?: string | undefined
  readonly tags: readonly string[]
}

/** A file that was looked into when the wheel came. */
export interface GatheredFile {
  readonly name: string
  readonly crc32: number
  readonly bytes: number
  readonly content: ContentFacts | null
}

/** Raised whenever what is gathered changes; facts of another version are gathered again. */
export const wheelFactsVersion = 3

const magic = 0x3246575a // "ZWF2"
const headWords = 8
const wordsPerModule = 4

/**
 * One file per wheel that is ready to be used as it was read: modules are most of a wheel, and an audit asks for those alone that the
 * handler reaches, so their imports are numbers into one text and become objects when somebody asks. Everything else is JSON.
 */
export function encodeWheelFacts(head: WheelHead, files: readonly GatheredFile[]): Uint8Array {
  const strings = new Map<string, number>()
  const idOf = (text: string): number => {
    const known = strings.get(text)
    if (known !== undefined) return known
    strings.set(text, strings.size)
    return strings.size - 1
  }
  const modules: number[] = []
  const words: number[] = []
  const others: StoredOther[] = []
  for (const { name, crc32, bytes, content } of files) {
    if (content?.kind !== 'python' || !isPlain(content)) {
      others.push([name, crc32, bytes, content])
      continue
    }
    modules.push(idOf(name), crc32, bytes, words.length)
    words.push(content.imports.length)
    for (const { module, level, names, line, context } of content.imports) {
      words.push(idOf(module), level, line, idOf(context), names === undefined ? 0 : names.length + 1)
      for (const one of names ?? []) words.push(idOf(one))
    }
  }
  const ends: number[] = []
  let end = 0
  for (const text of strings.keys()) ends.push((end += text.length))
  const text = Buffer.from([...strings.keys()].join(''))
  const rest = Buffer.from(JSON.stringify({ head, others } satisfies StoredRest))
  const numbers = Uint32Array.of(
    magic,
    wheelFactsVersion,
    ends.length,
    text.length,
    modules.length / wordsPerModule,
    words.length,
    rest.length,
    0,
  )
  return Buffer.concat([numbers, Uint32Array.from(ends), Uint32Array.from(modules), Uint32Array.from(words)].map(bytesOf).concat(text, rest)) // prettier-ignore
}

/** `undefined` when the bytes are of another version or cut short: then gather again. Whether they are whole the cache has checked. */
export function decodeWheelFacts(stored: Uint8Array): WheelFacts | undefined {
  if (stored.length < headWords * 4) return undefined
  // Columns of numbers need an aligned buffer; `stored` may be a piece of a pool.
  const bytes = stored.byteOffset % 4 === 0 ? stored : Uint8Array.from(stored)
  const [found, version, strings, textBytes, modules, words, restBytes] = new Uint32Array(bytes.buffer, bytes.byteOffset, headWords) as unknown as readonly [number, number, number, number, number, number, number] // prettier-ignore
  if (found !== magic || version !== wheelFactsVersion) return undefined
  const numbers = strings + modules * wordsPerModule + words
  if (bytes.length !== (headWords + numbers) * 4 + textBytes + restBytes) return undefined
  return new StoredFacts(bytes, { strings, modules, words, textBytes })
}

interface StoredRest {
  readonly head: WheelHead
  readonly others: readonly StoredOther[]
}

type StoredOther = readonly [name: string, crc32: number, bytes: number, content: ContentFacts | null]

class StoredFacts implements WheelFacts {
  readonly requires: readonly string[]
  readonly requiresPython: string | undefined
  readonly tags: readonly string[]
  readonly #ends: Uint32Array
  readonly #modules: Uint32Array
  readonly #words: Uint32Array
  readonly #textBytes: Buffer
  readonly #strings: (string | undefined)[] = []
  readonly #others: ReadonlyMap<string, StoredOther>
  #indexOfModule: ReadonlyMap<string, number> | undefined
  /** Decoded when the first module is asked for, which of most wheels none is. */
  #text: string | undefined

  constructor(
    bytes: Uint8Array,
    size: { readonly strings: number; readonly modules: number; readonly words: number; readonly textBytes: number },
  ) {
    let at = bytes.byteOffset + headWords * 4
    const take = (length: number): Uint32Array => {
      at += length * 4
      return new Uint32Array(bytes.buffer, at - length * 4, length)
    }
    this.#ends = take(size.strings)
    this.#modules = take(size.modules * wordsPerModule)
    this.#words = take(size.words)
    const buffer = Buffer.from(bytes.buffer, at, bytes.byteOffset + bytes.length - at)
    this.#textBytes = buffer.subarray(0, size.textBytes)
    const { head, others } = JSON.parse(buffer.toString('utf8', size.textBytes)) as StoredRest
    this.requires = head.requires
    this.requiresPython = head.requiresPython
    this.tags = head.tags
    this.#others = new Map(others.map((other) => [other[0], other]))
  }

  contentOf(name: string, crc32: number, bytes: number): ContentFacts | null | undefined {
    const other = this.#others.get(name)
    if (other) return other[1] === crc32 && other[2] === bytes ? other[3] : undefined
    const at = this.#moduleAt(name)
    if (at === undefined || this.#modules[at + 1] !== crc32 || this.#modules[at + 2] !== bytes) return undefined
    return { kind: 'python', imports: this.#importsAt(this.#modules[at + 3]!) }
  }

  #moduleAt(name: string): number | undefined {
    if (!this.#indexOfModule) {
      const index = new Map<string, number>()
      for (let at = 0; at < this.#modules.length; at += wordsPerModule) index.set(this.#string(this.#modules[at]!), at)
      this.#indexOfModule = index
    }
    return this.#indexOfModule.get(name)
  }

  #importsAt(start: number): readonly ScannedImport[] {
    const words = this.#words
    const imports: ScannedImport[] = []
    let at = start + 1
    for (let left = words[start]!; left > 0; left--) {
      const named = words[at + 4]!
      imports.push({
        module: this.#string(words[at]!),
        level: words[at + 1]!,
        names: named === 0 ? undefined : this.#stringsAt(at + 5, named - 1),
        line: words[at + 2]!,
        context: this.#string(words[at + 3]!) as ImportContext,
      })
      at += 5 + Math.max(0, named - 1)
    }
    return imports
  }

  #stringsAt(at: number, count: number): readonly string[] {
    const found: string[] = []
    for (let index = 0; index < count; index++) found.push(this.#string(this.#words[at + index]!))
    return found
  }

  #string(id: number): string {
    if (this.#text === undefined) {
      this.#text = this.#textBytes.toString('utf8')
      this.#strings.length = this.#ends.length
    }
    return (this.#strings[id] ??= this.#text.slice(id === 0 ? 0 : this.#ends[id - 1], this.#ends[id]))
  }
}

/** Nothing but imports of the known shape; whatever a later version adds is kept as JSON until it has a place of its own. */
function isPlain(content: PythonContent): boolean {
  return (
    Object.keys(content).every((key) => key === 'kind' || key === 'imports') &&
    content.imports.every((one) => Object.keys(one).length === 5)
  )
}

function bytesOf(numbers: Uint32Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
