import type { ImportContext } from '../python/block-stack.ts'
import { isStandardLibrary } from '../python/stdlib-modules.ts'
import type { ScannedImport } from '../python/import-scanner.ts'
import type { PackageFacts, PackageFile, TreeFacts } from './facts.ts'
import { ModuleTree, type FoundModule } from './module-tree.ts'
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
  /** By path; files of layers under `LAYER:path`. */
  readonly reached: ReadonlyMap<string, ReachedFile>
  readonly missing: readonly MissingModule[]
  /** Imports that the runtime answers from its SDK. */
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
  readonly #chains = new Map<string, Chain>()
  readonly #certain: ReachedFile[] = []
  readonly #possible: ReachedFile[] = []
  readonly #optional: ReachedFile[] = []
  #changesImports = false

  constructor(facts: PackageFacts) {
    this.#facts = facts
    this.#modules = new ModuleTree(facts)
  }

  walk(): ImportGraph {
    const start = this.#facts.handlerModule
    if (start) this.#visit(this.#chainOf(moduleOf(start.path)), { isCertain: true, guard: 'none' })
    else
      for (const module of this.#ownModules()) this.#visit(this.#chainOf(module), { isCertain: false, guard: 'none' })
    // All that is certain first, so that a file's certainty is settled when its imports are read.
    for (;;) {
      const next = this.#certain.pop() ?? this.#possible.pop() ?? this.#optional.pop()
      if (!next) break
      if (this.#reached.get(keyOf(next.tree, next.file.path, this.#facts)) === next) this.#follow(next)
    }
    return {
      reached: this.#reached,
      missing: this.#missing,
      fromRuntime: this.#fromRuntime,
      changesImports: this.#changesImports,
      startsAtHandler: start !== undefined,
    }
  }

  #ownModules(): string[] {
    const { files } = this.#facts.package
    const python = [...files.values()].filter((file) => file.path.endsWith('.py'))
    const own = python.filter((file) => file.distribution === undefined)
    return (own.length > 0 ? own : python).map((file) => moduleOf(file.path))
  }

  #follow(from: ReachedFile): void {
    const { content } = from.file
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
    const { found } = site
    const base = found.level === 0 ? found.module : absolute(from, found)
    if (base === undefined) return
    if (base !== '' && !this.#importModule(base, site)) return
    for (const name of found.names ?? []) {
      if (name === '*') continue
      const module = base === '' ? name : `${base}.${name}`
      const chain = this.#chainOf(module)
      if (chain.missing === undefined) this.#visit(chain, site)
      else this.#noteOtherBuild(module, site)
    }
  }

  /** Imports each part of a dotted name; false when one is not there. */
  #importModule(module: string, site: ImportSite): boolean {
    const chain = this.#chainOf(module)
    this.#visit(chain, site)
    if (chain.missing === undefined) return true
    const isTopLevel = chain.found.length === 0
    if (isTopLevel && this.#isFromElsewhere(chain.missing, module, site)) return false
    const name = isTopLevel ? module : chain.missing
    this.#missing.push({ ...site, module: name, isTopLevel, otherBuild: this.#modules.otherBuildOf(chain.missing) })
    return false
  }

  /** What is found for each part of a dotted name, up to the first that is not. */
  #chainOf(module: string): Chain {
    const known = this.#chains.get(module)
    if (known) return known
    const dot = module.lastIndexOf('.')
    const before: Chain = dot < 0 ? { found: [], missing: undefined } : this.#chainOf(module.slice(0, dot))
    let chain = before
    if (before.missing === undefined) {
      const found = this.#modules.find(module)
      chain = found
        ? { found: [...before.found, { ...found, module }], missing: undefined }
        : { found: before.found, missing: module }
    }
    this.#chains.set(module, chain)
    return chain
  }

  #isFromElsewhere(top: string, module: string, site: ImportSite): boolean {
    if (isStandardLibrary(top, this.#facts.target.runtime.minor[1])) return true
    if (sdkModules.has(top) || sdkDependencies.has(top)) {
      this.#fromRuntime.push({ ...site, module })
      return true
    }
    return runtimeOwnModules.has(top) || (doubtfulModules.has(top) && site.file.distribution !== undefined)
  }

  #noteOtherBuild(module: string, site: ImportSite): void {
    const otherBuild = this.#modules.otherBuildOf(module)
    if (otherBuild !== undefined) this.#missing.push({ ...site, module, isTopLevel: false, otherBuild })
  }

  /** Marks a module and the packages around it as reached. */
  #visit(chain: Chain, site: Surety & { readonly file?: PackageFile }): void {
    for (const { kind, path, tree, module } of chain.found) {
      if (kind !== 'file') continue
      const key = keyOf(tree, path, this.#facts)
      const earlier = this.#reached.get(key)
      if (earlier && rank(earlier) >= rank(site)) continue
      const { isCertain, guard } = site
      const reached: ReachedFile = {
        file: tree.files.get(path)!,
        tree,
        module,
        isCertain,
        guard,
        importedBy: site.file?.path,
      }
      this.#reached.set(key, reached)
      const queue = isCertain ? this.#certain : guard === 'none' ? this.#possible : this.#optional
      queue.push(reached)
    }
  }
}

type Surety = Pick<ReachedFile, 'isCertain' | 'guard'>

const strengths: readonly Guard[] = ['strong', 'weak', 'none']

function rank({ isCertain, guard }: Surety): number {
  return isCertain ? 3 : strengths.indexOf(guard)
}

const guards: Partial<Record<ImportContext, Guard>> = { guarded: 'strong', 'guarded when absent': 'weak' }

function stronger(one: Guard, other: Guard): Guard {
  return strengths[Math.min(strengths.indexOf(one), strengths.indexOf(other))]!
}

/** What was found of a dotted name, package by package; `missing` is the first part that was not. */
interface Chain {
  readonly found: readonly (FoundModule & { readonly module: string })[]
  readonly missing: string | undefined
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

/** The absolute name behind `from ..x import y`; undefined when it climbs out of its package. */
function absolute(from: ReachedFile, found: ScannedImport): string | undefined {
  const isPackage = /(?:^|\/)__init__\.[^/]+$/.test(from.file.path)
  const parts = from.module.split('.')
  const up = isPackage ? found.level - 1 : found.level
  if (up >= parts.length) return undefined
  const base = up === 0 ? parts : parts.slice(0, -up)
  return [...base, ...(found.module === '' ? [] : [found.module])].join('.')
}
