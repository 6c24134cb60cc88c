import { addTo } from '../base/groups.ts'
import type { PackageFacts, TreeFacts } from './facts.ts'
import { noteworthyFiles } from './tree-files.ts'

/** Where a module was found. */
export interface FoundModule {
  /** `file`: a module or package; `namespace`: a folder without `__init__`. */
  readonly kind: 'file' | 'namespace'
  /** Path of the file in its tree; of a namespace, its folder. */
  readonly path: string
  readonly tree: TreeFacts
}

/** A folder of `sys.path` that the package or a layer fills. */
export interface SearchRoot {
  readonly tree: TreeFacts
  /** '' or a folder ending in `/`. */
  readonly prefix: string
}

/** `/var/task` first, then `/opt/python/lib/python3.x/site-packages`, then `/opt/python` (execution-environment reference, 1.4). */
export function searchRoots(facts: PackageFacts): readonly SearchRoot[] {
  const version = facts.target.runtime.python
  // A later layer is unpacked over an earlier one.
  const layers = [...facts.layers].reverse()
  return [
    { tree: facts.package, prefix: '' },
    ...pathConfigurationRoots(facts.package),
    ...layers.map((tree) => ({ tree, prefix: `python/lib/python${version}/site-packages/` })),
    ...layers.map((tree) => ({ tree, prefix: 'python/' })),
  ]
}

/** Folders that `.pth` files at the root add: the bootstrap calls `site.addsitedir` on `/var/task`. */
function pathConfigurationRoots(tree: TreeFacts): SearchRoot[] {
  const roots: SearchRoot[] = []
  for (const file of noteworthyFiles(tree)) {
    const content = file.interest === 'path configuration' ? file.content : undefined
    if (content?.kind !== 'path configuration') continue
    for (const line of content.lines)
      if (!/^import[ \t]/.test(line) && !line.startsWith('/'))
        roots.push({ tree, prefix: `${line.trim().replace(/^\.\//, '').replace(/\/$/, '')}/` })
  }
  return roots
}

interface IndexedRoot {
  readonly root: SearchRoot
  /** Files that Python would import, by their path without suffix and `__init__`. */
  readonly files: ReadonlyMap<string, { readonly found: FoundModule; readonly rank: number }>
  readonly folders: ReadonlySet<string>
}

/** Several rules ask about the same package; indexing its files is most of the work. */
const indexes = new WeakMap<PackageFacts, readonly IndexedRoot[]>()

/** Finds modules as the import system would, over the files of the package and its layers. */
export class ModuleTree {
  readonly #roots: readonly IndexedRoot[]
  readonly #binariesOf = new Map<SearchRoot, ReadonlyMap<string, readonly string[]>>()

  constructor(facts: PackageFacts) {
    const known = indexes.get(facts)
    const suffixes = extensionSuffixes(facts)
    this.#roots =
      known ??
      searchRoots(facts).map((root) => ({
        root,
        files: modulesOf(root, suffixes),
        folders: foldersOf(root),
      }))
    if (!known) indexes.set(facts, this.#roots)
  }

  /** The module of this dotted name; a file wins over a namespace folder of an earlier root, as in CPython. */
  find(module: string, path = module.replaceAll('.', '/')): FoundModule | undefined {
    let namespace: FoundModule | undefined
    for (const { root, files, folders } of this.#roots) {
      const file = files.get(path)
      if (file) return file.found
      if (!namespace && folders.has(root.prefix + path))
        namespace = { kind: 'namespace', path: root.prefix + path, tree: root.tree }
    }
    // A folder of type stubs beside an extension module that is for another target: whoever imports it wants the extension.
    return namespace && this.otherBuildOf(module) !== undefined && !this.#holdsModules(path) ? undefined : namespace
  }

  #holdsModules(folder: string): boolean {
    return this.#roots.some(({ files }) => {
      for (const path of files.keys()) if (path.startsWith(`${folder}/`)) return true
      return false
    })
  }

  /** Whether anything at all lies below a module, given as a path; without a folder of its name nothing can, and most names that are imported are no modules. */
  hasFolder(path: string): boolean {
    return this.#roots.some(({ root, folders }) => folders.has(root.prefix + path))
  }

  /** A file that would be this module, had it been built for this Python, architecture and system. */
  otherBuildOf(module: string): string | undefined {
    const path = module.replaceAll('.', '/')
    const slash = path.lastIndexOf('/') + 1
    for (const { root } of this.#roots) {
      const folder = root.prefix + path.slice(0, slash)
      const name = path.slice(slash)
      for (const candidate of this.#binaries(root).get(folder) ?? [])
        if (candidate.slice(folder.length).startsWith(`${name}.`)) return candidate
    }
    return undefined
  }

  /** Shared libraries by their folder. */
  #binaries(root: SearchRoot): ReadonlyMap<string, readonly string[]> {
    const known = this.#binariesOf.get(root)
    if (known) return known
    const binaries = new Map<string, string[]>()
    for (const path of root.tree.files.keys()) {
      if (!isCompiled(path)) continue
      const folder = path.slice(0, path.lastIndexOf('/') + 1)
      addTo(binaries, folder, path)
    }
    this.#binariesOf.set(root, binaries)
    return binaries
  }

  /** Names that `import NAME` would find. */
  topLevelNames(): ReadonlySet<string> {
    const names = new Set<string>()
    for (const { root } of this.#roots) {
      const start = root.prefix.length
      let folder = ''
      for (const path of root.tree.files.keys()) {
        if (!path.startsWith(root.prefix) || (folder !== '' && path.startsWith(folder, start))) continue
        const slash = path.indexOf('/', start)
        if (slash >= 0) folder = path.slice(start, slash + 1)
        const name = slash < 0 ? moduleOfFile(path.slice(start)) : path.slice(start, slash)
        if (name !== undefined && /^[^\d\W][\w]*$/u.test(name)) names.add(name)
      }
    }
    return names
  }
}

