import { normalizeName, type NormalizedName } from './name.ts'
import { tryParseVersion, type Version } from './version.ts'

export interface SdistFilename {
  readonly filename: string
  readonly name: NormalizedName
  readonly version: Version
}

/** The kinds of archive that source distributions came in; today only `.tar.gz` (PEP 625), long ago also `.zip` and others. */
const endings = ['.tar.gz', '.zip', '.tar.bz2', '.tar.xz', '.tgz', '.tar.Z', '.tar'] as const

/**
 * Reads the name of a source distribution of a known project, or returns `undefined`. Old ones are ambiguous without the project's
 * name: `foo-1-2.tar.gz` is `foo` at `1-2` (`1.post2`) or `foo-1` at `2`.
 */
export function tryParseSdistFilename(filename: string, project: string): SdistFilename | undefined {
  const ending = endings.find((candidate) => filename.endsWith(candidate))
  if (ending === undefined) return undefined
  const stem = filename.slice(0, -ending.length)
  const name = normalizeName(project)
  for (let hyphen = stem.indexOf('-'); hyphen > 0; hyphen = stem.indexOf('-', hyphen + 1)) {
    if (normalizeName(stem.slice(0, hyphen)) !== name) continue
    const version = tryParseVersion(stem.slice(hyphen + 1))
    if (version) return { filename, name, version }
  }
  return undefined
}
