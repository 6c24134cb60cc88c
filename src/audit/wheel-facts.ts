import type { ScannedImport } from '../python/import-scanner.ts'
import type { ImportContext } from '../python/block-stack.ts'
import type { ContentFacts, PythonContent } from './content-facts.ts'
import { makeWheelGraph, nodeWord, wordsPerNode, type WheelGraph } from './wheel-graph.ts'
import type { WheelSummary } from './wheel-summary.ts'

/**
 * What the files of one wheel say, gathered once when the wheel first comes and kept under its digest, so that an audit of a package made
 * of cached wheels unpacks nothing but the function's own files.
 */
export interface WheelFacts extends WheelHead {
  /** Of a file of the wheel, if it is the very file that was looked into; `null` when nothing of interest was in it, `undefined` when it was not looked into. */
  contentOf(name: string, crc32: number, bytes: number): ContentFacts | null | undefined
  /** What makes it unnecessary to look at each file; undefined for wheels with anything unusual in them. */
  readonly whole: WholeWheel | undefined
}

/** A wheel whose files need not be looked at one by one, when all of them are there. */
export interface WholeWheel {
  readonly summary: WheelSummary
  readonly graph: WheelGraph
  /** By file, in the wheel's order. */
  readonly crc32: Uint32Array
  readonly bytes: Uint32Array
  /** Numbers of the files by their paths. */
  readonly byPath: Uint32Array
  /** The paths one behind the other, and where each one ends. */
  readonly names: Buffer
  readonly nameEnds: Uint32Array
  pathOf(file: number): string
  contentOfFile(file: number): ContentFacts | undefined
  string(id: number): string
  /** How many strings there are. */
  readonly strings: number
  /** Nodes of the graph that have no parent. */
  readonly topNodes: readonly number[]
}

/** Lines of METADATA and WHEEL that rules look at. */
export interface WheelHead {
  readonly requires: readonly string[]
  readonly requiresPython?: string | undefined
  readonly tags: readonly string[]
}

/** A file of a wheel. */
export interface GatheredFile {
  readonly name: string
  readonly crc32: number
  readonly bytes: number
  /** `null` when nothing of interest was in it, `undefined` when it was not looked into. */
  readonly content: ContentFacts | null | undefined
}

/** Raised whenever what is gathered changes; facts of another version are gathered again. */
export const wheelFactsVersion = 5

const magic = 0x3246575a // "ZWF2"
const headWords = 16

/** Where a file's content is: at this word, or one of these. */
const notLookedInto = 0xffffffff
const among = 0xfffffffe

/**
 * One file per wheel that is ready to be used as it was read: modules are most of a wheel, and an audit asks for those alone that the
 * handler reaches, so their imports are numbers into one text and become objects when somebody asks. Everything else is JSON.
 */
export function encodeWheelFacts(
  head: WheelHead,
  files: readonly GatheredFile[],
  summary?: WheelSummary | undefined,
): Uint8Array {
  const strings = new Map<string, number>()
  const idOf = (text: string): number => {
    const known = strings.get(text)
    if (known !== undefined) return known
    strings.set(text, strings.size)
    return strings.size - 1
  }
  const contentAt: number[] = []
  const words: number[] = []
  const others: StoredOther[] = []
  for (const [index, { content }] of files.entries()) {
    if (content === undefined) {
      contentAt.push(notLookedInto)
      continue
    }
    if (content?.kind !== 'python' || !isPlain(content)) {
      contentAt.push(among)
      others.push([index, content])
      continue
    }
    contentAt.push(words.length)
    words.push(content.imports.length)
    for (const { module, level, names, line, context } of content.imports) {
      words.push(idOf(module), level, line, idOf(context), names === undefined ? 0 : names.length + 1)
      for (const one of names ?? []) words.push(idOf(one))
    }
  }
  const imports = (content: ContentFacts | null | undefined) =>
    content?.kind === 'python' ? content.imports : undefined
  const graph =
    summary &&
    makeWheelGraph(
      files.map(({ name, content }) => ({ name, imports: imports(content) })),
      idOf,
    )
  const names = files.map(({ name }) => Buffer.from(name))
  const byPath = names.map((_, index) => index).sort((a, b) => Buffer.compare(names[a]!, names[b]!))
  const text = Buffer.from([...strings.keys()].join(''))
  const rest = Buffer.from(JSON.stringify({ head, summary: graph && summary, others } satisfies StoredRest))
  const columns: readonly ArrayLike<number>[] = [
    ends([...strings.keys()]),
    files.map(({ crc32 }) => crc32),
    files.map(({ bytes }) => bytes),
    ends(names),
    byPath,
    contentAt,
    words,
    graph?.nodes ?? [],
    graph?.edges ?? [],
    graph?.open ?? [],
    graph?.compiled ?? [],
  ]
  const nameBytes = Buffer.concat(names)
  const numbers = Uint32Array.of(magic, wheelFactsVersion, nameBytes.length, text.length, rest.length, ...columns.map(({ length }) => length)) // prettier-ignore
  return Buffer.concat([
    bytesOf(numbers),
    ...columns.map((column) => bytesOf(Uint32Array.from(column))),
    nameBytes,
    text,
    rest,
  ])
}

/** `undefined` when the bytes are of another version or cut short: then gather again. Whether they are whole the cache has checked. */
export function decodeWheelFacts(stored: Uint8Array): WheelFacts | undefined {
  if (stored.length < headWords * 4) return undefined
  // Columns of numbers need an aligned buffer; `stored` may be a piece of a pool.
  const bytes = stored.byteOffset % 4 === 0 ? stored : Uint8Array.from(stored)
  const head = new Uint32Array(bytes.buffer, bytes.byteOffset, headWords)
  if (head[0] !== magic || head[1] !== wheelFactsVersion) return undefined
  let numbers = headWords
  for (let at = firstColumn; at < headWords; at++) numbers += head[at]!
  if (bytes.length !== numbers * 4 + head[2]! + head[3]! + head[4]!) return undefined
  return new StoredFacts(bytes, head)
}

