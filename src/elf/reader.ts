import type { ElfFacts } from './facts.ts'

/**
 * Reads what the dynamic loader reads of an ELF file: its machine, the libraries and symbol versions it needs, and where it looks
 * for them. Only program headers and the dynamic segment are used, as by the loader; sections may have been stripped.
 *
 * Hostile input is expected: every offset is checked, every table is bounded, and what cannot be read is told in `damage`.
 * @see System V ABI, chapters 4 and 5; the GNU extensions for symbol versions of the Linux Standard Base, section 10.7
 */
export function readElf(bytes: Uint8Array): ElfFacts | undefined {
  if (!isElf(bytes)) return undefined
  return new ElfReader(bytes).read()
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

const segment = { load: 1, dynamic: 2, interpreter: 3 } as const
// prettier-ignore
const tag = { end: 0, needed: 1, stringTable: 5, stringTableBytes: 10, soname: 14, rpath: 15, runpath: 29, versionNeed: 0x6ffffffe, versionNeedCount: 0x6fffffff } as const
/** A version whose absence the loader only remarks on. */
const weakVersion = 2
/** More than any real file has; a hostile one may claim millions. */
const mostRecords = 20_000

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly fileBytes: number
  readonly alignment: number
}

/** What the loader maps by: a power of two, of which file offset and address have the same remainder. */
const pageBytes = 4096

class Damage extends Error {}

class ElfReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #is64: boolean
  readonly #little: boolean

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#is64 = bytes[4] === 2
    this.#little = bytes[5] !== 2
  }

  read(): ElfFacts {
    const facts: { -readonly [Key in keyof ElfFacts]: ElfFacts[Key] } = {
      bits: this.#is64 ? 64 : 32,
      endian: this.#little ? 'little' : 'big',
      machine: 0,
      type: 0,
      needed: [],
      rpath: [],
      runpath: [],
      versions: {},
    }
    try {
      facts.type = this.#u16(16)
      facts.machine = this.#u16(18)
      this.#readSegments(facts)
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      facts.damage = error.message
    }
    return facts
  }

  #readSegments(facts: { -readonly [Key in keyof ElfFacts]: ElfFacts[Key] }): void {
    const segments = this.#segments()
    const interpreter = segments.find(({ type }) => type === segment.interpreter)
    if (interpreter) facts.interpreter = this.#string(interpreter.offset, interpreter.offset + interpreter.fileBytes)
    const misaligned = segments.some(
      ({ type, offset, address, alignment }) =>
        type === segment.load && alignment >= pageBytes && (address - offset) % alignment !== 0,
    )
    if (misaligned) facts.damage = 'ELF load command address/offset not properly aligned'
    const dynamic = segments.find(({ type }) => type === segment.dynamic)
    if (!dynamic) return
    const width = this.#is64 ? 8 : 4
    const values = new Map<number, number>()
    const strings: { readonly tag: number; readonly at: number }[] = []
    for (
      let at = dynamic.offset, count = 0;
      at + 2 * width <= dynamic.offset + dynamic.fileBytes;
      at += 2 * width, count++
    ) {
      if (count > mostRecords) throw new Damage('its dynamic section has no end')
      const key = this.#word(at)
      const value = this.#word(at + width)
      if (key === tag.end) break
      if (key === tag.needed || key === tag.soname || key === tag.rpath || key === tag.runpath)
        strings.push({ tag: key, at: value })
      else values.set(key, value)
    }
    const address = values.get(tag.stringTable)
    if (address === undefined) throw new Damage('its dynamic section names no string table')
    const table = this.#fileOffset(segments, address)
    const tableEnd = table + (values.get(tag.stringTableBytes) ?? 0)
    const text = (at: number): string => this.#string(table + at, tableEnd)
    const all = (wanted: number): string[] => strings.filter(({ tag }) => tag === wanted).map(({ at }) => text(at))
    facts.needed = all(tag.needed)
    facts.rpath = all(tag.rpath).flatMap(splitPath)
    facts.runpath = all(tag.runpath).flatMap(splitPath)
    if (this.#holds('PyInit_', table, tableEnd)) facts.isExtensionModule = true
    const [soname] = all(tag.soname)
    if (soname !== undefined) facts.soname = soname
    const versionAddress = values.get(tag.versionNeed)
    if (versionAddress !== undefined)
      facts.versions = this.#versions(
        this.#fileOffset(segments, versionAddress),
        values.get(tag.versionNeedCount) ?? 0,
        text,
      )
  }

  #segments(): Segment[] {
    const start = this.#is64 ? this.#word(32) : this.#word(28)
    const size = this.#u16(this.#is64 ? 54 : 42)
    const count = this.#u16(this.#is64 ? 56 : 44)
    if (count > 0 && size < (this.#is64 ? 56 : 32)) throw new Damage('its program headers are too small')
    return Array.from({ length: count }, (_, index) => {
      const at = start + index * size
      return this.#is64
        ? {
            type: this.#u32(at),
            offset: this.#word(at + 8),
            address: this.#word(at + 16),
            fileBytes: this.#word(at + 32),
            alignment: this.#word(at + 48),
          }
        : {
            type: this.#u32(at),
            offset: this.#u32(at + 4),
            address: this.#u32(at + 8),
            fileBytes: this.#u32(at + 16),
            alignment: this.#u32(at + 28),
          }
    })
  }

  #versions(start: number, count: number, text: (at: number) => string): Record<string, string[]> {
    const versions: Record<string, string[]> = {}
    let at = start
    for (let file = 0, records = 0; file < count; file++) {
      const names: string[] = []
      let auxiliary = at + this.#u32(at + 8)
      for (let index = this.#u16(at + 2); index > 0; index--) {
        if (++records > mostRecords) throw new Damage('its list of symbol versions has no end')
        if ((this.#u16(auxiliary + 4) & weakVersion) === 0) names.push(text(this.#u32(auxiliary + 8)))
        const next = this.#u32(auxiliary + 12)
        if (next === 0) break
        auxiliary += next
      }
      versions[text(this.#u32(at + 4))] = names
      const next = this.#u32(at + 12)
      if (next === 0) break
      at += next
    }
    return versions
  }

  /** The loader sees memory; the file offset of an address follows from the segment that holds it. */
  #fileOffset(segments: readonly Segment[], address: number): number {
    const holder = segments.find(
      (each) => each.type === segment.load && address >= each.address && address < each.address + each.fileBytes,
    )
    if (!holder) throw new Damage('its dynamic section points outside of the file')
    return address - holder.address + holder.offset
  }

  #holds(text: string, from: number, end: number): boolean {
    const table = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength).subarray(from, end)
    return table.includes(text, 0, 'latin1')
  }

  #string(from: number, end: number): string {
    const last = Math.min(end, this.#bytes.length)
    if (from < 0 || from >= last) throw new Damage('a name lies outside of its string table')
    const zero = this.#bytes.indexOf(0, from)
    const stop = zero < 0 ? last : Math.min(zero, last, from + 4096)
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, stop - from).toString('utf8')
  }

  #word(at: number): number {
    if (!this.#is64) return this.#u32(at)
    this.#require(at, 8)
    const value = this.#view.getBigUint64(at, this.#little)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damage('an address is out of all bounds')
    return Number(value)
  }

  #u32(at: number): number {
    this.#require(at, 4)
    return this.#view.getUint32(at, this.#little)
  }

  #u16(at: number): number {
    this.#require(at, 2)
    return this.#view.getUint16(at, this.#little)
  }

  #require(at: number, length: number): void {
    if (at < 0 || at + length > this.#view.byteLength) throw new Damage('it is cut short')
  }
}

function splitPath(path: string): string[] {
  return path.split(':').filter((part) => part !== '')
}
