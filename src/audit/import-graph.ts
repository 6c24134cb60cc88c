import type { ImportContext } from '../python/block-stack.ts'
import { isStandardLibrary } from '../python/stdlib-modules.ts'
import type { ScannedImport } from '../python/import-scanner.ts'
import type { PackageFacts, PackageFile, TreeFacts } from './facts.ts'
import { ModuleTree, type FoundModule } from './module-tree.ts'
import { absoluteModule } from './wheel-graph.ts'
import { WheelWalk, type OpenImport } from './wheel-walk.ts'
import { doubtfulModules, runtimeOwnModules, sdkDependencies, sdkModules } from './runtime-modules.ts'

/** An import statement in a file that is reached. */
export interface ImportSite {
  readonly file: PackageFile
  readonly tree: TreeFacts
  readonly found: ScannedImport
  /** The statement runs whenever the handler's module is imported. */
  readonly isCertain: boolean
  readonly guard: Guard
}

/**
 * Whether the function goes on without a module, because an import on every way to it is guarded: `strong` whatever is wrong with the module, `weak` when it
 * is absent.
 */
export type Guard = 'none' | 'weak' | 'strong'

export interface MissingModule extends ImportSite {
  /** The full dotted name that was asked for. */
  readonly module: string
  /** Nothing of this name is there: `ModuleNotFoundError`. False when the package is there and only the submodule is not. */
  readonly isTopLevel: boolean
  /** A file that would be it, had it been built for this target. */
  readonly otherBuild?: string | undefined
  /** Of a name in `from … import name`: the own module or folder that neither defines it nor has a submodule of it. */
  readonly undefinedIn?: FoundModule | undefined
}

export interface ReachedFile {
  readonly file: PackageFile
  readonly tree: TreeFacts
  readonly module: string
  readonly isCertain: boolean
  readonly guard: Guard
  /** The path of the file whose import reached it first. */
  readonly importedBy?: string | undefined
}

export interface ImportGraph {
  /** By path; files of layers under `LAYER:path`. Most rules can do with less: */
  readonly reached: ReadonlyMap<string, ReachedFile>
  /** Names of the distributions of which a file is reached. */
  readonly reachedDistributions: ReadonlySet<string>
  /** Files of no distribution that are reached, by their paths. */
  readonly reachedOwn: readonly ReachedFile[]
  /** Whether a file is reached, and not only where the function goes on whatever is wrong with it. */
  readonly isInUse: (path: string) => boolean
  /** Whether a module is reached under this name. */
  readonly reaches: (module: string) => boolean
  /** Own files come first, then by path and line: the same whatever way was found first. */
  readonly missing: readonly MissingModule[]
  /** Imports that the runtime answers from its SDK, in the same order. */
  readonly fromRuntime: readonly (ImportSite & { readonly module: string })[]
  /** Reached code changes `sys.path` or the like: what is missing may yet be found. */
  readonly changesImports: boolean
  /** A handler was there to start from; else the start is every own module. */
  readonly startsAtHandler: boolean
}

const graphs = new WeakMap<PackageFacts, ImportGraph>()

/** Follows the imports from the handler on, through dependencies and layers. */
export function importGraph(facts: PackageFacts): ImportGraph {
  const known = graphs.get(facts)
  if (known) return known
  const graph = new GraphWalk(facts).walk()
  graphs.set(facts, graph)
  return graph
}

class GraphWalk {
  readonly #facts: PackageFacts
  readonly #modules: ModuleTree
  readonly #reached = new Map<string, ReachedFile>()
  readonly #missing: MissingModule[] = []
  readonly #fromRuntime: (ImportSite & { module: string })[] = []
  readonly #nodes = new Map<string, ModuleNode>()
  readonly #topLevel = new Map<string, ModuleNode>()
  /** By rank. */
  readonly #queues: readonly ReachedFile[][] = [[], [], [], []]
  /** The files of known wheels are followed by numbers; then `#facts` are those of the rest. */
  readonly #wheels: WheelWalk | undefined
  readonly #whole: PackageFacts
  #changesImports = false

