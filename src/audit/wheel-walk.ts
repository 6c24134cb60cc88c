import { isStandardLibrary } from '../python/stdlib-modules.ts'
import type { ImportContext } from '../python/block-stack.ts'
import type { AuditTarget, PackageFile } from './facts.ts'
import { addTo } from '../base/groups.ts'
import { extensionSuffixes } from './module-tree.ts'
import { doubtfulModules, runtimeOwnModules, sdkDependencies, sdkModules } from './runtime-modules.ts'
import type { ScannedImport } from '../python/import-scanner.ts'
import { nodeFlag, nodeWord, openWord, openWords, wordsPerNode, type WheelGraph } from './wheel-graph.ts'
import type { WholeWheel } from './wheel-facts.ts'
import type { WheelFile, WheelPart, WheelParts } from './wheel-parts.ts'

/** An import out of a wheel's file, as far as the wheel itself does not answer it. */
export interface OpenImport {
  readonly file: PackageFile
  readonly found: ScannedImport
  /** Absolute. */
  readonly base: string
  /** How surely what it imports is reached, see `rankOf`. */
  readonly rank: number
}

/** What the walk through the other files of the package is told. */
export interface Surroundings {
  /** Whether a file or folder of no wheel has this name at the top. */
  readonly hasTop: (name: string) => boolean
  readonly import: (open: OpenImport) => void
}

/** A module that a wheel does not have, or not for this target. */
export interface AbsentModule {
  readonly module: string
  readonly isTopLevel: boolean
  readonly otherBuild: string | undefined
}

/** Follows imports through wheels by numbers: the modules of a wheel know where theirs lead, in `WheelGraph`. */
export class WheelWalk {
  readonly #parts: WheelParts
  readonly #wheels: readonly WheelModules[]
  readonly #surroundings: Surroundings
  readonly #minor: number
  /** Files to be followed, by rank: `wheel << 20 | node`. */
  readonly #queues: readonly number[][] = [[], [], [], []]
  readonly #follows = new Map<string, number>()
  /** Wheels by the names of their modules at the top. */
  readonly #byModule = new Map<string, WheelModules>()

