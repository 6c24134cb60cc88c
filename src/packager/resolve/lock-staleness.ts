import { basename } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { declaredRequirements, uncoveredRequirements, type UncoveredRequirement } from '../../pypa/lock-coverage.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import type { MarkerEnvironment } from '../../pypa/marker.ts'
import { normalizeName } from '../../pypa/name.ts'
import type { Pyproject } from '../../pypa/pyproject.ts'
import { formatRequirement, parseRequirement } from '../../pypa/requirement.ts'
import type { Note } from '../layout/layout.ts'

/** How a lock of another tool is written anew; the locks that are made from `pyproject.toml`. */
const lockCommands: Readonly<Record<string, string>> = {
  'uv.lock': 'uv lock',
  'poetry.lock': 'poetry lock',
  'pdm.lock': 'pdm lock',
}

export const lockNotCovering = defineError(
  'ZY0426',
  'refused',
  (p: { file: string; uncovered: readonly UncoveredRequirement[] }) => ({
    message: `${describe(p.file, p.uncovered)}, and \`--locked\` forbids to build from it`,
    hint: `Run \`${lockCommands[basename(p.file)]}\`, and build again`,
  }),
)

export interface LockedProject {
  readonly lockFile: string
  readonly pyproject: Pyproject
  /** Where the tool's settings stand; of a workspace another file than the member's. */
  readonly root: Pyproject
  readonly extras: readonly string[]
  readonly groups: readonly string[]
  readonly environment: MarkerEnvironment
}

/**
 * What a project declares and its lock, written by another tool, does not give. What the project overrides or excludes may differ from
 * what is declared; so may the project itself, which its own extras name.
 */
export function uncoveredBy(
  selected: readonly LockedDistribution[],
  { lockFile, pyproject, root, extras, groups, environment }: LockedProject,
): readonly UncoveredRequirement[] {
  if (lockCommands[basename(lockFile)] === undefined) return []
  const exempt = new Set([pyproject.project?.normalizedName, ...overridden(root)])
  const declared = declaredRequirements(pyproject, { extras, groups })
  return uncoveredRequirements(
    declared.filter(({ normalizedName }) => !exempt.has(normalizedName)),
    selected,
    environment,
  )
}

/** A stale lock is used as it is, and told. */
export function staleLockNote(file: string, uncovered: readonly UncoveredRequirement[]): Note {
  return {
    code: 'ZY0472',
    message: describe(file, uncovered),
    hint: `Run \`${lockCommands[basename(file)]}\`, and build again`,
  }
}

function describe(file: string, uncovered: readonly UncoveredRequirement[]): string {
  const parts = uncovered.map((one) => {
    const wanted = `\`${formatRequirement({ ...one.requirement, marker: undefined })}\``
    return one.because === 'missing' ? `${wanted}, which it does not have` : `${wanted}, it has \`${one.found}\``
  })
  const rest = parts.length > 3 ? `; and ${parts.length - 3} more` : ''
  return `\`${file}\` is stale: the project asks for ${parts.slice(0, 3).join('; ')}${rest}`
}

function overridden({ tool }: Pyproject): readonly string[] {
  const ofUv = ['override-dependencies', 'exclude-dependencies'].flatMap((key) => tool.at('uv').at(key).items())
  const ofPdm = tool.at('pdm').at('resolution').at('overrides').entries()
  return [
    ...ofUv.flatMap(({ value }) => (typeof value === 'string' ? [parseRequirement(value).normalizedName] : [])),
    ...ofPdm.map(([name]) => normalizeName(name)),
  ]
}
