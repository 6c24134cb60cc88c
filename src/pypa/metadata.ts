import { defineError } from '../base/errors.ts'
import { readHeaders } from './headers.ts'
import { isValidName, normalizeName, type NormalizedName } from './name.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { parseSpecifierSet, type SpecifierSet } from './specifier.ts'
import { parseVersion, type Version } from './version.ts'

/** The core metadata of a distribution, as far as packaging needs it. */
export interface DistributionMetadata {
  readonly metadataVersion: string
  readonly name: string
  readonly normalizedName: NormalizedName
  readonly version: Version
  readonly summary?: string | undefined
  readonly license?: string | undefined
  readonly requiresPython?: SpecifierSet | undefined
  readonly requiresDist: readonly Requirement[]
  /** Normalised. */
  readonly providesExtra: readonly string[]
  /** Names of fields whose value is only known after a build (PEP 643), in lower case. */
  readonly dynamic: readonly string[]
  /** Lines of `Requires-Dist` and `Requires-Python` that the specification does not allow; old packages have them. */
  readonly unreadable: readonly { readonly field: string; readonly value: string; readonly problem: string }[]
}

export const invalidMetadata = defineError('ZY0207', 'refused', (p: { file: string; problem: string }) => ({
  message: `\`${p.file}\` is not core metadata: ${p.problem}`,
  hint: 'The distribution is damaged or was not made by a build backend; build or download it again',
}))

/**
 * Reads a METADATA or PKG-INFO file. Name and version must be there; requirements that cannot be read are listed, not thrown, since
 * installers have always skipped over them differently.
 */
export function parseMetadata(text: string, file = 'METADATA'): DistributionMetadata {
  const { headers } = readHeaders(text)
  const all = (name: string): string[] =>
    headers.filter((header) => header.name === name).map((header) => header.value.trim())
  const name = all('name')[0]
  if (name === undefined || !isValidName(name))
    throw invalidMetadata({ file, problem: name === undefined ? 'it has no `Name`' : `\`${name}\` is not a name` })
  const versionText = all('version')[0]
  if (versionText === undefined) throw invalidMetadata({ file, problem: 'it has no `Version`' })
  const unreadable: { field: string; value: string; problem: string }[] = []
  const readable = <Value>(field: string, values: readonly string[], parse: (value: string) => Value): Value[] =>
    values.flatMap((value) => {
      try {
        return [parse(value)]
      } catch (error) {
        unreadable.push({ field, value, problem: error instanceof Error ? error.message : String(error) })
        return []
      }
    })
  const version = readable('Version', [versionText], parseVersion)[0]
  if (!version) throw invalidMetadata({ file, problem: `\`${versionText}\` is not a version` })
  return {
    metadataVersion: all('metadata-version')[0] ?? '1.0',
    name,
    normalizedName: normalizeName(name),
    version,
    summary: all('summary')[0],
    license: all('license-expression')[0] ?? all('license')[0],
    requiresPython: readable('Requires-Python', all('requires-python').slice(0, 1), parseSpecifierSet)[0],
    requiresDist: readable('Requires-Dist', all('requires-dist'), parseRequirement),
    providesExtra: [...new Set(all('provides-extra').map(normalizeName))],
    dynamic: all('dynamic').map((field) => field.toLowerCase()),
    unreadable,
  }
}
