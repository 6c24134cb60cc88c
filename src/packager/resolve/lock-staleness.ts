import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { defineError } from '../../base/errors.ts'
import type { Lock } from '../../pypa/locked-distribution.ts'
import {
  declaredRequirements,
  unaskedDistributions,
  uncoveredRequirements,
  type LockDifference,
  type UncoveredRequirement,
} from '../../pypa/lock-coverage.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import type { MarkerEnvironment } from '../../pypa/marker.ts'
import { normalizeName } from '../../pypa/name.ts'
import type { Pyproject } from '../../pypa/pyproject.ts'
import { parsePipfile } from '../../pypa/pipfile.ts'
import { formatRequirement, parseRequirement, type Requirement } from '../../pypa/requirement.ts'
import { parseScriptMetadata } from '../../pypa/script-metadata.ts'
import type { Note } from '../layout/layout.ts'
import { declaredIn } from './compiled-requirements.ts'
import { scriptOf } from './read-lock.ts'
import type { Variables } from './scrubbed-environment.ts'

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
function remedyFor({ lock, pyproject }: LockedProject): string | undefined {
  const name = basename(lock.file)
  const script = scriptOf(lock.file)
  if (script !== undefined) return `Run \`uv lock --script ${basename(script)}\`, and build again`
  const { createdBy = '' } = lock as { readonly createdBy?: string }
  const command =
    name === 'pylock.toml' ? pylockCommands.find(([pattern]) => pattern.test(createdBy))?.[1] : lockCommands[name]
  const given = command === 'pip lock' && !pyproject?.project ? ' -r requirements.txt' : ''
  if (command !== undefined) return `Run \`${command}${given}\`, and build again`
  return name === 'pylock.toml' ? 'Let the tool that wrote it write it again, and build again' : undefined
}

export const lockNotCovering = defineError(
  'ZY0426',
  'refused',
  (p: { file: string; remedy: string; differences: readonly LockDifference[] }) => ({
    message: `${describe(p.file, p.differences)}, and \`--locked\` forbids to build from it`,
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
  /** For variables in requirements files. */
  readonly variables: Variables
}

/** Where a project and its lock differ, and how the lock is written anew. */
export interface Staleness {
  readonly remedy: string
  readonly differences: readonly LockDifference[]
}

/** Locks that say what each distribution needs, and so who asks for it. */
const kindsWithEdges: readonly Lock['kind'][] = ['uv', 'poetry', 'pdm']

/**
 * Where a project and its lock, written by another tool, differ. What the project overrides or excludes may differ from
 * what is declared; so may the project itself, which its own extras name. `undefined` when the lock is as the project.
 */
export async function stalenessOf(
  selected: readonly LockedDistribution[],
  project: LockedProject,
): Promise<Staleness | undefined> {
  const remedy = remedyFor(project)
  if (remedy === undefined) return undefined
  const { pyproject, root, lock, environment } = project
  const differences: LockDifference[] = [...uncoveredRequirements(await declaredBy(project), selected, environment)]
  if (pyproject && scriptOf(lock.file) === undefined && kindsWithEdges.includes(lock.kind))
    differences.push(...unaskedDistributions([pyproject, root ?? pyproject], selected))
  return differences.length === 0 ? undefined : { remedy, differences }
}

async function declaredBy({
  lock,
  pyproject,
  root,
  extras,
  groups,
  variables,
}: LockedProject): Promise<readonly Requirement[]> {
  if (lock.kind === 'pipfile') {
    const file = join(dirname(lock.file), 'Pipfile')
    if (!existsSync(file)) return []
    const pipfile = parsePipfile(await readFile(file, 'utf8'), file)
    return ['', ...groups.map(normalizeName)].flatMap((group) => pipfile[group] ?? [])
  }
  const script = scriptOf(lock.file)
  if (script !== undefined) return parseScriptMetadata(await readFile(script, 'utf8'), script)?.dependencies ?? []
  if (!pyproject?.project && lock.kind === 'pylock') {
    // What `pip lock -r requirements.txt` was given; pip does not write it down.
    const file = join(dirname(lock.file), 'requirements.txt')
    return existsSync(file) ? declaredIn(file, variables) : []
  }
  if (!pyproject) return []
  const exempt = new Set([pyproject.project?.normalizedName, ...overridden(root ?? pyproject)])
  return declaredRequirements(pyproject, { extras, groups }).filter(({ normalizedName }) => !exempt.has(normalizedName))
}

/** A stale lock is used as it is, and told. */
export function staleLockNote(file: string, staleness: Staleness): Note {
  return { code: 'ZY0472', message: describe(file, staleness.differences), hint: staleness.remedy }
}

function describe(file: string, differences: readonly LockDifference[]): string {
  const asked = differences.flatMap((one) => (one.because === 'unasked' ? [] : [describeUncovered(one)]))
  const unasked = differences.flatMap((one) =>
    one.because === 'unasked' ? [`\`${one.distribution.name} ${one.distribution.version ?? ''}`.trimEnd() + '`'] : [],
  )
  const sentences = [
    ...(asked.length === 0 ? [] : [`the project asks for ${firstThree(asked, '; ')}`]),
    ...(unasked.length === 0 ? [] : [`nothing asks any more for ${firstThree(unasked, ', ')}, which it has`]),
  ]
  return `\`${file}\` is stale: ${sentences.join('; ')}`
}

function describeUncovered(one: UncoveredRequirement): string {
  const wanted = `\`${formatRequirement({ ...one.requirement, marker: undefined })}\``
  return one.because === 'missing' ? `${wanted}, which it does not have` : `${wanted}, it has \`${one.found}\``
}

function firstThree(parts: readonly string[], separator: string): string {
  const rest = parts.length > 3 ? `; and ${parts.length - 3} more` : ''
  return parts.slice(0, 3).join(separator) + rest
}

function overridden({ tool }: Pyproject): readonly string[] {
  const ofUv = ['override-dependencies', 'exclude-dependencies'].flatMap((key) => tool.at('uv').at(key).items())
  const ofPdm = tool.at('pdm').at('resolution').at('overrides').entries()
  return [
    ...ofUv.flatMap(({ value }) => (typeof value === 'string' ? [parseRequirement(value).normalizedName] : [])),
    ...ofPdm.map(([name]) => normalizeName(name)),
  ]
}
