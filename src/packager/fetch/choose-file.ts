import { defineError } from '../../base/errors.ts'
import type { LockedFile, LockedDistribution } from '../../pypa/locked-distribution.ts'
import { formatSpecifierSet, matches } from '../../pypa/specifier.ts'
import { parseVersion } from '../../pypa/version.ts'
import { selectWheel, type Rejection } from '../../pypa/wheel-selection.ts'
import type { Target } from '../target.ts'

/** The file of a distribution that the target takes. */
export type ChosenFile =
  | { readonly kind: 'wheel'; readonly file: LockedFile }
  | { readonly kind: 'sdist'; readonly file: LockedFile; readonly rejected: readonly Rejection<LockedFile>[] }

export const noFittingFile = defineError(
  'ZY0430',
  'refused',
  (p: {
    name: string
    version: string
    target: string
    wanted: string
    found: readonly string[]
    /** The nearest version that has a fitting wheel, where it could be found out. */
    nearest?: string | undefined
  }) => ({
    message: `\`${p.name} ${p.version}\` has no wheel for ${p.target}: wanted \`${p.wanted}\`, found ${p.found.length === 0 ? 'no files at all' : p.found.join(', ')}`,
    hint: p.nearest
      ? `\`${p.name}==${p.nearest}\` has one: write that version into the requirements, lock again, and build`
      : 'Choose a version that has one, another runtime or architecture, or a lock that also names its source archive',
  }),
)

export const requiresOtherPython = defineError(
  'ZY0431',
  'refused',
  (p: { name: string; version: string; requiresPython: string; python: string }) => ({
    message: `\`${p.name} ${p.version}\` requires Python \`${p.requiresPython}\`, and the target has \`${p.python}\``,
    hint: 'Choose another runtime with `--runtime`, or a version that still supports this one',
  }),
)

/** Chooses a wheel by tag, else the source archive. Pure; why nothing fits is told with what exists. */
export function chooseFile(distribution: LockedDistribution, target: Target): ChosenFile {
  const version = distribution.version ?? '?'
  const python = target.environment.python_full_version
  if (distribution.requiresPython && !matches(distribution.requiresPython, parseVersion(python)))
    throw requiresOtherPython({
      name: distribution.name,
      version,
      requiresPython: formatSpecifierSet(distribution.requiresPython),
      python,
    })
  const candidates = distribution.archive?.filename.endsWith('.whl') ? [distribution.archive] : distribution.wheels
  const { wheel, rejected } = selectWheel(
    candidates,
    { tags: target.tags, pythonFullVersion: python },
    { allowYanked: true },
  )
  if (wheel) return { kind: 'wheel', file: wheel }
  const sdist =
    distribution.sdist ?? (distribution.archive?.filename.endsWith('.whl') ? undefined : distribution.archive)
  if (sdist) return { kind: 'sdist', file: sdist, rejected }
  throw noFittingFile({
    name: distribution.name,
    version,
    target: describeTarget(target),
    wanted: target.tags[0]!,
    found: rejected.slice(0, 8).map(describeRejection),
  })
}

/** @example describeTarget(target) // 'python3.13 on arm64' */
export function describeTarget(target: Target): string {
  return `${target.runtime.id} on ${target.architecture}`
}

/** @example '`numpy-2.3.0-cp312-….whl` (python `cp312`)' */
export function describeRejection(rejection: Rejection<LockedFile>): string {
  const name = `\`${rejection.wheel.filename}\``
  switch (rejection.because) {
    case 'python':
    case 'abi':
    case 'platform':
      return `${name} (${rejection.because} \`${rejection.found.join('.')}\`)`
    case 'requires-python':
      return `${name} (requires Python \`${formatSpecifierSet(rejection.found)}\`)`
    case 'yanked':
      return `${name} (yanked${rejection.reason ? `: ${rejection.reason}` : ''})`
    case 'not-a-wheel':
    case 'outranked':
      return name
  }
}
