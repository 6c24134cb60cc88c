import {
  centralDirectoryHeaderBytes,
  centralDirectorySignature,
  creators,
  fileTypes,
  highestDeflateRatio,
  methods,
} from '../zip/format.ts'
import type { WholeWheel } from './wheel-facts.ts'

/** A wheel all of whose files are in a package, as they came. */
export interface MatchedWheel {
  readonly whole: WholeWheel
  /** By file: where its header starts in the package's directory. */
  readonly headers: Uint32Array
  /** Files that the package calls executable. */
  readonly executables: readonly number[]
  readonly packedBytes: number
  /** The first of its headers. */
  readonly first: number
}

export interface MatchedDirectory {
  readonly wheels: readonly MatchedWheel[]
  /** Where the headers of all other entries start. */
  readonly rest: readonly number[]
}

/**
 * Finds the files of wheels in the central directory of a package, header by header: the same name, checksum and size, and nothing about it that a rule
 * would mention. Files of a wheel follow one another as in the wheel or by their paths, so that most headers are compared with one file.
 * A wheel that is not there to its last file counts as not there, and so does one in whose folders something else lies.
 * Undefined when the directory itself is odd.
 */
export function matchWheels(
  directory: Buffer,
  entryCount: number,
  known: readonly WholeWheel[],
): MatchedDirectory | undefined {
  const wheels = known.map((whole) => new Candidate(whole))
  const byTop = topsOf(wheels)
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength)
  const owners = new Int32Array(entryCount)
  const headers = new Uint32Array(entryCount)
  let current: Candidate | undefined
  let at = 0
  let count = 0
  for (; count < entryCount; count++) {
    if (at + centralDirectoryHeaderBytes > view.byteLength || view.getUint32(at, true) !== centralDirectorySignature)
      return undefined
    const nameBytes = view.getUint16(at + 28, true)
    const next =
      at + centralDirectoryHeaderBytes + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (next > view.byteLength) return undefined
    headers[count] = at
    owners[count] = -1
    if (!current || !current.takeNext(directory, view, at, nameBytes)) {
      current = byTop.get(topOf(directory, at, nameBytes))
      if (current && !current.takeAny(directory, view, at, nameBytes)) {
        current.isWhole = false
        current = undefined
      }
    }
    if (current) owners[count] = current.index = current.index < 0 ? wheels.indexOf(current) : current.index
    at = next
  }
  if (at !== directory.length) return undefined
  const rest: number[] = []
  for (let index = 0; index < count; index++) {
    const owner = owners[index]!
    if (owner < 0 || !wheels[owner]!.isComplete) rest.push(headers[index]!)
  }
  return { wheels: wheels.filter(({ isComplete }) => isComplete), rest }
}

/** What the first part of a path stands for: the name on a system that knows no case, and the module, whatever its file is called. */
export function claimsOf(top: string): readonly string[] {
  const name = top.toLowerCase()
  const dot = name.indexOf('.')
  return dot > 0 ? [name, name.slice(0, dot)] : [name]
}

/** Wheels by the first parts of their paths. What two of them claim, or claim but for case, neither has. */
function topsOf(wheels: readonly Candidate[]): ReadonlyMap<string, Candidate> {
  const folded = new Map<string, Candidate>()
  for (const wheel of wheels)
    for (const claim of wheel.whole.summary.tops.flatMap(claimsOf)) {
      const other = folded.get(claim)
      if (other && other !== wheel) other.isWhole = wheel.isWhole = false
      folded.set(claim, wheel)
    }
  return new Map(
    wheels.filter(({ isWhole }) => isWhole).flatMap((wheel) => wheel.whole.summary.tops.map((top) => [top, wheel])),
  )
}

function topOf(directory: Buffer, at: number, nameBytes: number): string {
  const start = at + centralDirectoryHeaderBytes
  const slash = directory.indexOf(0x2f, start)
  return directory.toString('latin1', start, slash < 0 ? start + nameBytes : Math.min(slash, start + nameBytes))
}

const notSeen = 0xffffffff

