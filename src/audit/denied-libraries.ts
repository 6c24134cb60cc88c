/**
 * Native libraries that Lambda's loader would refuse, although this machine's may take them: they need newer symbol versions than the runtime's glibc or
 * libstdc++ has. What the loader would say is what the import says here.
 */
import { findPythonRuntime, type PythonRuntime } from '../lambda/runtimes.ts'
import type { PackageFacts, TreeFacts } from './facts.ts'
import { machines, nativeLibraries } from './native-library.ts'
import { libraryOnRuntime, symbolVersionLimits } from './runtime-libraries.ts'

/** What the loader goes by. */
export interface LoadableFile {
  /** Relative to the root of the package. */
  readonly path: string
  /** SONAMEs of the libraries it needs. */
  readonly needed: readonly string[]
  /** Symbol versions it needs, by library: `{ 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.28'] }`. */
  readonly versions: Readonly<Record<string, readonly string[]>>
}

/** Path as functions see it → the loader's sentence. */
export type DeniedLibraries = Readonly<Record<string, string>>

/** @example deniedLibraries(files, '/var/task', 'python3.11') // { '/var/task/_rust.abi3.so': "/lib64/libc.so.6: version `GLIBC_2.28' not found (required by …)" } */
export function deniedLibraries(files: readonly LoadableFile[], root: string, runtimeId: string): DeniedLibraries {
  const runtime = findPythonRuntime(runtimeId)
  if (!runtime) return {}
  const sentences = new Map<LoadableFile, string>()
  for (const file of files) {
    const missing = firstMissing(file, runtime)
    if (missing) {
      sentences.set(
        file,
        `/lib64/${missing.library}: version \`${missing.version}' not found (required by ${root}/${file.path})`,
      )
    }
  }
  spread(files, sentences)
  return Object.fromEntries([...sentences].map(([file, sentence]) => [`${root}/${file.path}`, sentence]))
}

/** The same from a package's facts: `/var/task` from the package, `/opt` from its layers. */
export function deniedLibrariesOf(facts: PackageFacts): DeniedLibraries {
  const libraries = nativeLibraries(facts)
  const wanted = machines[facts.target.architecture]
  const inTree = (isWanted: (tree: TreeFacts) => boolean, root: string): DeniedLibraries => {
    const own = libraries.filter(({ tree, elf }) => isWanted(tree) && elf.bits === 64 && elf.machine === wanted)
    const files = own.map(({ file, elf }) => ({ path: file.path, needed: elf.needed, versions: elf.versions }))
    return deniedLibraries(files, root, facts.target.runtime.id)
  }
  return {
    ...inTree((tree) => tree === facts.package, '/var/task'),
    ...inTree((tree) => tree !== facts.package, '/opt'),
  }
}

const nameOf = (file: LoadableFile): string => file.path.slice(file.path.lastIndexOf('/') + 1)

/** Whoever needs a library that is not loaded is not loaded either, with the same sentence. */
function spread(files: readonly LoadableFile[], sentences: Map<LoadableFile, string>): void {
  for (let before = -1; before !== sentences.size;) {
    before = sentences.size
    const byName = new Map([...sentences].map(([file, sentence]) => [nameOf(file), sentence]))
    for (const file of files) {
      const sentence = sentences.has(file)
        ? undefined
        : file.needed.map((name) => byName.get(name)).find((found) => found !== undefined)
      if (sentence !== undefined) sentences.set(file, sentence)
    }
  }
}

function firstMissing(
  file: LoadableFile,
  runtime: PythonRuntime,
): { readonly library: string; readonly version: string } | undefined {
  const limits = symbolVersionLimits(runtime)
  for (const [library, versions] of Object.entries(file.versions)) {
    // A copy that the package brings under a name of its own (`libstdc++-a1b2c3.so.6`) has the versions it was built with.
    if (libraryOnRuntime(library, runtime).is !== 'present') continue
    const missing = versions.filter((version) => exceeds(version, limits)).sort(byVersion)[0]
    if (missing !== undefined) return { library, version: missing }
  }
  return undefined
}

function exceeds(version: string, limits: Readonly<Record<string, readonly number[]>>): boolean {
  const match = /^([A-Z]+)_(\d+(?:\.\d+)*)$/.exec(version)
  const limit = match && limits[match[1]!]
  return limit ? compare(numbers(match[2]!), limit) > 0 : false
}

const numbers = (text: string): number[] => text.split('.').map(Number)
const byVersion = (a: string, b: string): number =>
  compare(numbers(a.replace(/^\D+/, '')), numbers(b.replace(/^\D+/, '')))

function compare(a: readonly number[], b: readonly number[]): number {
  for (let place = 0; place < Math.max(a.length, b.length); place += 1) {
    const difference = (a[place] ?? 0) - (b[place] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