  constructor(parts: WheelParts, target: AuditTarget, surroundings: Surroundings) {
    this.#parts = parts
    this.#wheels = parts.wheels.map((part) => new WheelModules(part, target))
    for (const wheel of this.#wheels) for (const name of wheel.childrenOf(-1).keys()) this.#byModule.set(name, wheel)
    this.#surroundings = surroundings
    this.#minor = target.runtime.minor[1]
  }

  /** Whether a module would be one of a wheel. */
  has(module: string): boolean {
    return this.#wheelOf(module) !== undefined
  }

  /**
   * Marks what an import reaches: the module, the packages around it, and those of `names` that are modules. Answers what is not there.
   */
  import(base: string, names: readonly string[] | undefined, rank: number): readonly AbsentModule[] {
    const wheel = this.#wheelOf(base)!
    const parts = base.split('.')
    let node = -1
    for (let index = 0; index < parts.length; index++) {
      const next = wheel.childOf(node, parts[index]!)
      if (next < 0 || !wheel.isFound(next)) {
        if (node >= 0) this.#visit(wheel, node, rank)
        const module = parts.slice(0, index + 1).join('.')
        const otherBuild = next < 0 ? undefined : wheel.otherBuildOf(next)
        return [{ module, isTopLevel: index === 0, otherBuild }]
      }
      node = next
    }
    this.#visit(wheel, node, rank)
    const absent: AbsentModule[] = []
    if (names === undefined || !wheel.hasFolder(node)) return absent
    for (const name of names) {
      const child = name === '*' ? -1 : wheel.childOf(node, name)
      if (child < 0) continue
      if (wheel.isFound(child)) this.#visit(wheel, child, rank)
      else absent.push({ module: `${base}.${name}`, isTopLevel: false, otherBuild: wheel.otherBuildOf(child) })
    }
    return absent
  }

  /** Follows one file that was reached with this rank; false when there is none left. */
  followOne(rank: number): boolean {
    const next = this.#queues[rank]!.pop()
    if (next === undefined) return false
    const wheel = this.#wheels[next >>> 20]!
    const node = next & 0xfffff
    // What was reached more surely meanwhile is in another queue, or was followed.
    if (wheel.ranks[node] !== rank) return true
    const { nodes, edges, open } = wheel.graph
    const at = node * wordsPerNode
    const edgesEnd = nodes[at + wordsPerNode + nodeWord.edges]!
    for (let edge = nodes[at + nodeWord.edges]!; edge < edgesEnd; edge++) {
      const reached = Math.min(rank, edges[edge]! & 3)
      const target = edges[edge]! >>> 2
      if (wheel.ranks[target]! < reached) this.#visit(wheel, target, reached)
    }
    const openEnd = nodes[at + wordsPerNode + nodeWord.open]!
    for (let word = nodes[at + nodeWord.open]!; word < openEnd;) {
      const named = open[word + openWord.names]!
      const follows = this.#followsIn(wheel, open[word + openWord.top]!)
      if (Math.min(rank, open[word + openWord.rank]!) >= follows) this.#importOpen(wheel, node, word, rank)
      word += openWords + Math.max(0, named - 1)
    }
    return true
  }

  /** Whether a file is reached, and not only where the function goes on without it. */
  isInUse(path: string): boolean {
    const slash = path.indexOf('/')
    const part = this.#parts.byTop.get(slash < 0 ? path : path.slice(0, slash))
    return part !== undefined && this.#wheels[part.index]!.isInUse(path)
  }

  /** Whether a module at the top of a wheel is reached. */
  reaches(module: string): boolean {
    const wheel = this.#wheelOf(module)
    const node = wheel ? wheel.childOf(-1, module) : -1
    return node >= 0 && wheel!.ranks[node]! >= 0 && wheel!.hasFile(node)
  }

  /** Wheels of which a file is reached. */
  *reachedWheels(): Generator<WheelPart> {
    for (const wheel of this.#wheels) if (wheel.isReached) yield wheel.part
  }

  /** Every file that is reached. */
  *reachedFiles(): Generator<{ readonly file: PackageFile; readonly module: string; readonly rank: number }> {
    for (const wheel of this.#wheels)
      for (let node = 0; node < wheel.ranks.length; node++) {
        const file = wheel.ranks[node]! < 0 ? undefined : wheel.fileOf(node)
        if (file) yield { file, module: wheel.moduleOf(node), rank: wheel.ranks[node]! }
      }
  }

  #wheelOf(module: string): WheelModules | undefined {
    const dot = module.indexOf('.')
    const top = dot < 0 ? module : module.slice(0, dot)
    return this.#byModule.get(top)
  }

  #visit(wheel: WheelModules, node: number, rank: number): void {
    const { ranks } = wheel
    const { nodes } = wheel.graph
    for (let at = node; at >= 0 && ranks[at]! < rank; at = nodes[at * wordsPerNode + nodeWord.parent]! - 1) {
      ranks[at] = rank
      if (wheel.isPython(at)) {
        wheel.isReached = true
        this.#queues[rank]!.push((wheel.part.index << 20) | at)
      } else if (!wheel.isReached && wheel.hasFile(at)) wheel.isReached = true
    }
  }

  /** The rank from which on imports of a module by this first part of its name are of interest to anybody; 4 for never. */
  #followsIn(wheel: WheelModules, top: number): number {
    const known = wheel.follow[top]!
    if (known !== 0) return known - 1
    const name = wheel.whole.string(top)
    let follows = this.#follows.get(name)
    if (follows === undefined) this.#follows.set(name, (follows = this.#followsName(name)))
    wheel.follow[top] = follows + 1
    return follows
  }

