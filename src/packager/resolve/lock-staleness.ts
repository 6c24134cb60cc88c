import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { defineError } from '../../base/errors.ts'
import type { Lock } from '../../pypa/locked-distribution.ts'
import { declaredRequirements, uncoveredRequirements, type UncoveredRequirement } from '../../pypa/lock-coverage.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import type { MarkerEnvironment } from '../../pypa/marker.ts'
import { normalizeName } from '../../pypa/name.ts'
import type { Pyproject } from '../../pypa/pyproject.ts'
import { parsePipfile } from '../../pypa/pipfile.ts'
import { formatRequirement, parseRequirement, type Requirement } from '../../pypa/requirement.ts'
import type { Note } from '../layout/layout.ts'

/** How a lock of another tool is written anew, by its name. */
const lockCommands: Readonly<Record<string, string>> = {
  'uv.lock': 'uv lock',
  'poetry.lock': 'poetry lock',
  'pdm.lock': 'pdm lock',
  'Pipfile.lock': 'pipenv lock',
}

/** `pylock.toml` says who wrote it. Locks of other names (`pylock.NAME.toml`) are for a part of the project, or for another purpose. */
const pylockCommands: readonly (readonly [createdBy: RegExp, command: string])[] = [
  [/^uv\b/, 'uv export --format pylock.toml --output-file pylock.toml'],
  [/^pip\b/, 'pip lock'],
  [/^pdm\b/, 'pdm lock'],
]

/** What to do about a stale lock; `undefined` when it cannot be compared with anything. */
function remedyFor(lock: Lock): string | undefined {
  const name = basename(lock.file)
  const { createdBy = '' } = lock as { readonly createdBy?: string }
  const command =
    name === 'pylock.toml' ? pylockCommands.find(([pattern]) => pattern.test(createdBy))?.[1] : lockCommands[name]
  if (command !== undefined) return `Run \`${command}\`, and build again`
  return name === 'pylock.toml' ? 'Let the tool that wrote it write it again, and build again' : undefined
}

export const lockNotCovering = defineError(
  'ZY0426',
  'refused',
  (p: { file: string; remedy: string; uncovered: readonly UncoveredRequirement[] }) => ({
    message: `${describe(p.file, p.uncovered)}, and \`--locked\` forbids to build from it`,
    hint: p.remedy,
  }),
)

export interface LockedProject {
  readonly lock: Lock
  /** Of the project that is packaged. */
  readonly pyproject?: Pyproject | undefined
  /** Where the tool's settings stand; of a workspace another file than the member's. */
  readonly root?: Pyproject | undefined
  readonly extras: readonly string[]
  readonly groups: readonly string[]
  readonly environment: MarkerEnvironment
}

/** What a project declares and its lock does not give, and how the lock is written anew. */
export interface Staleness {
  readonly remedy: string
  readonly uncovered: readonly UncoveredRequirement[]
}

/**
 * What a project declares and its lock, written by another tool, does not give. What the project overrides or excludes may differ from
 * what is declared; so may the project itself, which its own extras name. `undefined` when the lock is as the project.
 */
export async function stalenessOf(
  selected: readonly LockedDistribution[],
  project: LockedProject,
): Promise<Staleness | undefined> {
  const remedy = remedyFor(project.lock)
  if (remedy === undefined) return undefined
  const uncovered = uncoveredRequirements(await declaredBy(project), selected, project.environment)
  return uncovered.length === 0 ? undefined : { remedy, uncovered }
}

async function declaredBy({ lock, pyproject, root, extras, groups }: LockedProject): Promise<readonly Requirement[]> {
  if (lock.kind === 'pipfile') {
    const file = join(dirname(lock.file), 'Pipfile')
    if (!existsSync(file)) return []
    const pipfile = parsePipfile(await readFile(file, 'utf8'), file)
    return ['', ...groups.map(normalizeName)].flatMap((group) => pipfile[group] ?? [])
  }
  if (!pyproject) return []
  const exempt = new Set([pyproject.project?.normalizedName, ...overridden(root ?? pyproject)])
  return declaredRequirements(pyproject, { extras, groups }).filter(({ normalizedName }) => !exempt.has(normalizedName))
}

/** A stale lock is used as it is, and told. */
export function staleLockNote(file: string, staleness: Staleness): Note {
  return { code: 'ZY0472', message: describe(file, staleness.uncovered), hint: staleness.remedy }
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
