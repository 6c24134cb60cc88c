import type { PackageFacts, TreeFacts } from './facts.ts'

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
    ...layers.map((tree) => ({ tree, prefix: `python/lib/python${version}/site-packages/` })),
    ...layers.map((tree) => ({ tree, prefix: 'python/' })),
  ]
}

/** Finds modules as the import system would, over the files of the package and its layers. */
export class ModuleTree {
  readonly #roots: readonly { readonly root: SearchRoot; readonly folders: ReadonlySet<string> }[]
  readonly #suffixes: readonly string[]

  constructor(facts: PackageFacts) {
    this.#roots = searchRoots(facts).map((root) => ({ root, folders: foldersOf(root) }))
    this.#suffixes = extensionSuffixes(facts)
  }

  /** The module of this dotted name; a file wins over a namespace folder of an earlier root, as in CPython. */
  find(module: string): FoundModule | undefined {
    const path = module.replaceAll('.', '/')
    let namespace: FoundModule | undefined
    for (const { root, folders } of this.#roots) {
      const { tree, prefix } = root
      const full = prefix + path
      for (const candidate of this.#candidates(full))
        if (tree.files.has(candidate)) return { kind: 'file', path: candidate, tree }
      if (!namespace && folders.has(full)) namespace = { kind: 'namespace', path: full, tree }
    }
    return namespace
  }

  /** Names that `import NAME` would find. */
  topLevelNames(): ReadonlySet<string> {
    const names = new Set<string>()
    for (const { root } of this.#roots)
      for (const path of root.tree.files.keys()) {
        if (!path.startsWith(root.prefix)) continue
        const [first, ...rest] = path.slice(root.prefix.length).split('/')
        const name = rest.length > 0 ? first! : moduleOfFile(first!)
        if (name !== undefined && /^[^\d\W][\w]*$/u.test(name)) names.add(name)
      }
    return names
  }

  *#candidates(path: string): Generator<string> {
    for (const suffix of this.#suffixes) yield `${path}/__init__${suffix}`
    yield `${path}/__init__.py`
    yield `${path}/__init__.pyc`
    for (const suffix of this.#suffixes) yield path + suffix
    yield `${path}.py`
    yield `${path}.pyc`
  }
}

/** What an extension module may be called for this target, as the import system tries them. */
export function extensionSuffixes(facts: PackageFacts): readonly string[] {
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
  const add = (path: string): void => {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash)
      if (folders.has(folder)) return
      folders.add(folder)
    }
  }
  for (const path of tree.files.keys()) if (path.startsWith(prefix)) add(path)
  for (const folder of tree.folders.keys()) if (folder.startsWith(prefix)) folders.add(folder)
  return folders
}
