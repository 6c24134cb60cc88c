import { addTo } from '../../base/groups.ts'
import type { PackageFacts } from '../facts.ts'
import { defineFinding, type Finding, type FindingPlace } from '../finding.ts'
import { importGraph } from '../import-graph.ts'
import {
  extensionTag,
  LibrarySearch,
  machineName,
  machines,
  nativeLibraries,
  type NativeLibrary,
} from '../native-library.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles } from '../tree-files.ts'
import { compareParts, excessVersions, libraryOnRuntime, symbolVersionLimits } from '../runtime-libraries.ts'
import { pythonRuntimes, type PythonRuntime } from '../../lambda/runtimes.ts'

const getWheel = (distribution: string | undefined, runtime: PythonRuntime, architecture: string): string =>
  `Install ${distribution ? `\`${distribution}\`` : 'it'} for the function: \`zipyard build --runtime ${runtime.id} --arch ${architecture}\`, or \`pip install --target package --only-binary :all: --python-version ${runtime.python} --platform manylinux2014_${architecture === 'arm64' ? 'aarch64' : 'x86_64'} …\``

const wrongMachine = defineFinding('ZY1301', {
  severity: 'error',
  title: 'A native library is for another architecture',
  why: "The loader refuses it: `ImportError: …: cannot open shared object file` or `invalid ELF header`. It happens when the package was installed on a machine unlike the function's architecture.",
  text: (p: {
    path: string
    machine: string
    architecture: string
    runtime: PythonRuntime
    distribution?: string | undefined
  }) => ({
    sentence: `\`${p.path}\` is for ${p.machine}, the function runs on ${p.architecture}`,
    hint: getWheel(p.distribution, p.runtime, p.architecture),
  }),
  sample: {
    path: 'numpy/_core/_multiarray_umath.cpython-313-x86_64-linux-gnu.so',
    machine: 'x86_64',
    architecture: 'arm64',
    runtime: sampleRuntime('python3.13'),
    distribution: 'numpy',
  },
})

const tooNew = defineFinding('ZY1302', {
  severity: 'error',
  title: 'A native library needs a newer system library than the runtime has',
  why: "The loader compares symbol versions when the library is loaded: `ImportError: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by …)`. Amazon Linux 2 (python3.8 to 3.11) has glibc 2.26, Amazon Linux 2023 (python3.12 on) has 2.34.",
  text: (p: {
    path: string
    version: string
    library: string
    has: string
    runtime: string
    works: string | undefined
    distribution?: string | undefined
  }) => ({
    sentence: `\`${p.path}\` needs ${p.version} of \`${p.library}\`, \`${p.runtime}\` has up to ${p.has}`,
    hint: `${p.works ? `Use \`${p.works}\`, or a` : 'Use a'} wheel of ${p.distribution ? `\`${p.distribution}\`` : 'it'} built for an older system (\`manylinux2014\`), perhaps of an earlier version`,
  }),
  sample: {
    path: 'cryptography/hazmat/bindings/_rust.abi3.so',
    version: 'GLIBC_2.28',
    library: 'libc.so.6',
    has: 'GLIBC_2.26',
    runtime: 'python3.11',
    works: 'python3.12',
    distribution: 'cryptography',
  },
})

const missingLibrary = defineFinding('ZY1303', {
  severity: 'error',
  certainty: 'likely',
  title: 'A native library needs a library that the runtime does not have',
  why: 'Loading it fails with `ImportError: libGL.so.1: cannot open shared object file: No such file or directory`.',
  text: (p: { path: string; library: string; runtime: string; hint: string }) => ({
    sentence: `\`${p.path}\` needs \`${p.library}\`, which is neither in the package nor on \`${p.runtime}\``,
    hint: p.hint,
  }),
  sample: {
    path: 'cv2/cv2.abi3.so',
    library: 'libGL.so.1',
    runtime: 'python3.13',
    hint: 'Use a headless build: `opencv-python-headless` instead of `opencv-python`',
  },
})

