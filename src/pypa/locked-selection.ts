import { defineError } from '../base/errors.ts'
import type { Lock, LockedDependency, LockedDistribution, LockRoot } from './locked-distribution.ts'
import { evaluateMarker, type MarkerEnvironment } from './marker.ts'
import { normalizeName, type NormalizedName } from './name.ts'
import { formatSpecifierSet, matches } from './specifier.ts'
import { parseVersion, tryParseVersion } from './version.ts'

export interface LockSelection {
  /** `targetEnvironment(target)`: never the host's. */
  readonly environment: MarkerEnvironment
  readonly extras?: readonly string[] | undefined
  /** Dependency groups beside the project's own dependencies. Absent: none (a package for Lambda has no development tools in it). */
  readonly groups?: readonly string[] | undefined
  /**
   * Of a workspace: the member that is packaged, which is then not among the distributions. Absent: the project in the lock's folder,
   * or all members where there is none.
   */
  readonly project?: string | undefined
}

/** A distribution that belongs to the target, with those that brought it. */
export interface SelectedDistribution extends LockedDistribution {
  /** Names of distributions; empty for what the project asks for itself, or where the lock has no edges. */
  readonly requestedBy: readonly NormalizedName[]
}

export const unknownLockScope = defineError(
  'ZY0230',
  'usage',
  (p: { file: string; kind: 'extra' | 'group' | 'project'; name: string; known: readonly string[] }) => ({
    message: `\`${p.file}\` has no ${p.kind} \`${p.name}\``,
    hint:
      p.known.length > 0 ? `It has ${p.known.map((name) => `\`${name}\``).join(', ')}` : `It has no ${p.kind}s at all`,
  }),
)

export const lockExcludesPython = defineError(
  'ZY0231',
  'refused',
  (p: { file: string; requiresPython: string; python: string }) => ({
    message: `\`${p.file}\` is for Python \`${p.requiresPython}\`, which excludes \`${p.python}\``,
    hint: `Choose another runtime, or widen \`requires-python\` and lock again`,
  }),
)