class Candidate implements MatchedWheel {
  readonly whole: WholeWheel
  readonly headers: Uint32Array
  readonly executables: number[] = []
  packedBytes = 0
  first = -1
  isWhole = true
  index = -1
  #taken = 0
  /** The file behind the last one, in the wheel's order and by path; -1 where the other order turned out to be the package's. */
  #next = -1
  #nextByPath = -1

  constructor(whole: WholeWheel) {
    this.whole = whole
    this.headers = new Uint32Array(whole.crc32.length).fill(notSeen)
  }

  get isComplete(): boolean {
    return this.isWhole && this.#taken === this.headers.length
  }

  takeNext(directory: Buffer, view: DataView, at: number, nameBytes: number): boolean {
    const { length } = this.headers
    if (this.#next >= 0 && this.#next < length && this.#take(this.#next, directory, view, at, nameBytes)) {
      this.#next += 1
      this.#nextByPath = -1
      return true
    }
    if (this.#nextByPath < 0 || this.#nextByPath >= length) return false
    if (!this.#take(this.whole.byPath[this.#nextByPath]!, directory, view, at, nameBytes)) return false
    this.#nextByPath += 1
    this.#next = -1
    return true
  }

  /** Looks for the file by its path. */
  takeAny(directory: Buffer, view: DataView, at: number, nameBytes: number): boolean {
    const { byPath, names, nameEnds } = this.whole
    const start = at + centralDirectoryHeaderBytes
    let [low, high] = [0, byPath.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const file = byPath[middle]!
      const order = directory.compare(
        names,
        file === 0 ? 0 : nameEnds[file - 1],
        nameEnds[file],
        start,
        start + nameBytes,
      )
      if (order === 0) {
        this.#next = file + 1
        this.#nextByPath = middle + 1
        return this.#take(file, directory, view, at, nameBytes)
      }
      if (order > 0) low = middle + 1
      else high = middle
    }
    return false
  }

  #take(file: number, directory: Buffer, view: DataView, at: number, nameBytes: number): boolean {
    const { crc32, bytes, names, nameEnds } = this.whole
    const nameStart = file === 0 ? 0 : nameEnds[file - 1]!
    const nameAt = at + centralDirectoryHeaderBytes
    if (
      nameEnds[file]! - nameStart !== nameBytes ||
      view.getUint32(at + 16, true) !== crc32[file] ||
      view.getUint32(at + 24, true) !== bytes[file]
    )
      return false
    // Comparing them here costs less than asking somebody to.
    for (let index = 0; index < nameBytes; index++)
      if (directory[nameAt + index] !== names[nameStart + index]) return false
    const packed = view.getUint32(at + 20, true)
    const mode = view.getUint16(at + 40, true)
    if (this.headers[file] !== notSeen || !isPlain(view, at, packed, bytes[file]!, mode)) this.isWhole = false
    this.headers[file] = at
    if (this.first < 0) this.first = at
    this.#taken += 1
    this.packedBytes += packed
    if ((mode & 0o111) !== 0) this.executables.push(file)
    return true
  }
}

/** Flags that say how hard was packed, and that the name is UTF-8, are nobody's business; all others are. */
const harmlessFlags = 0x0806

/** A regular file that everybody may read, packed as most are, about which the directory says nothing else. */
function isPlain(view: DataView, at: number, packed: number, bytes: number, mode: number): boolean {
  const method = view.getUint16(at + 10, true)
  return (
    view.getUint8(at + 5) === creators.unix &&
    (view.getUint16(at + 8, true) & ~harmlessFlags) === 0 &&
    (method === methods.deflate
      ? bytes <= packed * highestDeflateRatio
      : method === methods.stored && bytes === packed) &&
    view.getUint16(at + 30, true) === 0 &&
    view.getUint16(at + 34, true) === 0 &&
    view.getUint32(at + 42, true) !== 0xffffffff &&
    packed !== 0xffffffff &&
    bytes !== 0xffffffff &&
    (mode & fileTypes.mask) === fileTypes.regular &&
    (mode & 0o004) !== 0
  )
}