  constructor(facts: PackageFacts) {
    const { wheels } = facts.package
    this.#whole = facts
    this.#facts = wheels
      ? { ...facts, package: { ...facts.package, files: wheels.rest, noteworthy: undefined, wheels: undefined } }
      : facts
    this.#modules = new ModuleTree(this.#facts)
    this.#wheels =
      wheels &&
      new WheelWalk(wheels, facts.target, {
        hasTop: (name) => this.#childOf(undefined, name).found !== undefined,
        import: (open) => this.#importOpen(open),
      })
  }

  walk(): ImportGraph {
    const start = this.#facts.handlerModule
    if (start) this.#visit(this.#nodeOf(moduleOf(start.path)), { isCertain: true, guard: 'none' })
    else for (const module of this.#ownModules()) this.#visit(this.#nodeOf(module), { isCertain: false, guard: 'none' })
    // What is surest first, so that a file's rank is settled when its imports are read.
    for (let rank = 3; rank >= 0;) {
      const next = this.#queues[rank]!.pop()
      if (!next) {
        if (!this.#wheels?.followOne(rank)) rank -= 1
      } else if (this.#reached.get(keyOf(next.tree, next.file.path, this.#facts)) === next) this.#follow(next)
    }
    return this.#result(start !== undefined)
  }

  #result(startsAtHandler: boolean): ImportGraph {
    const wheels = this.#wheels
    const found = this.#reached
    const reachedDistributions = new Set<string>()
    const reachedOwn: ReachedFile[] = []
    const inUse = new Set<string>()
    const modules = new Set<string>()
    for (const each of found.values()) {
      if (each.file.distribution === undefined) reachedOwn.push(each)
      else reachedDistributions.add(each.file.distribution)
      if (each.guard !== 'strong') inUse.add(each.file.path)
      modules.add(each.module)
    }
    for (const { name } of wheels?.reachedWheels() ?? []) reachedDistributions.add(name)
    let reached: ReadonlyMap<string, ReachedFile> | undefined
    const all = (): ReadonlyMap<string, ReachedFile> => {
      const files = new Map(found)
      for (const { file, module, rank } of wheels?.reachedFiles() ?? [])
        files.set(file.path, { file, module, tree: this.#whole.package, ...suretyOf(rank) })
      return files
    }
    return {
      get reached() {
        return (reached ??= wheels ? all() : found)
      },
      reachedDistributions,
      reachedOwn: reachedOwn.sort((a, b) => (a.file.path < b.file.path ? -1 : 1)),
      isInUse: (path) => inUse.has(path) || (wheels?.isInUse(path) ?? false),
      reaches: (module) => modules.has(module) || (wheels?.reaches(module) ?? false),
      missing: this.#missing.sort(bySite),
      fromRuntime: this.#fromRuntime.sort(bySite),
      changesImports: this.#changesImports,
      startsAtHandler,
    }
  }

  #ownModules(): string[] {
    const { files } = this.#facts.package
    const python = [...files.values()].filter((file) => file.path.endsWith('.py'))
    const own = python.filter((file) => file.distribution === undefined)
    return (own.length > 0 ? own : python).map((file) => moduleOf(file.path))
  }

  #follow(from: ReachedFile): void {
    // Asking a library for its content would unpack it.
    const content = from.file.interest === 'python' ? from.file.content : undefined
    if (content?.kind !== 'python') return
    if (content.changesImports) this.#changesImports = true
    for (const found of content.imports) {
      if (found.context === 'never') continue
      const isCertain = from.isCertain && found.context === 'always'
      const guard = stronger(from.guard, guards[found.context] ?? 'none')
      this.#import({ file: from.file, tree: from.tree, found, isCertain, guard }, from)
    }
  }

  #import(site: ImportSite, from: ReachedFile): void {
    const base = absolute(from, site.found)
    if (base !== undefined) this.#importFrom(base, site)
  }

  #importOpen({ file, found, base, rank }: OpenImport): void {
    this.#importFrom(base, { file, tree: this.#whole.package, found, ...suretyOf(rank) })
  }

  #importFromWheels(wheels: WheelWalk, base: string, site: ImportSite): void {
    for (const { module, isTopLevel, otherBuild } of wheels.import(base, site.found.names, rank(site)))
      if (!isTopLevel || !this.#isFromElsewhere(module, base, site))
        this.#noteMissing(site, isTopLevel ? base : module, isTopLevel, otherBuild)
  }

