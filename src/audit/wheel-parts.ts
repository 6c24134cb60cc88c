import type { ContentFacts } from './content-facts.ts'
import type { PackageDistribution, PackageFile } from './facts.ts'
import type { MatchedWheel } from './match-wheels.ts'
import { interestIn, type Interest } from './read-content.ts'
import type { Weights } from './tree-files.ts'
import type { WholeWheel } from './wheel-facts.ts'

/** A package's files by where they came from. */
export interface WheelParts {
  readonly wheels: readonly WheelPart[]
  /** By the first part of their paths. */
  readonly byTop: ReadonlyMap<string, WheelPart>
  /** The files of no such wheel. */
  readonly rest: ReadonlyMap<string, PackageFile>
}

/** A wheel that is in a package to its last file. Its files become objects when somebody asks for them. */
export class WheelPart {
  readonly index: number
  readonly whole: WholeWheel
  readonly distribution: PackageDistribution
  readonly weights: Weights
  readonly noteworthy: readonly WheelFile[]
  readonly #matched: MatchedWheel
  readonly #view: DataView
  readonly #files = new Map<number, WheelFile>()

  constructor(index: number, matched: MatchedWheel, view: DataView) {
    const { whole, packedBytes, executables } = matched
    const { summary } = whole
    this.index = index
    this.whole = whole
    this.#matched = matched
    this.#view = view
    this.weights = { ...summary.weights, packedBytes }
    this.distribution = { ...summary.distribution, files: this.weights.files, bytes: this.weights.bytes, packedBytes }
    const worthALook = new Set(summary.noteworthy)
    for (const file of executables) if (this.file(file).interest === 'binary') worthALook.add(file)
    this.noteworthy = [...worthALook].map((file) => this.file(file))
  }

  get name(): string {
    return this.distribution.name
  }

  file(index: number): WheelFile {
    let file = this.#files.get(index)
    if (!file) this.#files.set(index, (file = new WheelFile(this, index)))
    return file
  }

  /** The file of this path. */
  find(path: string): WheelFile | undefined {
    const { byPath, names, nameEnds } = this.whole
    const key = Buffer.from(path, 'utf8')
    let [low, high] = [0, byPath.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const file = byPath[middle]!
      const order = key.compare(names, file === 0 ? 0 : nameEnds[file - 1], nameEnds[file])
      if (order === 0) return this.file(file)
      if (order > 0) low = middle + 1
      else high = middle
    }
    return undefined
  }

  /** Where the first of its headers starts. */
  get first(): number {
    return this.#matched.first
  }

  /** Where a file's header starts in the package's directory. */
  header(index: number): number {
    return this.#matched.headers[index]!
  }

  packedBytes(index: number): number {
    return this.#view.getUint32(this.header(index) + 20, true)
  }

  permissions(index: number): number {
    return this.#view.getUint16(this.header(index) + 40, true) & 0o777
  }
}

export class WheelFile implements PackageFile {
  readonly path: string
  readonly #part: WheelPart
  readonly #index: number
  /** `null` until somebody asked. */
  #content: ContentFacts | undefined | null = null

  constructor(part: WheelPart, index: number) {
    this.path = part.whole.pathOf(index)
    this.#part = part
    this.#index = index
  }

  get kind(): 'file' {
    return 'file'
  }

  get bytes(): number {
    return this.#part.whole.bytes[this.#index]!
  }

  get packedBytes(): number {
    return this.#part.packedBytes(this.#index)
  }

  get permissions(): number {
    return this.#part.permissions(this.#index)
  }

  get distribution(): string {
    return this.#part.name
  }

  get crc32(): number {
    return this.#part.whole.crc32[this.#index]!
  }

  get interest(): Interest | undefined {
    return interestIn(this, false)
  }

  get content(): ContentFacts | undefined {
    if (this.#content === null)
      this.#content = this.interest === undefined ? undefined : this.#part.whole.contentOfFile(this.#index)
    return this.#content
  }

  /** Where its header starts in the package's directory. */
  get header(): number {
    return this.#part.header(this.#index)
  }
}

/** All files of a package by path, which are put together when somebody asks for all of them. */
export class PartedFiles implements ReadonlyMap<string, PackageFile> {
  readonly size: number
  readonly #parts: WheelParts
  readonly #all: () => ReadonlyMap<string, PackageFile>
  #map: ReadonlyMap<string, PackageFile> | undefined

  /** @param all gives the files in the order of the package */
  constructor(parts: WheelParts, all: () => ReadonlyMap<string, PackageFile>) {
    this.size = parts.wheels.reduce((sum, { weights }) => sum + weights.files, parts.rest.size)
    this.#parts = parts
    this.#all = all
  }

  get(path: string): PackageFile | undefined {
    if (this.#map) return this.#map.get(path)
    const slash = path.indexOf('/')
    const part = this.#parts.byTop.get(slash < 0 ? path : path.slice(0, slash))
    return part ? part.find(path) : this.#parts.rest.get(path)
  }

  has(path: string): boolean {
    return this.get(path) !== undefined
  }

  keys(): MapIterator<string> {
    return this.#whole().keys()
  }

  values(): MapIterator<PackageFile> {
    return this.#whole().values()
  }

  entries(): MapIterator<[string, PackageFile]> {
    return this.#whole().entries()
  }

  [Symbol.iterator](): MapIterator<[string, PackageFile]> {
    return this.#whole()[Symbol.iterator]()
  }

  forEach(visit: (file: PackageFile, path: string, map: ReadonlyMap<string, PackageFile>) => void): void {
    this.#whole().forEach(visit)
  }

  #whole(): ReadonlyMap<string, PackageFile> {
    return (this.#map ??= this.#all())
  }
}