const unknownLibrary = defineFinding('ZY1304', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A native library needs a library that may be missing',
  why: 'It is not in the package, or in a folder of it that the loader does not search, and not on the list of what the runtime is known to have.',
  text: (p: { path: string; library: string; runtime: string; elsewhere?: string | undefined }) => ({
    sentence: p.elsewhere
      ? `\`${p.path}\` needs \`${p.library}\`, which lies at \`${p.elsewhere}\`, where the loader does not look`
      : `\`${p.path}\` needs \`${p.library}\`, which is not in the package and not known to be on \`${p.runtime}\``,
    hint: p.elsewhere
      ? 'Move it to `lib/` of the package, or link with an `$ORIGIN` run path'
      : 'Pack it into `lib/` of the package or a layer, or use a wheel that brings it',
  }),
  sample: { path: 'native.so', library: 'libfoo.so.1', runtime: 'python3.13', elsewhere: 'vendor/libfoo.so.1' },
})

const wrongPython = defineFinding('ZY1305', {
  severity: 'error',
  title: 'An extension module is for another Python',
  why: "Python looks only for names that carry its own tag (`.cpython-313-x86_64-linux-gnu.so`), `.abi3.so` or plain `.so`; others are not even seen: `ModuleNotFoundError`, often dressed up as `cannot import name …` or `No module named 'pydantic_core._pydantic_core'`.",
  text: (p: {
    path: string
    module: string
    wanted: string
    distribution?: string | undefined
    runtime: PythonRuntime
    architecture: string
  }) => ({
    sentence: `\`${p.module}\` is only there as \`${p.path}\`, the function looks for \`${p.wanted}\``,
    hint: getWheel(p.distribution, p.runtime, p.architecture),
  }),
  sample: {
    path: 'pydantic_core/_pydantic_core.cpython-311-x86_64-linux-gnu.so',
    module: 'pydantic_core._pydantic_core',
    wanted: '.cpython-313-x86_64-linux-gnu.so',
    distribution: 'pydantic-core',
    runtime: sampleRuntime('python3.13'),
    architecture: 'x86_64',
  },
})

const foreign = defineFinding('ZY1306', {
  severity: 'error',
  title: 'A native library is for macOS or Windows',
  why: 'Lambda runs Linux. The loader answers `invalid ELF header`, or Python does not see the file at all.',
  text: (p: {
    path: string
    system: string
    distribution?: string | undefined
    runtime: PythonRuntime
    architecture: string
  }) => ({
    sentence: `\`${p.path}\` is for ${p.system}, Lambda runs Linux`,
    hint: getWheel(p.distribution, p.runtime, p.architecture),
  }),
  sample: {
    path: 'bcrypt/_bcrypt.abi3.so',
    system: 'macOS',
    distribution: 'bcrypt',
    runtime: sampleRuntime('python3.13'),
    architecture: 'arm64',
  },
})

const damaged = defineFinding('ZY1307', {
  severity: 'error',
  title: 'A native library is damaged',
  why: 'The loader refuses a file that is cut short or contradicts itself: `file too short`, `ELF load command address/offset not properly aligned`. Transfers in text mode and careless stripping do this.',
  text: (p: { path: string; damage: string }) => ({
    sentence: `\`${p.path}\` is not a whole ELF file: ${p.damage}`,
    hint: 'Install it again',
  }),
  sample: { path: 'lib/libfoo.so', damage: 'it is cut short' },
})

const unused = defineFinding('ZY1308', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A native file cannot run on the function, and perhaps need not',
  why: 'It is for another architecture, system or Python, but nothing that is imported at start asks for it: a fallback, a helper program, or a build for all systems.',
  text: (p: { path: string; what: string; more: number }) => ({
    sentence: `\`${p.path}\` is for ${p.what} and cannot be used by the function${p.more > 0 ? ` (and ${p.more} more)` : ''}`,
    hint: 'Install the distribution for the function, or exclude the file if it is not needed',
  }),
  sample: { path: 'debugpy/attach_linux_amd64.so', what: 'x86_64', more: 0 },
})

export const nativeLibrariesRule: Rule = {
  name: 'native-libraries',
  summary: 'Will the loader load every native library: machine, Python, system versions, and what it needs in turn?',
  findings: [wrongMachine, tooNew, missingLibrary, unknownLibrary, wrongPython, foreign, damaged, unused],
  check: (facts) => oncePerDistribution(findings(facts)),
}

