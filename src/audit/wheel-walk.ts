import { isStandardLibrary } from '../python/stdlib-modules.ts'
import type { ImportContext } from '../python/block-stack.ts'
import type { AuditTarget, PackageFile } from './facts.ts'
import { extensionSuffixes, isCompiled } from './module-tree.ts'
import { doubtfulModules, runtimeOwnModules } from './runtime-modules.ts'
import type { ScannedImport } from '../python/import-scanner.ts'
import { nodeFlag, nodeWord, openWord, openWords, wordsPerNode, type WheelGraph } from './wheel-graph.ts'
import type { WholeWheel } from './wheel-facts.ts'
import type { WheelPart, WheelParts } from './wheel-parts.ts'

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
  readonly #isInert = new Map<string, boolean>()

  constructor(parts: WheelParts, target: AuditTarget, surroundings: Surroundings) {
    this.#parts = parts
    this.#wheels = parts.wheels.map((part) => new WheelModules(part, target))
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
      if (!this.#isInertIn(wheel, open[word + openWord.top]!)) this.#importOpen(wheel, node, word, rank)
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
    return node >= 0 && wheel!.ranks[node]! >= 0 && wheel!.fileOf(node) !== undefined
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
    for (const wheel of this.#wheels) if (wheel.hasTop(top)) return wheel
    return undefined
  }

  #visit(wheel: WheelModules, node: number, rank: number): void {
    const { ranks } = wheel
    const { nodes } = wheel.graph
    for (let at = node; at >= 0 && ranks[at]! < rank; at = nodes[at * wordsPerNode + nodeWord.parent]! - 1) {
      ranks[at] = rank
      if (wheel.isPython(at)) {
        wheel.isReached = true
        this.#queues[rank]!.push((wheel.part.index << 20) | at)
      } else if (!wheel.isReached && wheel.fileOf(at)) wheel.isReached = true
    }
  }

  #isInertIn(wheel: WheelModules, top: number): boolean {
    const known = wheel.inert[top]!
    if (known !== 0) return known === 1
    const isInert = this.#isInertName(wheel.whole.string(top))
    wheel.inert[top] = isInert ? 1 : 2
    return isInert
  }

  /** Nothing in the package has this name, and nobody needs to. */
  #isInertName(top: string): boolean {
    let isInert = this.#isInert.get(top)
    if (isInert === undefined) {
      const isElsewhere = isStandardLibrary(top, this.#minor) || runtimeOwnModules.has(top) || doubtfulModules.has(top)
      isInert = isElsewhere && !this.has(top) && !this.#surroundings.hasTop(top)
      this.#isInert.set(top, isInert)
    }
    return isInert
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

/** The modules of one wheel, and how surely each is reached. */
class WheelModules {
  readonly part: WheelPart
  readonly whole: WholeWheel
  readonly graph: WheelGraph
  /** By node; -1 for what is not reached. */
  readonly ranks: Int8Array
  /** By string, of the first part of a module's name: 0 not known, 1 nothing to follow, 2 to be followed. */
  readonly inert: Uint8Array
  isReached = false
  readonly #suffixes: readonly string[]
  readonly #tops = new Map<string, number>()
  #byPath: Map<string, number> | undefined
  #paths: string[] | undefined
  #compiled: Map<number, readonly PackageFile[]> | undefined

  constructor(part: WheelPart, target: AuditTarget) {
    this.part = part
    this.whole = part.whole
    this.graph = part.whole.graph
    const count = this.graph.nodes.length / wordsPerNode - 1
    this.ranks = new Int8Array(count).fill(-1)
    this.inert = new Uint8Array(this.whole.strings)
    this.#suffixes = extensionSuffixes({ target })
    const { nodes } = this.graph
    for (const node of part.whole.topNodes)
      this.#tops.set(this.whole.string(nodes[node * wordsPerNode + nodeWord.name]!), node)
  }

  hasTop(name: string): boolean {
    return this.#tops.has(name)
  }

  /** The part of this name below a node, or at the top below -1; -1 when there is none. */
  childOf(node: number, name: string): number {
    if (node < 0) return this.#tops.get(name) ?? -1
    return this.#index().get(`${this.#paths![node]!}/${name}`) ?? -1
  }

  hasFolder(node: number): boolean {
    return (this.#flags(node) & nodeFlag.folder) !== 0
  }

  /** Whether a node's file is Python, whatever the target. */
  isPython(node: number): boolean {
    if ((this.#flags(node) & nodeFlag.compiled) !== 0 && this.#extensionOf(node)) return false
    return this.pythonFile(node) >= 0
  }

  pythonFile(node: number): number {
    return this.graph.nodes[node * wordsPerNode + nodeWord.file]! - 1
  }

  fileOf(node: number): PackageFile | undefined {
    const extension = (this.#flags(node) & nodeFlag.compiled) === 0 ? undefined : this.#extensionOf(node)
    if (extension) return extension
    const file = this.pythonFile(node)
    return file < 0 ? undefined : this.part.file(file)
  }

  /** Whether a node is a module for this target: a folder of type stubs beside an extension for another one is none. */
  isFound(node: number): boolean {
    const flags = this.#flags(node)
    if ((flags & nodeFlag.compiled) === 0) return true
    if (this.fileOf(node)) return true
    return (flags & nodeFlag.folder) !== 0 && this.#holdsModules(node)
  }

  /** A file that would be this module, had it been built for this target. */
  otherBuildOf(node: number): string | undefined {
    return this.#candidates(node)[0]?.path
  }

  moduleOf(node: number): string {
    this.#index()
    return this.#paths![node]!.replaceAll('/', '.')
  }

  isInUse(path: string): boolean {
    const slash = path.lastIndexOf('/') + 1
    const dot = path.indexOf('.', slash)
    // `a/__init__.py` is `a`, every other file has the name of its module.
    const module = path.startsWith('__init__.', slash) ? path.slice(0, slash - 1) : path.slice(0, dot)
    const node = this.#index().get(module)
    return node !== undefined && this.ranks[node]! >= 1 && this.fileOf(node)?.path === path
  }

  #flags(node: number): number {
    return this.graph.nodes[node * wordsPerNode + nodeWord.flags]!
  }

  #extensionOf(node: number): PackageFile | undefined {
    if ((this.#flags(node) & nodeFlag.package) !== 0) return undefined
    const candidates = this.#candidates(node)
    const path = this.#paths![node]!
    for (const suffix of this.#suffixes) {
      const file = candidates.find((candidate) => candidate.path === path + suffix)
      if (file) return file
    }
    return undefined
  }

  #candidates(node: number): readonly PackageFile[] {
    if (!this.#compiled) {
      const byNode = new Map<number, PackageFile[]>()
      const index = this.#index()
      for (const file of [...this.part.noteworthy].sort((a, b) => a.header - b.header)) {
        if (!isCompiled(file.path)) continue
        const slash = file.path.lastIndexOf('/') + 1
        const name = file.path.slice(slash)
        const at = index.get(file.path.slice(0, slash) + name.slice(0, name.indexOf('.')))!
        const known = byNode.get(at)
        if (known) known.push(file)
        else byNode.set(at, [file])
      }
      this.#compiled = byNode
    }
    return this.#compiled.get(node) ?? []
  }

  #holdsModules(folder: number): boolean {
    const { nodes } = this.graph
    for (let node = 0; node < this.ranks.length; node++) {
      let at = node
      while (at >= 0 && at !== folder) at = nodes[at * wordsPerNode + nodeWord.parent]! - 1
      if (at === folder && node !== folder && this.fileOf(node)) return true
    }
    return false
  }

  /** All nodes by their paths. */
  #index(): ReadonlyMap<string, number> {
    if (this.#byPath) return this.#byPath
    const { nodes } = this.graph
    const byPath = new Map<string, number>()
    const paths: string[] = []
    for (let node = 0, at = 0; node < this.ranks.length; node++, at += wordsPerNode) {
      const parent = nodes[at + nodeWord.parent]!
      const name = this.whole.string(nodes[at + nodeWord.name]!)
      const path = parent === 0 ? name : `${paths[parent - 1]!}/${name}`
      paths.push(path)
      byPath.set(path, node)
    }
    this.#paths = paths
    return (this.#byPath = byPath)
  }
}