  #followsName(top: string): number {
    if (this.has(top) || this.#surroundings.hasTop(top)) return 0
    const isElsewhere = isStandardLibrary(top, this.#minor) || runtimeOwnModules.has(top) || doubtfulModules.has(top)
    if (isElsewhere) return 4
    // What a distribution imports and is nowhere is told where it is certain.
    return sdkModules.has(top) || sdkDependencies.has(top) ? 0 : 3
  }

  #importOpen(wheel: WheelModules, node: number, word: number, from: number): void {
    const { open } = wheel.graph
    const { whole } = wheel
    const rank = Math.min(from, open[word + openWord.rank]!)
    const named = open[word + openWord.names]!
    const names: string[] = []
    for (let index = 0; index < named - 1; index++) names.push(whole.string(open[word + openWords + index]!))
    const found: ScannedImport = {
      module: whole.string(open[word + openWord.module]!),
      level: open[word + openWord.level]!,
      names: named === 0 ? undefined : names,
      line: open[word + openWord.line]!,
      context: whole.string(open[word + openWord.context]!) as ImportContext,
    }
    const file = wheel.part.file(wheel.pythonFile(node))
    this.#surroundings.import({ file, found, base: whole.string(open[word + openWord.base]!), rank })
  }
}

/** What a node is for a target. */
const is = { unknown: 0, python: 1, extension: 2, folder: 3, absent: 4 } as const

/** The modules of one wheel, and how surely each is reached. */
class WheelModules {
  readonly part: WheelPart
  readonly whole: WholeWheel
  readonly graph: WheelGraph
  /** By node; -1 for what is not reached. */
  readonly ranks: Int8Array
  /** By string, of the first part of a module's name: the rank from which on its imports are followed and one more, 0 while nobody knows. */
  readonly follow: Uint8Array
  isReached = false
  readonly #suffixes: readonly string[]
  readonly #is: Uint8Array
  readonly #children = new Map<number, ReadonlyMap<string, number>>()
  #childLists: { readonly first: Int32Array; readonly next: Int32Array } | undefined
  #extensions: ReadonlyMap<number, readonly WheelFile[]> | undefined

  constructor(part: WheelPart, target: AuditTarget) {
    this.part = part
    this.whole = part.whole
    this.graph = part.whole.graph
    const count = this.graph.nodes.length / wordsPerNode - 1
    this.ranks = new Int8Array(count).fill(-1)
    this.follow = new Uint8Array(this.whole.strings)
    this.#is = new Uint8Array(count)
    this.#suffixes = extensionSuffixes({ target })
  }

  /** The part of this name below a node, or at the top below -1; -1 when there is none. */
  childOf(node: number, name: string): number {
    return this.childrenOf(node).get(name) ?? -1
  }