export const ambiguousLock = defineError(
  'ZY0232',
  'refused',
  (p: { file: string; name: string; versions: readonly string[] }) => ({
    message: `\`${p.file}\` selects \`${p.name}\` in several versions for this target: ${p.versions.map((v) => `\`${v}\``).join(', ')}`,
    hint: 'Only one version can be packaged; ask for extras or groups that do not conflict',
  }),
)

export const lockIncomplete = defineError(
  'ZY0234',
  'refused',
  (p: { file: string; name: string; python: string; lockedPython: string | undefined }) => ({
    message: `\`${p.file}\` has no version of \`${p.name}\`, which Python \`${p.python}\` needs${p.lockedPython === undefined ? '' : `: it was locked with Python \`${p.lockedPython}\``}`,
    hint: 'Lock with the Python of the runtime, or choose the runtime of the lock',
  }),
)

/** The distributions of a lock that a target needs, sorted by name. Markers are evaluated for the target, extras and groups asked for. */
export function selectDistributions(lock: Lock, selection: LockSelection): readonly SelectedDistribution[] {
  const extras = (selection.extras ?? []).map(normalizeName)
  const groups = [...new Set([...lock.defaultGroups, ...(selection.groups ?? []).map(normalizeName)])]
  for (const name of extras)
    if (!lock.extras.includes(name))
      throw unknownLockScope({ file: lock.file, kind: 'extra', name, known: lock.extras })
  for (const name of groups)
    if (!lock.groups.includes(name))
      throw unknownLockScope({ file: lock.file, kind: 'group', name, known: lock.groups })
  const python = selection.environment.python_full_version
  if (lock.requiresPython && !matches(lock.requiresPython, parseVersion(python))) {
    throw lockExcludesPython({ file: lock.file, requiresPython: formatSpecifierSet(lock.requiresPython), python })
  }
  const context = { environment: selection.environment, extras, groups }
  const chosen = lock.roots ? walk(lock, selection, context) : filter(lock, context)
  const sorted = [...chosen].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (let index = 1; index < sorted.length; index += 1) {
    const [before, here] = [sorted[index - 1]!, sorted[index]!]
    if (before.name !== here.name) continue
    const versions = sorted
      .filter(({ name }) => name === here.name)
      .map(({ version }) => version ?? '?')
      .sort()
    throw ambiguousLock({ file: lock.file, name: here.name, versions })
  }
  for (const distribution of sorted) {
    const { version, archive, vcs, directory, wheels, sdist, acceptedHashes, name } = distribution
    const isLocked =
      archive || vcs || directory || wheels.length > 0 || sdist || (version !== undefined && acceptedHashes)
    if (!isLocked)
      throw lockIncomplete({
        file: lock.file,
        name,
        python: selection.environment.python_version,
        lockedPython: lock.lockedPython,
      })
  }
  return sorted
}

interface Context {
  readonly environment: MarkerEnvironment
  readonly extras: readonly string[]
  readonly groups: readonly string[]
}

/** Locks where each distribution says by itself whether it belongs. */
function filter(lock: Lock, context: Context): readonly SelectedDistribution[] {
  const isAsked = (name: string): boolean =>
    name === '' || context.groups.includes(name) || context.extras.includes(name)
  const wanted = lock.distributions.filter(
    (distribution) =>
      (distribution.groups === undefined ||
        distribution.groups.some(
          (group) => isAsked(group.name) && evaluateMarker(group.marker, context.environment, context),
        )) &&
      evaluateMarker(distribution.marker, context.environment, context),
  )
  const merged = mergeExtraLines(wanted.map((distribution) => ({ ...distribution, requestedBy: [] })))
  const requesters = new Map<string, Set<NormalizedName>>()
  for (const distribution of merged) {
    for (const dependency of distribution.dependencies) {
      if (!evaluateMarker(dependency.marker, context.environment)) continue
      const set = requesters.get(dependency.name) ?? new Set()
      requesters.set(dependency.name, set.add(distribution.name))
    }
  }
  return merged.map((distribution) => ({
    ...distribution,
    requestedBy: [...(requesters.get(distribution.name) ?? [])].sort(),
  }))
}

/** pdm.lock has a line for `requests` and one for `requests[socks]`, which needs the former: one distribution. */
function mergeExtraLines(distributions: readonly SelectedDistribution[]): readonly SelectedDistribution[] {
  const groups = new Map<string, SelectedDistribution[]>()
  for (const distribution of distributions) {
    const key = `${distribution.name} ${distribution.version ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), distribution])
  }
  return [...groups.values()].flatMap((lines) => {
    if (lines.length === 1 || lines.every(({ extras }) => extras === undefined)) return lines
    const main = lines.find(({ extras }) => extras === undefined) ?? lines[0]!
    return {
      ...main,
      dependencies: lines.flatMap(({ dependencies }) => dependencies).filter(({ name }) => name !== main.name),
      requestedBy: [...new Set(lines.flatMap(({ requestedBy }) => requestedBy))]
        .filter((name) => name !== main.name)
        .sort(),
      extras: undefined,
    }
  })
}

