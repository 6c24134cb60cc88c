import type { LockedDistribution } from './locked-distribution.ts'
import { bothMarkers, evaluateMarker, parseMarker, type MarkerEnvironment } from './marker.ts'
import { normalizeName } from './name.ts'
import { parsePoetryConstraint, pythonMarker } from './poetry-constraint.ts'
import type { Pyproject } from './pyproject.ts'
import type { DocumentNode } from './document.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { matches } from './specifier.ts'
import { tryParseVersion } from './version.ts'

/** Where a project and its lock differ: the lock is stale. */
export type LockDifference =
  | UncoveredRequirement
  /** In the lock, and neither the project nor anything in the lock asks for it any more. */
  | { readonly distribution: LockedDistribution; readonly because: 'unasked' }

/** What a project declares and its lock does not give. */
export type UncoveredRequirement =
  /** Declared since the lock was written. */
  | { readonly requirement: Requirement; readonly because: 'missing' }
  /** Locked at a version that the declaration no longer accepts. */
  | { readonly requirement: Requirement; readonly because: 'version'; readonly found: string }

export interface DeclaredScope {
  readonly extras?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
}

/**
 * Compares a project's declarations with what its lock selects for a target. Tools have digests of their own for this, each over other
 * things and in another notation; what can go wrong at run time is that a declared distribution is not in the package.
 */
export function uncoveredRequirements(
  declared: readonly Requirement[],
  selected: readonly LockedDistribution[],
  environment: MarkerEnvironment,
): readonly UncoveredRequirement[] {
  const byName = new Map(selected.map((distribution) => [distribution.name, distribution]))
  return declared.flatMap((requirement): UncoveredRequirement[] => {
    if (!evaluateMarker(requirement.marker, environment)) return []
    const found = byName.get(requirement.normalizedName)
    if (!found) return [{ requirement, because: 'missing' }]
    const version = found.version === undefined ? undefined : tryParseVersion(found.version)
    if (!version || matches(requirement.specifiers, version)) return []
    return [{ requirement, because: 'version', found: version.text }]
  })
}

/**
 * What a lock selects and nobody asks for: it was declared once. Only for locks that hold the edges of their graph; whatever the projects (of a workspace, the member and
 * the root) name anywhere, under another extra or group too, counts as asked for, and so does every edge whatever its marker.
 */
export function unaskedDistributions(
  projects: readonly Pyproject[],
  selected: readonly LockedDistribution[],
): readonly LockDifference[] {
  if (projects.some(({ project }) => project?.dynamic.some((field) => field.endsWith('dependencies')))) return []
  const asked = new Set<string>([
    ...projects.flatMap(namedAnywhere),
    ...selected.flatMap(({ name, dependencies }) =>
      dependencies.flatMap((dependency) => (dependency.name === name ? [] : [dependency.name])),
    ),
  ])
  return selected
    .filter(({ name, directory }) => !directory && !asked.has(name))
    .map((distribution) => ({ distribution, because: 'unasked' }))
}

function namedAnywhere({ project, dependencyGroups, tool }: Pyproject): readonly string[] {
  const poetry = tool.at('poetry')
  const tables = [
    poetry.at('dependencies'),
    poetry.at('dev-dependencies'),
    ...poetry
      .at('group')
      .entries()
      .map(([, group]) => group.at('dependencies')),
  ]
  const lists = [
    tool.at('uv').at('dev-dependencies'),
    ...tool
      .at('pdm')
      .at('dev-dependencies')
      .entries()
      .map(([, list]) => list),
  ]
  return [
    ...(project ? [project] : []),
    ...(project?.dependencies ?? []),
    ...Object.values(project?.optionalDependencies ?? {}).flat(),
    ...Object.values(dependencyGroups).flat(),
    ...lists.flatMap((list) => list.items().map((item) => item.parsed(parseListed))),
  ]
    .map(({ normalizedName }): string => normalizedName)
    .concat(tables.flatMap((table) => table.entries().map(([name]) => normalizeName(name))))
}

/** PDM's lists may hold editable lines. */
function parseListed(text: string): Requirement {
  return parseRequirement(text.replace(/^-e\s+/, ''))
}

/**
 * What a project declares, with the extras and groups asked for: `[project]` and `[dependency-groups]`, else Poetry's and PDM's own
 * tables. Requirements on the project's own extras (`app[all]`) are followed.
 */
export function declaredRequirements(pyproject: Pyproject, scope: DeclaredScope = {}): readonly Requirement[] {
  const { project, dependencyGroups, tool } = pyproject
  const optional = project?.optionalDependencies ?? {}
  const taken = new Set<string>()
  const follow = (extras: readonly string[]): Requirement[] =>
    extras.map(normalizeName).flatMap((extra) => {
      if (taken.has(extra)) return []
      taken.add(extra)
      return (optional[extra] ?? []).flatMap((requirement) =>
        requirement.normalizedName === project?.normalizedName ? follow(requirement.extras) : [requirement],
      )
    })
  const groups = (scope.groups ?? []).map(normalizeName)
  return [
    ...(project?.dependencies ?? []),
    ...follow(scope.extras ?? []),
    ...groups.flatMap((group) => dependencyGroups[group] ?? []),
    ...poetryRequirements(tool.at('poetry'), groups),
  ]
}

/** `[tool.poetry.dependencies]` and groups; optional ones belong to extras and are left to the lock. */
function poetryRequirements(poetry: DocumentNode, groups: readonly string[]): readonly Requirement[] {
  const tables = [poetry.at('dependencies'), ...groups.map((group) => poetry.at('group').at(group).at('dependencies'))]
  return tables.flatMap((table) =>
    table
      .entries()
      .filter(([name]) => name !== 'python')
      .flatMap(([name, value]) => (value.isArray ? value.items() : [value]).map((item) => [name, item] as const))
      .filter(([, item]) => !item.isTable || !item.at('optional').boolean(false))
      .map(([name, item]) => poetryRequirement(name, item)),
  )
}

function poetryRequirement(name: string, item: DocumentNode): Requirement {
  const version = item.isTable ? item.at('version') : item
  const alternatives = version.optionalParsed(parsePoetryConstraint) ?? []
  const python = item.isTable ? item.at('python').optionalParsed(pythonMarker) : undefined
  const marker = item.isTable ? item.at('markers').optionalParsed(parseMarker) : undefined
  return {
    name,
    normalizedName: normalizeName(name),
    extras: [],
    // Alternatives (`||`) have no form here; the name alone is compared then.
    specifiers: alternatives.length === 1 ? alternatives[0]! : [],
    marker: bothMarkers(marker, python),
  }
}