  /** Nodes below a node, or at the top below -1, by name. */
  childrenOf(node: number): ReadonlyMap<string, number> {
    const known = this.#children.get(node)
    if (known) return known
    const { first, next } = this.#lists()
    const children = new Map<string, number>()
    for (let child = first[node + 1]!; child >= 0; child = next[child]!) children.set(this.#nameOf(child), child)
    this.#children.set(node, children)
    return children
  }

  hasFolder(node: number): boolean {
    return (this.#flags(node) & nodeFlag.folder) !== 0
  }

  /** Whether a node's file is Python, for this target. */
  isPython(node: number): boolean {
    return this.#kindOf(node) === is.python
  }

  /** Whether a node is a module for this target: a folder of type stubs beside an extension for another one is none. */
  isFound(node: number): boolean {
    return this.#kindOf(node) !== is.absent
  }

  pythonFile(node: number): number {
    return this.graph.nodes[node * wordsPerNode + nodeWord.file]! - 1
  }

  hasFile(node: number): boolean {
    const kind = this.#kindOf(node)
    return kind === is.python || kind === is.extension
  }

  fileOf(node: number): PackageFile | undefined {
    const kind = this.#kindOf(node)
    if (kind === is.python) return this.part.file(this.pythonFile(node))
    return kind === is.extension ? this.#extensionOf(node) : undefined
  }

  /** A file that would be this module, had it been built for this target. */
  otherBuildOf(node: number): string | undefined {
    return this.#candidates(node)[0]?.path
  }

  moduleOf(node: number): string {
    return this.#pathOf(node).replaceAll('/', '.')
  }

  isInUse(path: string): boolean {
    const slash = path.lastIndexOf('/') + 1
    // `a/__init__.py` is `a`, every other file has the name of its module.
    const isPackage = path.startsWith('__init__.', slash)
    const module = path.slice(0, isPackage ? slash - 1 : path.indexOf('.', slash))
    let node = -1
    for (const name of module.split('/')) {
      node = this.childOf(node, name)
      if (node < 0) return false
    }
    return this.ranks[node]! >= 1 && this.fileOf(node)?.path === path
  }

  #kindOf(node: number): number {
    const known = this.#is[node]!
    if (known !== is.unknown) return known
    const flags = this.#flags(node)
    const other = this.pythonFile(node) >= 0 ? is.python : is.folder
    let kind: number = other
    if ((flags & nodeFlag.compiled) !== 0 && (flags & nodeFlag.package) === 0) {
      if (this.#extensionOf(node)) kind = is.extension
      else if (other === is.folder && ((flags & nodeFlag.folder) === 0 || !this.#holdsModules(node))) kind = is.absent
    }
    this.#is[node] = kind
    return kind
  }

  #flags(node: number): number {
    return this.graph.nodes[node * wordsPerNode + nodeWord.flags]!
  }

  #nameOf(node: number): string {
    return this.whole.string(this.graph.nodes[node * wordsPerNode + nodeWord.name]!)
  }

  #pathOf(node: number): string {
    const parent = this.graph.nodes[node * wordsPerNode + nodeWord.parent]! - 1
    return parent < 0 ? this.#nameOf(node) : `${this.#pathOf(parent)}/${this.#nameOf(node)}`
  }

  #extensionOf(node: number): PackageFile | undefined {
    const path = this.#pathOf(node)
    const candidates = this.#candidates(node)
    for (const suffix of this.#suffixes) {
      const file = candidates.find((candidate) => candidate.path === path + suffix)
      if (file) return file
    }
    return undefined
  }

  /** Extension modules of a node's name, for whatever target, in the order of the package. */
  #candidates(node: number): readonly WheelFile[] {
    if (!this.#extensions) {
      const { compiled } = this.graph
      const byNode = new Map<number, WheelFile[]>()
      for (let at = 0; at < compiled.length; at += 2) addTo(byNode, compiled[at]!, this.part.file(compiled[at + 1]!))
      for (const files of byNode.values()) files.sort((a, b) => a.header - b.header)
      this.#extensions = byNode
    }
    return this.#extensions.get(node) ?? []
  }

  #holdsModules(folder: number): boolean {
    const { nodes } = this.graph
    for (let node = 0; node < this.ranks.length; node++) {
      let at = node
      while (at >= 0 && at !== folder) at = nodes[at * wordsPerNode + nodeWord.parent]! - 1
      if (at === folder && node !== folder && this.hasFile(node)) return true
    }
    return false
  }

  /** The first child of each node, of the top at 0, and the next one beside each. */
  #lists(): { readonly first: Int32Array; readonly next: Int32Array } {
    if (this.#childLists) return this.#childLists
    const { nodes } = this.graph
    const count = this.ranks.length
    const first = new Int32Array(count + 1).fill(-1)
    const next = new Int32Array(count)
    for (let node = 0, at = nodeWord.parent as number; node < count; node++, at += wordsPerNode) {
      const parent = nodes[at]!
      next[node] = first[parent]!
      first[parent] = node
    }
    return (this.#childLists = { first, next })
  }
}