/** In the order in which the import system tries them: packages before modules, extensions before sources before bytecode. */
function modulesOf({ tree, prefix }: SearchRoot, suffixes: readonly string[]): IndexedRoot['files'] {
  const files = new Map<string, { found: FoundModule; rank: number }>()
  const endings = [...suffixes, '.py', '.pyc']
  for (const path of tree.files.keys()) {
    if (!path.startsWith(prefix)) continue
    const ending = endingOf(path, endings)
    if (ending < 0) continue
    const end = path.length - endings[ending]!.length
    const isPackage = path.endsWith('/__init__', end) && end - 9 >= prefix.length
    const key = path.slice(prefix.length, isPackage ? end - 9 : end)
    const rank = ending + (isPackage ? 0 : endings.length)
    const earlier = files.get(key)
    if (!earlier || rank < earlier.rank) files.set(key, { found: { kind: 'file', path, tree }, rank })
  }
  return files
}

/** Which of the endings a path has, the first that fits; -1 for most files of a package, told by their last letter alone. */
function endingOf(path: string, endings: readonly string[]): number {
  const last = path.charCodeAt(path.length - 1)
  if (last !== 0x79 && last !== 0x6f && last !== 0x63) return -1
  for (let index = 0; index < endings.length; index++) if (path.endsWith(endings[index]!)) return index
  return -1
}

/** Whether it is named as extension modules are, on whatever system. */
export function isCompiled(path: string): boolean {
  return /\.(?:so|pyd|dylib)$/.test(path)
}

/** What an extension module may be called for this target, as the import system tries them. */
export function extensionSuffixes(facts: Pick<PackageFacts, 'target'>): readonly string[] {
  const { runtime, architecture } = facts.target
  const machine = architecture === 'arm64' ? 'aarch64' : 'x86_64'
  const tag = `${runtime.minor[0]}${runtime.minor[1]}`
  return [`.cpython-${tag}-${machine}-linux-gnu.so`, '.abi3.so', '.so']
}

function moduleOfFile(name: string): string | undefined {
  return /^([^.]+)(?:\.py|\.pyc|(?:\.[\w-]+)?\.so)$/.exec(name)?.[1]
}

function foldersOf({ tree, prefix }: SearchRoot): ReadonlySet<string> {
  const folders = new Set<string>()
  let latest = ''
  for (const path of tree.files.keys()) {
    // Neighbours in an archive lie in one folder mostly.
    if (latest !== '' && path.startsWith(latest) && !path.includes('/', latest.length)) continue
    if (!path.startsWith(prefix)) continue
    latest = path.slice(0, path.lastIndexOf('/') + 1)
    for (let slash = latest.length - 1; slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  for (const folder of tree.folders.keys()) if (folder.startsWith(prefix)) folders.add(folder)
  return folders
}