/** A distribution for the wrong target has the same trouble in each of its files: told once, with how many more. */
function oncePerDistribution(found: Iterable<Finding>): readonly Finding[] {
  const groups = new Map<string, Finding[]>()
  for (const finding of found) {
    const key = `${finding.code} ${finding.distribution ?? ''}`
    addTo(groups, key, finding)
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (group.length === 1 || first!.distribution === undefined) return group
    return [{ ...first!, sentence: `${first!.sentence} (and ${group.length - 1} more of \`${first!.distribution}\`)` }]
  })
}

function* findings(facts: PackageFacts): Generator<Finding> {
  // The imports first: meanwhile a second thread reads the libraries.
  importGraph(facts)
  const libraries = nativeLibraries(facts)
  const useless = new Map<string, { path: string; what: string; more: number; place: FindingPlace }>()
  const noteUseless = (path: string, what: string, distribution: string | undefined): void => {
    const key = `${distribution ?? ''} ${what}`
    const known = useless.get(key)
    if (known) known.more += 1
    else useless.set(key, { path, what, more: 0, place: { file: path, distribution } })
  }
  const needed = neededFiles(facts, libraries)
  const told = new Set<string>()
  yield* otherBuilds(facts, told)
  yield* foreignBinaries(facts, told, noteUseless)
  const search = new LibrarySearch(facts, libraries)
  for (const library of libraries) {
    const { file, elf } = library
    const { runtime, architecture } = facts.target
    const place = { file: file.path, distribution: file.distribution }
    if (told.has(file.path)) continue
    if (elf.machine !== machines[architecture] || elf.bits !== 64) {
      if (!needed.has(file.path)) noteUseless(file.path, machineName(elf), file.distribution)
      else
        yield wrongMachine(
          { path: file.path, machine: machineName(elf), architecture, runtime, distribution: file.distribution },
          place,
        )
      continue
    }
    if (isForOtherPython(facts, file.path)) {
      noteUseless(file.path, `another Python (\`${extensionTag(file.path)}\`)`, file.distribution)
      continue
    }
    if (elf.damage !== undefined) {
      yield damaged({ path: file.path, damage: elf.damage }, place)
      continue
    }
    yield* versionFindings(facts, library, search)
    yield* closureFindings(facts, library, search)
  }
  for (const { path, what, more, place } of useless.values()) yield unused({ path, what, more }, place)
}

/** Paths of native files that an import or another native file asks for, or that Python could import. */
function neededFiles(facts: PackageFacts, libraries: readonly NativeLibrary[]): ReadonlySet<string> {
  const needed = new Set<string>()
  const { isInUse } = importGraph(facts)
  for (const { file, elf } of libraries) {
    if (isInUse(file.path)) needed.add(file.path)
    // Own extension modules that no Python file imports are still what the function was written for.
    else if (elf.isExtensionModule && file.distribution === undefined && file.path.endsWith('.so'))
      needed.add(file.path)
  }
  const sonames = new Map(libraries.map((library) => [library.file.path.split('/').at(-1)!, library.file.path]))
  let grew = true
  while (grew) {
    grew = false
    for (const { file, elf } of libraries) {
      if (!needed.has(file.path)) continue
      for (const name of elf.needed) {
        const path = sonames.get(name)
        if (path !== undefined && !needed.has(path)) {
          needed.add(path)
          grew = true
        }
      }
    }
  }
  return needed
}

/** Modules that an import asks for and that are there for another Python, architecture or system. */
function* otherBuilds(facts: PackageFacts, told: Set<string>): Generator<Finding> {
  const { runtime, architecture } = facts.target
  const machine = architecture === 'arm64' ? 'aarch64' : 'x86_64'
  const wanted = `.cpython-${runtime.python.replace('.', '')}-${machine}-linux-gnu.so`
  for (const gap of importGraph(facts).missing) {
    const path = gap.otherBuild
    if (path === undefined || told.has(path)) continue
    const isWeak = !gap.isCertain
    // What the function does without: if it is told at all, then as a file that cannot be used. Python does not see such a file: it is absent.
    if (gap.guard !== 'none' || (isWeak && gap.found.context !== 'always')) continue
    told.add(path)
    const file = gap.tree.files.get(path)
    const details = { path, module: gap.module, wanted, distribution: file?.distribution, runtime, architecture }
    const place = { file: path, distribution: file?.distribution }
    if (file?.content?.kind === 'foreign binary' || /\.pyd$|darwin/.test(path))
      yield foreign({ ...details, system: systemOf(path, file?.content) }, place)
    else if (file?.content?.kind === 'elf' && file.content.elf.machine !== machines[architecture])
      yield wrongMachine({ ...details, machine: machineName(file.content.elf) }, place)
    else yield wrongPython(details, place)
  }
}

