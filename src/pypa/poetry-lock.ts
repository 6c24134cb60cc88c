import { hideCredentials } from './hide-credentials.ts'
import { readToml, type DocumentNode } from './document.ts'
import { fileFromPlace, readHashText, readMarker, unsupportedLockVersion } from './lock-document.ts'
import type {
  Lock,
  LockedDependency,
  LockedDistribution,
  LockedFile,
  LockedGroup,
  LockRoot,
} from './locked-distribution.ts'
import { bothMarkers, evaluateMarker, type Marker } from './marker.ts'
import { normalizeName } from './name.ts'
import { parsePoetryConstraint, pythonMarker } from './poetry-constraint.ts'
import type { Pyproject } from './pyproject.ts'
import type { Requirement } from './requirement.ts'
import type { SpecifierSet } from './specifier.ts'
import { tryParseSdistFilename } from './sdist-filename.ts'
import { normalizeVersion } from './version.ts'
import { tryParseWheelFilename } from './wheel-filename.ts'

/** A `poetry.lock`. Its files have names and digests, no addresses: the index is asked for those. */
export interface PoetryLock extends Lock {
  readonly kind: 'poetry'
  readonly lockVersion: string
}

/**
 * Reads a `poetry.lock` of versions 1.0 to 2.x. From 2.1 on (Poetry 2) each package says its groups and markers; before that only the
 * project knows what it asks for, so `pyproject` is needed and the graph is walked from there.
 */
export function parsePoetryLock(text: string, pyproject: Pyproject | undefined, file = 'poetry.lock'): PoetryLock {
  const document = readToml(text, file)
  const lockVersion = document.at('metadata').at('lock-version').optionalString() ?? '1.0'
  const [major, minor] = lockVersion.split('.').map(Number) as [number, number]
  if (!(major === 1 || major === 2))
    throw unsupportedLockVersion({ file, found: lockVersion, known: '`1.x` and `2.x`', tool: 'poetry' })
  const nodes = document.at('package').items()
  const oldFiles = document.at('metadata').at('files')
  const distributions = nodes.map((node) => readPackage(node, oldFiles))
  const extras = document
    .at('extras')
    .entries()
    .map(([extra, list]) => [normalizeName(extra), list.strings().map(normalizeName)] as const)
  const hasGroups = major > 2 || (major === 2 && minor >= 1)
  const roots = hasGroups ? undefined : readRoots(pyproject, extras, document)
  const groups = hasGroups
    ? distributions.flatMap((distribution) => distribution.groups ?? []).map((group) => group.name)
    : roots!.map((root) => root.group ?? '')
  const python = document.at('metadata').at('python-versions').optionalParsed(parsePoetryConstraint)
  return {
    kind: 'poetry',
    file,
    lockVersion,
    requiresPython: python?.length === 1 ? python[0] : undefined,
    distributions,
    roots,
    extras: extras.map(([extra]) => extra),
    groups: [...new Set(groups)].filter((group) => group !== '').sort(),
    defaultGroups: [],
    contentHash: document.at('metadata').at('content-hash').optionalString(),
  }
}

function readPackage(node: DocumentNode, oldFiles: DocumentNode): LockedDistribution {
  const name = node.at('name').string()
  const source = node.at('source')
  const type = source.at('type').optionalString()
  const url = source.at('url').optionalString()
  const version = node.at('version').string()
  // Before 1.5 the files stood at the end, under the name alone, those of several versions together.
  const files = node.at('files').exists
    ? node.at('files').items().map(readFile)
    : oldFiles
        .at(name)
        .items()
        .map(readFile)
        .filter((file) => isOfVersion(file, name, version))
  const subdirectory = source.at('subdirectory').optionalString()
  const isDirect = type === 'url' || type === 'file'
  return {
    name: normalizeName(name),
    version,
    ...readScope(node),
    requiresPython: onlyAlternative(node.at('python-versions').optionalParsed(parsePoetryConstraint)),
    index: type === 'legacy' && url !== undefined ? hideCredentials(url) : undefined,
    wheels: isDirect ? [] : files.filter((file) => file.filename.endsWith('.whl')),
    sdist: isDirect ? undefined : files.find((file) => /\.(?:tar\.\w+|tgz|zip)$/.test(file.filename)),
    archive:
      isDirect && url !== undefined ? { ...fileFromPlace(url, files[0]?.hashes ?? {}), subdirectory } : undefined,
    vcs:
      type === 'git' && url !== undefined
        ? {
            type: 'git',
            url: hideCredentials(url),
            commit: source.at('resolved_reference').string(),
            requestedRevision: source.at('reference').optionalString(),
            subdirectory,
          }
        : undefined,
    directory:
      type === 'directory' && url !== undefined
        ? { path: url, editable: node.at('develop').boolean(false), subdirectory }
        : undefined,
    dependencies: readDependencies(node),
  }
}

function isOfVersion(file: LockedFile, name: string, version: string): boolean {
  const parsed = tryParseWheelFilename(file.filename) ?? tryParseSdistFilename(file.filename, name)
  return !parsed || parsed.version.text === normalizeVersion(version)
}

