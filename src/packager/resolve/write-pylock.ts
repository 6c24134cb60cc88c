import type { LockedDistribution, LockedFile } from '../../pypa/locked-distribution.ts'
import { formatSpecifierSet } from '../../pypa/specifier.ts'
import { formatMarker } from '../../pypa/marker.ts'
import { compareUtf8 } from '../../zip/plan.ts'
import type { Target } from '../target.ts'
import { withoutCredentials } from './resolution-error.ts'

/** What Zipyard writes about itself into a lock, under `[tool.zipyard]`. */
export interface LockNote {
  /** Digest of the declarations that were resolved; when they change, the lock is stale. */
  readonly inputs: string
  /** `py313-arm64` */
  readonly target: string
  /** `uv 0.13.9` */
  readonly resolver: string
  /** What the project asks for itself, by name. */
  readonly requested: readonly string[]
}

/**
 * Writes a lock for one target as `pylock.toml` (PEP 751), readable by pip and uv. The text depends on the content alone: sorted by
 * name, no time, no machine, no credentials.
 */
export function writePylock(distributions: readonly LockedDistribution[], target: Target, note: LockNote): string {
  const { environment } = target
  const blocks = [...distributions].sort((a, b) => compareUtf8(a.name, b.name)).map(packageBlock)
  return [
    `# Versions and digests for ${target.runtime.id} on ${target.architecture}. Written by zipyard; commit it.`,
    'lock-version = "1.0"',
    `environments = [${text(`sys_platform == 'linux' and platform_machine == '${environment.platform_machine}' and python_version == '${environment.python_version}'`)}]`,
    `requires-python = ${text(`==${environment.python_version}.*`)}`,
    'created-by = "zipyard"',
    '',
    ...blocks,
    '[tool.zipyard]',
    `target = ${text(note.target)}`,
    `inputs = ${text(note.inputs)}`,
    `resolver = ${text(note.resolver)}`,
    `requested = [${[...note.requested].sort(compareUtf8).map(text).join(', ')}]`,
    '',
  ].join('\n')
}

function packageBlock(distribution: LockedDistribution): string {
  const { vcs, directory, archive, sdist, wheels } = distribution
  const lines = ['[[packages]]', `name = ${text(distribution.name)}`]
  if (distribution.version !== undefined) lines.push(`version = ${text(distribution.version)}`)
  if (distribution.marker) lines.push(`marker = ${text(formatMarker(distribution.marker))}`)
  if (distribution.requiresPython?.length)
    lines.push(`requires-python = ${text(formatSpecifierSet(distribution.requiresPython))}`)
  if (distribution.index !== undefined) lines.push(`index = ${text(withoutCredentials(distribution.index))}`)
  if (distribution.dependencies.length > 0)
    lines.push(
      `dependencies = [${[...new Set(distribution.dependencies.map(({ name }) => name))]
        .sort(compareUtf8)
        .map((name) => `{ name = ${text(name)} }`)
        .join(', ')}]`,
    )
  if (vcs)
    lines.push(
      `vcs = ${table({ type: vcs.type, url: withoutCredentials(vcs.url), 'requested-revision': vcs.requestedRevision, 'commit-id': vcs.commit, subdirectory: vcs.subdirectory })}`,
    )
  if (directory)
    lines.push(
      `directory = ${table({ path: directory.path, editable: directory.editable || undefined, subdirectory: directory.subdirectory })}`,
    )
  if (archive) lines.push(`archive = ${fileTable(archive, false)}`)
  if (sdist) lines.push(`sdist = ${fileTable(sdist, true)}`)
  if (wheels.length > 0) lines.push('wheels = [', ...wheels.map((wheel) => `    ${fileTable(wheel, true)},`), ']')
  return `${lines.join('\n')}\n`
}

function fileTable(file: LockedFile, isNamed: boolean): string {
  const hashes = Object.entries(file.hashes).sort(([a], [b]) => compareUtf8(a, b))
  const members = [
    isNamed ? `name = ${text(file.filename)}` : undefined,
    file.url === undefined ? undefined : `url = ${text(withoutCredentials(file.url))}`,
    file.path === undefined ? undefined : `path = ${text(file.path)}`,
    file.sizeBytes === undefined ? undefined : `size = ${file.sizeBytes}`,
    `hashes = { ${hashes.map(([algorithm, digest]) => `${algorithm} = ${text(digest)}`).join(', ')} }`,
    file.subdirectory === undefined ? undefined : `subdirectory = ${text(file.subdirectory)}`,
  ]
  return `{ ${members.filter((member) => member !== undefined).join(', ')} }`
}

function table(values: Readonly<Record<string, string | boolean | undefined>>): string {
  const members = Object.entries(values).filter(([, value]) => value !== undefined)
  return `{ ${members.map(([key, value]) => `${key} = ${typeof value === 'string' ? text(value) : value}`).join(', ')} }`
}

/** A basic string of TOML. JSON's escapes are TOML's, once the control characters it leaves alone are written out. */
function text(value: string): string {
  return JSON.stringify(value).replace(/\u007f/g, String.raw`\u007f`)
}