function* foreignBinaries(
  facts: PackageFacts,
  told: Set<string>,
  noteUseless: (path: string, what: string, distribution: string | undefined) => void,
): Generator<Finding> {
  const { runtime, architecture } = facts.target
  const { isInUse } = importGraph(facts)
  for (const tree of [facts.package, ...facts.layers])
    for (const file of noteworthyFiles(tree)) {
      const { path, distribution } = file
      const content = file.interest === 'binary' ? file.content : undefined
      if (content?.kind !== 'foreign binary' || told.has(path)) continue
      const system = systemOf(path, content)
      if (isInUse(path))
        yield foreign({ path, system, distribution, runtime, architecture }, { file: path, distribution })
      else noteUseless(path, system, distribution)
    }
}

function systemOf(path: string, content: { readonly kind: string; readonly format?: string } | undefined): string {
  return content?.format === 'PE' || path.endsWith('.pyd') || path.endsWith('.dll') ? 'Windows' : 'macOS'
}

function isForOtherPython(facts: PackageFacts, path: string): boolean {
  const tag = extensionTag(path)
  return (
    tag !== undefined && tag !== 'abi3' && !tag.startsWith(`cpython-${facts.target.runtime.python.replace('.', '')}-`)
  )
}

function* versionFindings(facts: PackageFacts, library: NativeLibrary, search: LibrarySearch): Generator<Finding> {
  const { runtime } = facts.target
  const limits = symbolVersionLimits(runtime)
  // A copy in the package that is found before the system's is what counts then.
  const isOurs = (file: string): boolean => search.find(library, file) === 'before'
  for (const { prefix, version, library: file, parts } of excessVersions(library.elf.versions, runtime, isOurs))
    yield tooNew(
      {
        path: library.file.path,
        version,
        library: file,
        has: `${prefix}_${limits[prefix]!.join('.')}`,
        runtime: runtime.id,
        works: pythonRuntimes.find(
          (other) =>
            !other.preview &&
            compareParts(symbolVersionLimits(other)[prefix]!, parts) >= 0 &&
            !isForOtherPython({ ...facts, target: { ...facts.target, runtime: other } }, library.file.path) &&
            other.minor[1] >= runtime.minor[1],
        )?.id,
        distribution: library.file.distribution,
      },
      { file: library.file.path, distribution: library.file.distribution },
    )
}

function* closureFindings(facts: PackageFacts, library: NativeLibrary, search: LibrarySearch): Generator<Finding> {
  const { runtime } = facts.target
  const { path, distribution } = library.file
  for (const soname of library.elf.needed) {
    const presence = libraryOnRuntime(soname, runtime)
    if (presence.is === 'present') continue
    const found = search.find(library, soname)
    if (found === 'before' || found === 'after') continue
    if (found === 'elsewhere') {
      // Within one distribution somebody has thought about it: loaded beforehand, or through another library's run path.
      const holders = search.named(soname)
      if (distribution !== undefined && holders.some((holder) => holder.file.distribution !== undefined)) continue
      yield unknownLibrary(
        { path, library: soname, runtime: runtime.id, elsewhere: holders[0]!.file.path },
        { file: path, distribution },
      )
    } else if (presence.is === 'absent')
      yield missingLibrary(
        { path, library: soname, runtime: runtime.id, hint: presence.hint },
        { file: path, distribution },
      )
    else yield unknownLibrary({ path, library: soname, runtime: runtime.id }, { file: path, distribution })
  }
}

function sampleRuntime(id: string): PythonRuntime {
  return pythonRuntimes.find((runtime) => runtime.id === id)!
}
