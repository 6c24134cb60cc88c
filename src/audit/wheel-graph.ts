import type { ImportContext } from '../python/block-stack.ts'
import type { ScannedImport } from '../python/import-scanner.ts'
import { isCompiled } from './module-tree.ts'

/**
 * The modules of a wheel and what they import of one another, resolved once when the wheel comes. What lies in its own folders does not
 * change with the package around it; what does, and what depends on the target, stays as it was written: `open`.
 */
export interface WheelGraph {
  /** `wordsPerNode` each, parents before children, and a last one that only tells where the others end. */
  readonly nodes: ArrayLike<number>
  /** Targets: `node << 2 | rank`, see `rankOf`. */
  readonly edges: ArrayLike<number>
  /** Statements that are looked at anew, `openWords` numbers and their names. */
  readonly open: ArrayLike<number>
  /** Extension modules, for whatever target: node and file by turns. */
  readonly compiled: ArrayLike<number>
}

/** Words of a node: its parent and its Python file, 0 for none and else one more; `nodeFlags`; its name; where its edges and its open statements start. */
export const nodeWord = { parent: 0, file: 1, flags: 2, name: 3, edges: 4, open: 5 } as const
export const wordsPerNode = 6
/** `folder`: something lies below it. `compiled`: files of this name are extension modules, so that the target decides what it is. `package`: its file is `__init__.py`. */
export const nodeFlag = { folder: 1, compiled: 2, package: 4 } as const

/** Words of an open statement; behind them its names. Texts are numbers of strings. */
export const openWord = { top: 0, base: 1, rank: 2, line: 3, context: 4, module: 5, level: 6, names: 7 } as const
export const openWords = 8

/**
 * How surely what a statement imports is reached from a file that is surely reached: 3 certain, 2 perhaps, 1 where only its absence is
 * guarded, 0 guarded; -1 never. What is reached through several is as sure as the weakest of them.
 */
export function rankOf(context: ImportContext): number {
  if (context === 'always') return 3
  if (context === 'never') return -1
  if (context === 'guarded') return 0
  return context === 'guarded when absent' ? 1 : 2
}

/** A file of a wheel, as its graph needs it. */
export interface GraphFile {
  readonly name: string
  readonly imports: readonly ScannedImport[] | undefined
}

interface Node {
  readonly index: number
  readonly path: string
  readonly name: string
  readonly parent: Node | undefined
  file: number
  flags: number
}

/** Resolves the imports of a wheel among its own modules. `idOf` numbers strings. Undefined for modules that are laid out as no wheel is expected to. */
export function makeWheelGraph(files: readonly GraphFile[], idOf: (text: string) => number): WheelGraph | undefined {
  const nodes = new Map<string, Node>()
  const nodeAt = (path: string): Node => {
    const known = nodes.get(path)
    if (known) return known
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? undefined : nodeAt(path.slice(0, slash))
    if (parent) parent.flags |= nodeFlag.folder
    const node = { index: nodes.size, path, name: path.slice(slash + 1), parent, file: -1, flags: 0 }
    nodes.set(path, node)
    return node
  }
  const compiled: number[] = []
  for (const [index, { name }] of files.entries()) {
    const slash = name.lastIndexOf('/')
    if (slash > 0) nodeAt(name.slice(0, slash)).flags |= nodeFlag.folder
    const base = name.slice(slash + 1)
    if (isCompiled(name)) {
      if (base.startsWith('__init__.')) return undefined
      const node = nodeAt(name.slice(0, slash + 1) + base.slice(0, base.indexOf('.')))
      node.flags |= nodeFlag.compiled
      compiled.push(node.index, index)
    } else if (base === '__init__.py' && slash > 0) {
      const node = nodeAt(name.slice(0, slash))
      node.file = index
      node.flags |= nodeFlag.package
    } else if (base.endsWith('.py')) {
      const node = nodeAt(name.slice(0, -3))
      if ((node.flags & nodeFlag.package) === 0) node.file = index
    }
  }
  const words: number[] = []
  const edges: number[] = []
  const open: number[] = []
  const all = [...nodes.values()]
  for (const node of all) {
    words.push((node.parent?.index ?? -1) + 1, node.file + 1, node.flags, idOf(node.name), edges.length, open.length)
    const imports = node.file < 0 ? undefined : files[node.file]!.imports
    if (imports) addImports(node, imports)
  }
  words.push(0, 0, 0, 0, edges.length, open.length)
  return { nodes: words, edges, open, compiled }

  function addImports(node: Node, imports: readonly ScannedImport[]): void {
    const best = new Map<number, number>()
    const reach = (target: Node, rank: number): void => {
      if (rank > (best.get(target.index) ?? -1)) best.set(target.index, rank)
    }
    for (const found of imports) {
      const rank = rankOf(found.context)
      const module = node.path.replaceAll('/', '.')
      const base = rank < 0 ? undefined : absoluteModule(module, (node.flags & nodeFlag.package) !== 0, found)
      if (base === undefined) continue
      const target = settled(base)
      if (!target) {
        addOpen(found, rank, base, found.names)
        continue
      }
      reach(target, rank)
      if (found.names === undefined || (target.flags & nodeFlag.folder) === 0) continue
      const unsettled: string[] = []
      for (const name of found.names) {
        const child = name === '*' ? undefined : nodes.get(`${target.path}/${name}`)
        if (!child) continue
        if ((child.flags & nodeFlag.compiled) === 0) reach(child, rank)
        else unsettled.push(name)
      }
      if (unsettled.length > 0) addOpen(found, rank, base, unsettled)
    }
    for (const [index, rank] of best) edges.push((index << 2) | rank)
  }

  /** The module of this name, when it is one for every target. */
  function settled(module: string): Node | undefined {
    let path = ''
    let node: Node | undefined
    for (const part of module.split('.')) {
      path = path === '' ? part : `${path}/${part}`
      node = nodes.get(path)
      if (!node || (node.flags & nodeFlag.compiled) !== 0) return undefined
    }
    return node
  }

  function addOpen(found: ScannedImport, rank: number, base: string, names: readonly string[] | undefined): void {
    const dot = base.indexOf('.')
    open.push(
      idOf(dot < 0 ? base : base.slice(0, dot)),
      idOf(base),
      rank,
      found.line,
      idOf(found.context),
      idOf(found.module),
      found.level,
      names === undefined ? 0 : names.length + 1,
    )
    for (const name of names ?? []) open.push(idOf(name))
  }
}

/** The absolute name behind `from ..x import y` in a module; undefined when it climbs out of its package. */
export function absoluteModule(
  module: string,
  isPackage: boolean,
  found: Pick<ScannedImport, 'level' | 'module'>,
): string | undefined {
  if (found.level === 0) return found.module
  let base = module
  for (let up = isPackage ? found.level - 1 : found.level; up > 0; up--) {
    const dot = base.lastIndexOf('.')
    if (dot < 0) return undefined
    base = base.slice(0, dot)
  }
  return found.module === '' ? base : `${base}.${found.module}`
}
