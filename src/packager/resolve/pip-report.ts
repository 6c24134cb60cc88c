import { defineError } from '../../base/errors.ts'
import { isUrl } from '../../pypa/direct-reference.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import { evaluateMarker, type MarkerEnvironment } from '../../pypa/marker.ts'
import { normalizeName, type NormalizedName } from '../../pypa/name.ts'
import { formatRequirement, parseRequirement, type Requirement } from '../../pypa/requirement.ts'
import { matches, parseSpecifierSet } from '../../pypa/specifier.ts'
import { tryParseVersion } from '../../pypa/version.ts'

/** What `pip install --dry-run --report` says that it would install. */
export interface PipReport {
  readonly pipVersion: string
  readonly items: readonly PipItem[]
}

export interface PipItem {
  readonly distribution: LockedDistribution
  readonly extras: readonly string[]
  /** Named in the requirements that pip was given. */
  readonly isRequested: boolean
  readonly requiresDist: readonly Requirement[]
}

export const unreadableReport = defineError('ZY0414', 'refused', (p: { problem: string }) => ({
  message: `The report of \`pip\` cannot be read: ${p.problem}`,
  hint: 'Zipyard needs pip 22.2 or newer; update it, or install uv',
}))

interface RawItem {
  readonly download_info?: {
    readonly url?: string
    readonly archive_info?: { readonly hash?: string; readonly hashes?: Readonly<Record<string, string>> }
    readonly dir_info?: { readonly editable?: boolean }
    readonly vcs_info?: { readonly vcs?: string; readonly commit_id?: string; readonly requested_revision?: string }
    readonly subdirectory?: string
  }
  readonly is_direct?: boolean
  readonly requested?: boolean
  readonly requested_extras?: readonly string[]
  readonly metadata?: {
    readonly name?: string
    readonly version?: string
    readonly requires_dist?: readonly string[]
    readonly requires_python?: string
  }
}

export function readPipReport(text: string): PipReport {
  let report: { readonly version?: unknown; readonly pip_version?: unknown; readonly install?: unknown }
  try {
    report = JSON.parse(text) as typeof report
  } catch (error) {
    throw unreadableReport({ problem: 'it is not JSON' }, { cause: error })
  }
  if (!Array.isArray(report.install)) throw unreadableReport({ problem: 'it has no list `install`' })
  return { pipVersion: String(report.pip_version ?? '?'), items: (report.install as RawItem[]).map(readItem) }
}

function readItem(raw: RawItem): PipItem {
  const { metadata, download_info: download } = raw
  if (!metadata?.name || !metadata.version || !download?.url)
    throw unreadableReport({ problem: 'an entry has no name, version or URL' })
  const requiresDist = (metadata.requires_dist ?? []).flatMap((text) => {
    try {
      return [parseRequirement(text)]
    } catch {
      // pip has read the metadata and gone on; a line that it skipped decides nothing.
      return []
    }
  })
  return {
    distribution: {
      name: normalizeName(metadata.name),
      version: metadata.version,
      requiresPython: metadata.requires_python ? parseSpecifierSet(metadata.requires_python) : undefined,
      ...placeOf(raw, download.url),
      dependencies: requiresDist.map(({ normalizedName, extras, marker }) => ({
        name: normalizedName,
        extras,
        marker,
      })),
    },
    extras: (raw.requested_extras ?? []).map(normalizeName),
    isRequested: raw.requested ?? false,
    requiresDist,
  }
}

function placeOf(
  raw: RawItem,
  url: string,
): Pick<LockedDistribution, 'wheels' | 'archive' | 'directory' | 'vcs' | 'sdist'> {
  const { archive_info: archive, dir_info: directory, vcs_info: vcs, subdirectory } = raw.download_info!
  if (directory)
    return { wheels: [], directory: { path: localPath(url), editable: directory.editable ?? false, subdirectory } }
  if (vcs)
    return {
      wheels: [],
      vcs: {
        type: (vcs.vcs ?? 'git') as 'git',
        url,
        commit: vcs.commit_id ?? '',
        requestedRevision: vcs.requested_revision,
        subdirectory,
      },
    }
  const [algorithm, digest] = (archive?.hash ?? '').split('=')
  const hashes = archive?.hashes ?? (algorithm && digest ? { [algorithm]: digest } : {})
  const local = url.startsWith('file:')
  const file = {
    filename: decodeURIComponent(new URL(url).pathname.split('/').at(-1)!),
    url: local ? undefined : withoutFragment(url),
    path: local ? localPath(url) : undefined,
    hashes,
    subdirectory,
  }
  if (raw.is_direct) return { wheels: [], archive: file }
  return file.filename.endsWith('.whl') ? { wheels: [file] } : { wheels: [], sdist: file }
}

function localPath(url: string): string {
  return decodeURIComponent(new URL(url).pathname)
}

function withoutFragment(url: string): string {
  return url.split('#')[0]!
}

/** What a report means for the target. */
export interface Repair {
  /** What the target really needs of what pip chose. */
  readonly kept: readonly PipItem[]
  /** What pip chose because a marker holds on this machine, and not on the target. */
  readonly dropped: readonly PipItem[]
  /** What the target needs and pip left out because a marker does not hold here: ask again with these. */
  readonly missing: readonly string[]
}

/**
 * Corrects pip's markers. pip evaluates `Requires-Dist` for the machine it runs on, whatever `--platform` and `--python-version` say
 * (reproduced with pip 23.2 and 24.2), so the graph is walked again here with the target's environment.
 */
export function repairReport(report: PipReport, roots: readonly Requirement[], environment: MarkerEnvironment): Repair {
  const byName = new Map(report.items.map((item) => [item.distribution.name, item]))
  const reached = new Map<NormalizedName, Set<string>>()
  const missing = new Map<string, string>()
  const queue: { requirement: Requirement; extras: readonly string[] }[] = roots.map((requirement) => ({
    requirement,
    extras: [],
  }))
  for (const item of report.items) {
    // Requirements without a name (a path, a repository) are roots that only pip could name.
    if (
      item.isRequested &&
      !item.distribution.wheels.length &&
      !roots.some((root) => root.normalizedName === item.distribution.name)
    )
      queue.push({ requirement: requested(item), extras: [] })
  }
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { requirement, extras } = next
    if (!evaluateMarker(requirement.marker, environment, { extras })) continue
    const item = byName.get(requirement.normalizedName)
    if (!item || !satisfies(item, requirement)) {
      const text = formatRequirement({ ...requirement, marker: undefined })
      missing.set(text, text)
      if (!item) continue
    }
    const seen = reached.get(requirement.normalizedName)
    const known = seen ?? new Set<string>()
    const added = requirement.extras.filter((extra) => !known.has(extra))
    if (seen && added.length === 0) continue
    for (const extra of added) known.add(extra)
    reached.set(requirement.normalizedName, known)
    for (const needed of item.requiresDist) queue.push({ requirement: needed, extras: [...known] })
  }
  return {
    kept: report.items.filter((item) => reached.has(item.distribution.name)),
    dropped: report.items.filter((item) => !reached.has(item.distribution.name)),
    missing: [...missing.keys()].sort(),
  }
}

function requested({ distribution, extras: list }: PipItem): Requirement {
  const extras = list.length > 0 ? `[${list.join(',')}]` : ''
  return parseRequirement(`${distribution.name}${extras}`)
}

function satisfies(item: PipItem, requirement: Requirement): boolean {
  if (requirement.url !== undefined || isUrl(requirement.name)) return true
  const version = tryParseVersion(item.distribution.version ?? '')
  return version === undefined || matches(requirement.specifiers, version)
}