  #importFrom(base: string, site: ImportSite): void {
    if (this.#wheels?.has(base)) return this.#importFromWheels(this.#wheels, base, site)
    const { names } = site.found
    const node = base === '' ? undefined : this.#importModule(base, site)
    if (base !== '' && !node) return
    if (names === undefined) return
    // Most names that are imported are no modules, and where nothing lies below none can be.
    const mayBeModules = !node || this.#hasFolder(node)
    for (const name of names) {
      if (name === '*') continue
      const child = mayBeModules ? this.#childOf(node, name) : undefined
      if (child?.found) this.#visit(child, site)
      else if (!child || !this.#noteOtherBuild(child, site)) this.#noteUndefined(node, name, site)
    }
  }

  /** A name that an own file asks for, and an own module does not define; where that can be told from its text. */
  #noteUndefined(node: ModuleNode | undefined, name: string, site: ImportSite): void {
    const holder = node?.found
    if (!holder || site.file.distribution !== undefined || /^__\w+__$/.test(name)) return
    if (holder.kind === 'file') {
      const names = holder.tree.files.get(holder.path)?.names
      if (!names || names.isDynamic || names.mayGrow || names.names.has(name)) return
    } else if (!this.#isOwnFolder(holder)) return
    this.#missing.push({ ...site, module: `${node.module}.${name}`, isTopLevel: false, undefinedIn: holder })
  }

  /** A folder that holds nothing of a distribution: parts of a namespace that others share may be anywhere. */
  #isOwnFolder({ path, tree }: FoundModule): boolean {
    for (const file of tree.files.values())
      if (file.distribution !== undefined && file.path.startsWith(`${path}/`)) return false
    return true
  }

  /** Imports each part of a dotted name; `undefined` when one is not there. */
  #importModule(module: string, site: ImportSite): ModuleNode | undefined {
    const node = this.#nodeOf(module)
    this.#visit(node, site)
    if (node.found) return node
    const isTopLevel = node.parent === undefined
    if (isTopLevel && this.#isFromElsewhere(node.module, module, site)) return undefined
    const name = isTopLevel ? module : node.module
    this.#noteMissing(site, name, isTopLevel, this.#otherBuildOf(node))
    return undefined
  }

  /** What a distribution perhaps imports and is nowhere, it does without. */
  #noteMissing(site: ImportSite, module: string, isTopLevel: boolean, otherBuild: string | undefined): void {
    if (site.isCertain || site.file.distribution === undefined || otherBuild !== undefined)
      this.#missing.push({ ...site, module, isTopLevel, otherBuild })
  }

  /** Part by part as far as there is something: the module itself, or the first part that is not there. */
  #nodeOf(module: string): ModuleNode {
    const known = this.#nodes.get(module)
    if (known) return known
    let node: ModuleNode | undefined
    for (const part of module.split('.')) {
      node = this.#childOf(node, part)
      if (!node.found) break
    }
    this.#nodes.set(module, node!)
    return node!
  }

  #childOf(parent: ModuleNode | undefined, name: string): ModuleNode {
    const siblings = parent ? (parent.children ??= new Map<string, ModuleNode>()) : this.#topLevel
    const known = siblings.get(name)
    if (known) return known
    const module = parent ? `${parent.module}.${name}` : name
    const path = parent ? `${parent.path}/${name}` : name
    const found = parent && !this.#hasFolder(parent) ? undefined : this.#modules.find(module, path)
    const node: ModuleNode = { module, path, parent, found, rank: -1, children: undefined, hasFolder: undefined, otherBuild: undefined } // prettier-ignore
    siblings.set(name, node)
    return node
  }

  #hasFolder(node: ModuleNode): boolean {
    return (node.hasFolder ??= this.#modules.hasFolder(node.path))
  }

  #otherBuildOf(node: ModuleNode): string | undefined {
    node.otherBuild ??= { path: this.#modules.otherBuildOf(node.module) }
    return node.otherBuild.path
  }

  #isFromElsewhere(top: string, module: string, site: ImportSite): boolean {
    if (isStandardLibrary(top, this.#facts.target.runtime.minor[1])) return true
    if (sdkModules.has(top) || sdkDependencies.has(top)) {
      this.#fromRuntime.push({ ...site, module })
      return true
    }
    return runtimeOwnModules.has(top) || (doubtfulModules.has(top) && site.file.distribution !== undefined)
  }

  #noteOtherBuild(node: ModuleNode, site: ImportSite): boolean {
    const otherBuild = this.#otherBuildOf(node)
    if (otherBuild !== undefined) this.#missing.push({ ...site, module: node.module, isTopLevel: false, otherBuild })
    return otherBuild !== undefined
  }

  /** Marks a module and the packages around it as reached, from the outermost on. */
  #visit(node: ModuleNode, site: Surety & { readonly file?: PackageFile }): void {
    const wanted = rank(site)
    const path: ModuleNode[] = []
    for (let at: ModuleNode | undefined = node; at && at.rank < wanted; at = at.parent) path.push(at)
    for (let at = path.pop(); at; at = path.pop()) {
      at.rank = wanted
      if (at.found?.kind === 'file') this.#reach(at.found, at.module, site, wanted)
    }
  }

  #reach(
    { path, tree }: FoundModule,
    module: string,
    { isCertain, guard, file: by }: Surety & { readonly file?: PackageFile },
    wanted: number,
  ): void {
    const key = keyOf(tree, path, this.#facts)
    const earlier = this.#reached.get(key)
    if (earlier && rank(earlier) >= wanted) return
    const reached = { file: tree.files.get(path)!, tree, module, isCertain, guard, importedBy: by?.path }
    this.#reached.set(key, reached)
    this.#queues[wanted]!.push(reached)
  }
}