/** Locks that hold the graph: what is reachable from the roots, extras and markers of the edges observed. */
function walk(lock: Lock, selection: LockSelection, context: Context): readonly SelectedDistribution[] {
  const project = selection.project === undefined ? lock.defaultProject : normalizeName(selection.project)
  const projects = [...new Set(lock.roots!.map((root) => root.project).filter((name) => name !== undefined))]
  if (project !== undefined && !projects.includes(project)) {
    throw unknownLockScope({ file: lock.file, kind: 'project', name: project, known: projects })
  }
  const roots = lock.roots!.filter(
    (root) =>
      (project === undefined || root.project === undefined || root.project === project) &&
      (root.extra === undefined || context.extras.includes(root.extra)) &&
      (root.group === undefined || context.groups.includes(root.group)),
  )
  // Extras of members that are only reached on the way (`worker[old]`) change what conflicting edges say: walk until nothing is new.
  let conflicts = new Set(roots.flatMap(({ project: member, extra, group }) => conflictNames(member, extra, group)))
  for (;;) {
    const reached = reach(lock, roots, context.environment, [...context.extras, ...conflicts])
    const found = [...reached].flatMap(([{ name }, { extras }]) =>
      projects.includes(name) ? [...extras].flatMap((extra) => conflictNames(name, extra, undefined)) : [],
    )
    const size = conflicts.size
    conflicts = new Set([...conflicts, ...found])
    if (conflicts.size > size) continue
    const selected = [...reached]
      .filter(([{ name }]) => name !== project)
      .map(([distribution, state]) => ({
        ...distribution,
        requestedBy: [...state.requestedBy].filter((name) => name !== project).sort(),
      }))
    return mergeExtraLines(selected)
  }
}

/** How uv.lock writes, as an extra, that an extra or group of a member is active: the lengths keep names apart. */
function conflictNames(
  project: string | undefined,
  extra: string | undefined,
  group: string | undefined,
): readonly string[] {
  if (project === undefined) return []
  if (extra !== undefined) return [`extra-${project.length}-${project}-${extra}`]
  return group === undefined
    ? [`project-${project.length}-${project}`]
    : [`group-${project.length}-${project}-${group}`]
}

interface Reached {
  readonly extras: Set<string>
  readonly requestedBy: Set<NormalizedName>
}

function reach(
  lock: Lock,
  roots: readonly LockRoot[],
  environment: MarkerEnvironment,
  extras: readonly string[],
): ReadonlyMap<LockedDistribution, Reached> {
  const byName = new Map<string, LockedDistribution[]>()
  for (const distribution of lock.distributions) {
    byName.set(distribution.name, [...(byName.get(distribution.name) ?? []), distribution])
  }
  const context = { extras, extraMembership: 'set' } as const
  const reached = new Map<LockedDistribution, Reached>()
  const queue = roots.flatMap((root) =>
    root.dependencies.map((dependency) => ({ dependency, from: undefined as NormalizedName | undefined })),
  )
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { dependency, from } = next
    if (!evaluateMarker(dependency.marker, environment, context)) continue
    for (const distribution of candidatesOf(dependency, byName.get(dependency.name) ?? [])) {
      if (distribution.extras?.some((extra) => !dependency.extras.includes(extra))) continue
      if (!evaluateMarker(distribution.marker, environment, context)) continue
      const known = reached.get(distribution)
      const state = known ?? { extras: new Set<string>(), requestedBy: new Set<NormalizedName>() }
      if (from !== undefined && from !== distribution.name) state.requestedBy.add(from)
      const added = dependency.extras.filter((extra) => !state.extras.has(extra))
      for (const extra of added) state.extras.add(extra)
      reached.set(distribution, state)
      for (const edge of distribution.dependencies) {
        const isDue = edge.extra === undefined ? !known : added.includes(edge.extra)
        if (isDue) queue.push({ dependency: edge, from: distribution.name })
      }
    }
  }
  return reached
}

/** The locked versions that an edge may mean: the one it names, else those it accepts. */
function candidatesOf(
  dependency: LockedDependency,
  locked: readonly LockedDistribution[],
): readonly LockedDistribution[] {
  const { version, accepts } = dependency
  if (version !== undefined) return locked.filter((distribution) => distribution.version === version)
  const isOneVersion = locked.every((distribution) => distribution.version === locked[0]!.version)
  if (isOneVersion || !accepts) return locked
  return locked.filter((distribution) => {
    const parsed = distribution.version === undefined ? undefined : tryParseVersion(distribution.version)
    return !parsed || accepts.some((set) => matches(set, parsed))
  })
}
