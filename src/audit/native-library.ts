import { addTo } from '../base/groups.ts'
import type { ElfFacts } from '../elf/facts.ts'
import type { PackageFacts, PackageFile, TreeFacts } from './facts.ts'
import { noteworthyFiles } from './tree-files.ts'

/** An ELF file of the package or a layer. */
export interface NativeLibrary {
  readonly file: PackageFile
  readonly tree: TreeFacts
  readonly elf: ElfFacts
}

/** e_machine by architecture, and names for what else is found. */
export const machines = { x86_64: 62, arm64: 183 } as const
const machineNames = new Map<number, string>([[3, '32-bit x86'], [40, '32-bit ARM'], [62, 'x86_64'], [183, 'arm64'], [21, 'PowerPC'], [22, 's390x'], [243, 'RISC-V'], [258, 'LoongArch']]) // prettier-ignore

export function machineName(elf: ElfFacts): string {
  return machineNames.get(elf.machine) ?? `machine ${elf.machine}`
}

/** Own files without a telling name are looked into as well. */
function mayBeNative(file: PackageFile): boolean {
  return file.interest === 'binary' || file.interest === 'own text'
}

export function nativeLibraries(facts: PackageFacts): readonly NativeLibrary[] {
  return [facts.package, ...facts.layers].flatMap((tree) =>
    [...noteworthyFiles(tree)].flatMap((file) =>
      mayBeNative(file) && file.content?.kind === 'elf' ? [{ file, tree, elf: file.content.elf }] : [],
    ),
  )
}

/** The tag between module and `.so`: `cpython-313-x86_64-linux-gnu`, `abi3`; undefined when there is none. */
export function extensionTag(path: string): string | undefined {
  return /\.((?:cpython|pypy|graalpy|cp)[\w-]*|abi3t?)\.(?:so|pyd)$/.exec(path)?.[1]
}

/** Where the loader finds the libraries that files of a package ask for. */
export class LibrarySearch {
  readonly #trees: readonly TreeFacts[]
  readonly #facts: PackageFacts
  readonly #bySoname = new Map<string, NativeLibrary[]>()

  constructor(facts: PackageFacts, libraries: readonly NativeLibrary[]) {
    this.#facts = facts
    this.#trees = [facts.package, ...facts.layers]
    for (const library of libraries) {
      const name = library.file.path.slice(library.file.path.lastIndexOf('/') + 1)
      for (const key of new Set([name, library.elf.soname ?? name])) addTo(this.#bySoname, key, library)
    }
  }

  /**
   * How `soname` is found for `library`: `before` or `after` the runtime's own folders (DT_RPATH comes before LD_LIBRARY_PATH,
   * DT_RUNPATH after it), `elsewhere` when it is in the package but in no folder that is searched.
   */
  find(library: NativeLibrary, soname: string): 'before' | 'after' | 'elsewhere' | undefined {
    // A file with DT_RUNPATH ignores DT_RPATH.
    if (library.elf.runpath.length === 0 && this.#inFolders(library, library.elf.rpath, soname)) return 'before'
    if (this.#inLibraryPath(soname) || this.#inFolders(library, library.elf.runpath, soname)) return 'after'
    return this.#bySoname.has(soname) ? 'elsewhere' : undefined
  }

  /** The files of this name, wherever they lie. */
  named(soname: string): readonly NativeLibrary[] {
    return this.#bySoname.get(soname) ?? []
  }

  /** `/var/task`, `/var/task/lib` and `/opt/lib` of LD_LIBRARY_PATH. */
  #inLibraryPath(soname: string): boolean {
    const { package: own, layers } = this.#facts
    return (
      own.files.has(soname) ||
      own.files.has(`lib/${soname}`) ||
      layers.some((layer) => layer.files.has(`lib/${soname}`))
    )
  }

  #inFolders(library: NativeLibrary, folders: readonly string[], soname: string): boolean {
    const origin = library.file.path.split('/').slice(0, -1)
    return folders.some((folder) => {
      const relative = /^\$(?:ORIGIN|\{ORIGIN\})(?:\/(.*))?$/.exec(folder)
      if (relative) return library.tree.files.has(joined(origin, `${relative[1] ?? ''}/${soname}`))
      const absolute = /^\/(var\/task|opt)(?:\/(.*))?$/.exec(folder)
      if (!absolute) return false
      const path = joined([], `${absolute[2] ?? ''}/${soname}`)
      return absolute[1] === 'opt'
        ? this.#trees.slice(1).some((tree) => tree.files.has(path))
        : this.#facts.package.files.has(path)
    })
  }
}

function joined(origin: readonly string[], path: string): string {
  const parts = [...origin]
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}
