import { defineError } from '../base/errors.ts'
import { normalizeName, type NormalizedName } from './name.ts'
import type { Tag } from './tag.ts'
import { tryParseVersion, type Version } from './version.ts'

/** What the name of a wheel says: `{distribution}-{version}(-{build})?-{python}-{abi}-{platform}.whl`. */
export interface WheelFilename {
  readonly filename: string
  readonly name: NormalizedName
  readonly version: Version
  /** Sorts as a number, then as text. */
  readonly build?: readonly [number: number, suffix: string] | undefined
  readonly pythons: readonly string[]
  readonly abis: readonly string[]
  readonly platforms: readonly string[]
}

export const invalidWheelFilename = defineError('ZY0205', 'refused', (p: { filename: string; problem: string }) => ({
  message: `\`${p.filename}\` is not the name of a wheel: ${p.problem}`,
  hint: 'Wheels are named `name-version-python-abi-platform.whl`; do not rename them',
}))

/** @example parseWheelFilename('numpy-2.3.0-cp313-cp313-manylinux_2_28_aarch64.whl').platforms // ['manylinux_2_28_aarch64'] */
export function parseWheelFilename(filename: string): WheelFilename {
  const fail = (problem: string): never => {
    throw invalidWheelFilename({ filename, problem })
  }
  if (!filename.endsWith('.whl')) return fail('it does not end in `.whl`')
  const parts = filename.slice(0, -'.whl'.length).split('-')
  if (parts.length !== 5 && parts.length !== 6) return fail(`it has ${parts.length} parts between hyphens, not 5 or 6`)
  const [distribution, versionText] = parts as [string, string]
  if (distribution.includes('__') || !/^[\p{L}\p{N}_.]+$/u.test(distribution))
    return fail(`\`${distribution}\` is not a distribution's name`)
  const version = tryParseVersion(versionText)
  if (!version) return fail(`\`${versionText}\` is not a version`)
  const build = parts.length === 6 ? /^(\d+)(.*)$/s.exec(parts[2]!) : undefined
  if (build === null) return fail(`\`${parts[2]}\` is not a build number`)
  const [pythons, abis, platforms] = parts.slice(-3).map((part) => part.toLowerCase().split('.')) as [
    string[],
    string[],
    string[],
  ]
  return {
    filename,
    name: normalizeName(distribution),
    version,
    build: build ? [Number(build[1]), build[2]!] : undefined,
    pythons,
    abis,
    platforms,
  }
}

/** Reads a wheel's name, or returns `undefined` when it is none. */
export function tryParseWheelFilename(filename: string): WheelFilename | undefined {
  try {
    return parseWheelFilename(filename)
  } catch (error) {
    if (invalidWheelFilename.is(error)) return undefined
    throw error
  }
}

/** The compressed tag set alone, without looking at the rest of the name: enough to pass over most of a large lock's files. */
export function tagPartsOf(filename: string): Pick<WheelFilename, 'pythons' | 'abis' | 'platforms'> | undefined {
  if (!filename.endsWith('.whl')) return undefined
  const parts = filename.slice(0, -'.whl'.length).split('-')
  if (parts.length !== 5 && parts.length !== 6) return undefined
  const [pythons, abis, platforms] = parts.slice(-3).map((part) => part.toLowerCase().split('.')) as [
    string[],
    string[],
    string[],
  ]
  return { pythons, abis, platforms }
}

/** Every tag that the compressed tag set stands for. */
export function tagsOf(wheel: Pick<WheelFilename, 'pythons' | 'abis' | 'platforms'>): readonly Tag[] {
  return wheel.pythons.flatMap((python) =>
    wheel.abis.flatMap((abi) => wheel.platforms.map((platform) => `${python}-${abi}-${platform}`)),
  )
}

/** Higher build numbers win between wheels that are alike; a wheel without one is the lowest. */
export function compareBuilds(a: WheelFilename['build'], b: WheelFilename['build']): number {
  if (!a || !b) return a ? 1 : b ? -1 : 0
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1
  return a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0
}