type Surety = Pick<ReachedFile, 'isCertain' | 'guard'>

const strengths: readonly Guard[] = ['strong', 'weak', 'none']

/** As `rankOf` numbers them. */
function rank({ isCertain, guard }: Surety): number {
  return isCertain ? 3 : strengths.indexOf(guard)
}

function suretyOf(rank: number): Surety {
  return { isCertain: rank === 3, guard: strengths[rank] ?? 'none' }
}

function bySite(a: ImportSite & { readonly module: string }, b: typeof a): number {
  const isOwn = Number(b.file.distribution === undefined) - Number(a.file.distribution === undefined)
  if (isOwn !== 0) return isOwn
  if (a.file.path !== b.file.path) return a.file.path < b.file.path ? -1 : 1
  return a.found.line - b.found.line || (a.module < b.module ? -1 : a.module > b.module ? 1 : 0)
}

const guards: Partial<Record<ImportContext, Guard>> = { guarded: 'strong', 'guarded when absent': 'weak' }

function stronger(one: Guard, other: Guard): Guard {
  return strengths[Math.min(strengths.indexOf(one), strengths.indexOf(other))]!
}

/** A part of a dotted name, with what is known of it. */
interface ModuleNode {
  /** The dotted name up to here. */
  readonly module: string
  /** The same as a path. */
  readonly path: string
  readonly parent: ModuleNode | undefined
  readonly found: FoundModule | undefined
  /** The highest rank it was visited with, and every package around it as well; -1 for never. */
  rank: number
  children: Map<string, ModuleNode> | undefined
  hasFolder: boolean | undefined
  otherBuild: { readonly path: string | undefined } | undefined
}

function keyOf(tree: TreeFacts, path: string, facts: PackageFacts): string {
  return tree === facts.package ? path : `${tree.name}:${path}`
}

/** `a/b/__init__.py` is `a.b`. */
export function moduleOf(path: string): string {
  return path
    .replace(/\.(?:py|pyc)$|(?:\.[\w-]+)?\.so$/, '')
    .replace(/(?:^|\/)__init__$/, '')
    .replaceAll('/', '.')
}

/** The absolute name behind an import; undefined when `from ..x import y` climbs out of its package. */
function absolute({ file: { path }, module }: ReachedFile, found: ScannedImport): string | undefined {
  return absoluteModule(module, path.startsWith('__init__.', path.lastIndexOf('/') + 1), found)
}