/** Poetry 2: `groups = ["main", "dev"]` and `markers`, one for all groups or one for each. */
function readScope(node: DocumentNode): { groups?: readonly LockedGroup[]; marker?: Marker | undefined } {
  const markers = node.at('markers')
  const groups = node.at('groups').exists ? node.at('groups').strings() : undefined
  if (!groups) return markers.isString ? { marker: readMarker(markers) } : {}
  return {
    groups: groups.map((group) => ({
      name: group === 'main' ? '' : normalizeName(group),
      marker: markers.isString ? readMarker(markers) : markers.exists ? readMarker(markers.at(group)) : undefined,
    })),
  }
}

function readFile(node: DocumentNode): LockedFile {
  const [algorithm, digest] = readHashText(node.at('hash'))
  return { filename: node.at('file').string(), hashes: { [algorithm]: digest } }
}

function readDependencies(node: DocumentNode): readonly LockedDependency[] {
  const extrasOf = new Map<string, string[]>()
  for (const [extra, list] of node.at('extras').entries()) {
    for (const item of list.items()) {
      // Old locks write `name (>=1)`, and some a bare name.
      const name = normalizeName(/^[A-Za-z0-9._-]+/.exec(item.string())?.[0] ?? '')
      extrasOf.set(name, [...(extrasOf.get(name) ?? []), normalizeName(extra)])
    }
  }
  return node
    .at('dependencies')
    .entries()
    .flatMap(([key, value]) => {
      const name = normalizeName(key)
      const alternatives = value.isArray ? value.items() : [value]
      return alternatives.flatMap((alternative): LockedDependency[] => {
        const edge = readEdge(name, alternative)
        if (!alternative.isTable || !alternative.at('optional').boolean(false)) return [edge]
        return (extrasOf.get(name) ?? []).map((extra) => ({ ...edge, marker: withoutExtra(edge.marker, extra), extra }))
      })
    })
}

function readEdge(name: string, value: DocumentNode): LockedDependency {
  if (!value.isTable) return { name, accepts: value.parsed(parsePoetryConstraint), extras: [] }
  const python = value.at('python').exists ? value.at('python').parsed(pythonMarker) : undefined
  return {
    name,
    accepts: value.at('version').optionalParsed(parsePoetryConstraint),
    extras: value.at('extras').strings().map(normalizeName),
    marker: bothMarkers(readMarker(value.at('markers')), python),
  }
}

/** Edges of an extra repeat it in their marker (`extra == "socks"`); the edge is followed for that extra anyway. */
function withoutExtra(marker: Marker | undefined, extra: string): Marker | undefined {
  if (!marker) return undefined
  if ('all' in marker) {
    const rest = marker.all.map((part) => withoutExtra(part, extra)).filter((part) => part !== undefined)
    return rest.length === 0 ? undefined : rest.length === 1 ? rest[0] : { all: rest }
  }
  if ('any' in marker) {
    const rest = marker.any.map((part) => withoutExtra(part, extra))
    return rest.some((part) => part === undefined) ? undefined : { any: rest as Marker[] }
  }
  const isExtra = [marker.left, marker.right].some((operand) => 'variable' in operand && operand.variable === 'extra')
  return isExtra && evaluateMarker(marker, {} as never, { extras: [extra] }) ? undefined : marker
}

function readRoots(
  pyproject: Pyproject | undefined,
  extras: readonly (readonly [string, readonly string[]])[],
  document: DocumentNode,
): readonly LockRoot[] {
  if (!pyproject) {
    return document
      .at('metadata')
      .fail(
        'is of a Poetry before 2.0, which does not say what belongs to which group: its `pyproject.toml` is needed beside it',
      )
  }
  const poetry = pyproject.tool.at('poetry')
  const own = [
    ...edgesOfTable(poetry.at('dependencies')),
    ...(pyproject.project?.dependencies ?? []).map(edgeOfRequirement),
  ]
  const optional = new Map(own.filter(({ optional }) => optional).map(({ edge }) => [edge.name, edge]))
  const roots: LockRoot[] = [{ dependencies: own.filter((entry) => !entry.optional).map(({ edge }) => edge) }]
  for (const [extra, names] of extras) {
    roots.push({ extra, dependencies: names.map((name) => optional.get(name) ?? { name, extras: [] }) })
  }
  for (const [group, table] of poetry.at('group').entries()) {
    roots.push({
      group: normalizeName(group),
      dependencies: edgesOfTable(table.at('dependencies')).map(({ edge }) => edge),
    })
  }
  if (poetry.at('dev-dependencies').exists)
    roots.push({ group: 'dev', dependencies: edgesOfTable(poetry.at('dev-dependencies')).map(({ edge }) => edge) })
  return roots
}

interface RootEdge {
  readonly edge: LockedDependency
  readonly optional: boolean
}

function edgesOfTable(table: DocumentNode): RootEdge[] {
  return table
    .entries()
    .filter(([name]) => name !== 'python')
    .flatMap(([name, value]) =>
      (value.isArray ? value.items() : [value]).map((item) => ({
        edge: readEdge(normalizeName(name), item),
        optional: item.isTable && item.at('optional').boolean(false),
      })),
    )
}

function edgeOfRequirement(requirement: Requirement): RootEdge {
  return {
    edge: {
      name: requirement.normalizedName,
      accepts: [requirement.specifiers],
      extras: requirement.extras,
      marker: requirement.marker,
    },
    optional: false,
  }
}

function onlyAlternative(alternatives: readonly SpecifierSet[] | undefined): SpecifierSet | undefined {
  return alternatives?.length === 1 ? alternatives[0] : undefined
}
