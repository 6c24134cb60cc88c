import { compareParts, excessVersions, libraryOnRuntime, symbolVersionLimits } from '../../audit/runtime-libraries.ts'
import { readElf } from '../../elf/reader.ts'
import type { ElfFacts } from '../../elf/facts.ts'
import { machineOf } from '../../lambda/architecture.ts'
import { readEntry } from '../../zip/entry-data.ts'
import { openArchive } from '../../zip/reader.ts'
import type { Target } from '../target.ts'

/** `e_machine` of what the architectures run. */
const machines: Readonly<Record<string, number>> = { x86_64: 62, aarch64: 183 }

/**
 * Why the compiled code of a wheel would not load on the target, or `undefined` when nothing is against it: the machine, every symbol
 * version of glibc and of the C++ library, and every library that is asked for. That is what the loader looks at; on which glibc a
 * wheel was linked decides nothing, which of its symbols it uses does.
 */
export function reasonAgainstNative(wheel: string, target: Target): string | undefined {
  const libraries = nativeFilesOf(wheel)
  const inside = new Set(libraries.map(({ name }) => name.split('/').at(-1)!))
  for (const { name, elf } of libraries) {
    const reason = reasonAgainstFile(elf, inside, target)
    if (reason !== undefined) return `\`${name}\` in it ${reason}`
  }
  return undefined
}

function reasonAgainstFile(elf: ElfFacts, inside: ReadonlySet<string>, { runtime, architecture }: Target) {
  if (elf.damage !== undefined) return `is damaged: ${elf.damage}`
  if (elf.bits !== 64 || elf.machine !== machines[machineOf(architecture)]) return 'is for another machine'
  const [excess] = [...excessVersions(elf.versions, runtime, (library) => inside.has(library))].sort((a, b) =>
    compareParts(b.parts, a.parts),
  )
  if (excess)
    return `needs ${excess.version} of \`${excess.library}\`, and the runtime has up to ${excess.prefix}_${symbolVersionLimits(runtime)[excess.prefix]!.join('.')}`
  const missing = elf.needed.find(
    (library) => !inside.has(library) && libraryOnRuntime(library, runtime).is !== 'present',
  )
  return missing && `needs \`${missing}\`, which is neither in it nor known to be on the runtime`
}

function nativeFilesOf(wheel: string): readonly { readonly name: string; readonly elf: ElfFacts }[] {
  const { source, listing } = openArchive(wheel)
  try {
    return listing.entries.flatMap((entry) => {
      const elf = entry.name.endsWith('/') ? undefined : readElf(readEntry(source, entry, wheel))
      return elf ? [{ name: entry.name, elf }] : []
    })
  } finally {
    source.close()
  }
}