/** Where the lengths of the columns begin in the head. */
const firstColumn = 5

interface StoredRest {
  readonly head: WheelHead
  readonly summary?: WheelSummary | undefined
  readonly others: readonly StoredOther[]
}

type StoredOther = readonly [file: number, content: ContentFacts | null]

class StoredFacts implements WheelFacts, WholeWheel {
  readonly requires: readonly string[]
  readonly requiresPython: string | undefined
  readonly tags: readonly string[]
  readonly whole: WholeWheel | undefined
  readonly summary: WheelSummary
  readonly graph: WheelGraph
  readonly crc32: Uint32Array
  readonly bytes: Uint32Array
  readonly nameEnds: Uint32Array
  readonly byPath: Uint32Array
  readonly names: Buffer
  readonly strings: number
  readonly #ends: Uint32Array
  readonly #contentAt: Uint32Array
  readonly #words: Uint32Array
  readonly #textBytes: Buffer
  readonly #strings: (string | undefined)[] = []
  readonly #others: ReadonlyMap<number, ContentFacts | null>
  #indexOfFile: ReadonlyMap<string, number> | undefined
  /** Decoded when the first module is asked for, which of most wheels none is. */
  #text: string | undefined

  constructor(bytes: Uint8Array, head: Uint32Array) {
    let at = bytes.byteOffset + headWords * 4
    let column = firstColumn
    const take = (): Uint32Array => {
      const length = head[column++]!
      at += length * 4
      return new Uint32Array(bytes.buffer, at - length * 4, length)
    }
    this.#ends = take()
    this.strings = this.#ends.length
    this.crc32 = take()
    this.bytes = take()
    this.nameEnds = take()
    this.byPath = take()
    this.#contentAt = take()
    this.#words = take()
    this.graph = { nodes: take(), edges: take(), open: take(), compiled: take() }
    const [nameBytes, textBytes] = [head[2]!, head[3]!]
    const buffer = Buffer.from(bytes.buffer, at, bytes.byteOffset + bytes.length - at)
    this.names = buffer.subarray(0, nameBytes)
    this.#textBytes = buffer.subarray(nameBytes, nameBytes + textBytes)
    const rest = JSON.parse(buffer.toString('utf8', nameBytes + textBytes)) as StoredRest
    this.requires = rest.head.requires
    this.requiresPython = rest.head.requiresPython
    this.tags = rest.head.tags
    this.summary = rest.summary!
    this.whole = rest.summary && this.graph.nodes.length >= wordsPerNode ? this : undefined
    this.#others = new Map(rest.others)
  }

  contentOf(name: string, crc32: number, bytes: number): ContentFacts | null | undefined {
    const file = this.#fileAt(name)
    if (file === undefined || this.crc32[file] !== crc32 || this.bytes[file] !== bytes) return undefined
    return this.#contentAt[file] === notLookedInto ? undefined : (this.contentOfFile(file) ?? null)
  }

  contentOfFile(file: number): ContentFacts | undefined {
    const at = this.#contentAt[file]!
    if (at === notLookedInto) return undefined
    if (at === among) return this.#others.get(file) ?? undefined
    return { kind: 'python', imports: this.#importsAt(at) }
  }

  get topNodes(): readonly number[] {
    const { nodes } = this.graph
    const found: number[] = []
    for (let at = 0; at < nodes.length - wordsPerNode; at += wordsPerNode)
      if (nodes[at + nodeWord.parent] === 0) found.push(at / wordsPerNode)
    return found
  }

  pathOf(file: number): string {
    return this.names.toString('latin1', file === 0 ? 0 : this.nameEnds[file - 1], this.nameEnds[file])
  }

  string(id: number): string {
    if (this.#text === undefined) {
      this.#text = this.#textBytes.toString('utf8')
      this.#strings.length = this.#ends.length
    }
    return (this.#strings[id] ??= this.#text.slice(id === 0 ? 0 : this.#ends[id - 1], this.#ends[id]))
  }

  #fileAt(name: string): number | undefined {
    if (!this.#indexOfFile) {
      const index = new Map<string, number>()
      let start = 0
      for (let file = 0; file < this.nameEnds.length; file++) {
        index.set(this.names.toString('utf8', start, this.nameEnds[file]), file)
        start = this.nameEnds[file]!
      }
      this.#indexOfFile = index
    }
    return this.#indexOfFile.get(name)
  }

  #importsAt(start: number): readonly ScannedImport[] {
    const words = this.#words
    const imports: ScannedImport[] = []
    let at = start + 1
    for (let left = words[start]!; left > 0; left--) {
      const named = words[at + 4]!
      imports.push({
        module: this.string(words[at]!),
        level: words[at + 1]!,
        names: named === 0 ? undefined : this.#stringsAt(at + 5, named - 1),
        line: words[at + 2]!,
        context: this.string(words[at + 3]!) as ImportContext,
      })
      at += 5 + Math.max(0, named - 1)
    }
    return imports
  }

  #stringsAt(at: number, count: number): readonly string[] {
    const found: string[] = []
    for (let index = 0; index < count; index++) found.push(this.string(this.#words[at + index]!))
    return found
  }
}

/** Where each of them ends when they stand one behind the other. */
function ends(parts: readonly { readonly length: number }[]): number[] {
  let end = 0
  return parts.map(({ length }) => (end += length))
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
