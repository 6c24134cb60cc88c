import { hideCredentials } from './hide-credentials.ts'
import { readToml, type DocumentNode } from './document.ts'
import { fileFromPlace, readHashText, readMarker, unsupportedLockVersion } from './lock-document.ts'
import type { Lock, LockedDependency, LockedDistribution, LockedFile, LockRoot } from './locked-distribution.ts'
import type { Marker } from './marker.ts'
import { normalizeName, type NormalizedName } from './name.ts'
import { parseSpecifierSet } from './specifier.ts'

/** A `uv.lock`. */
export interface UvLock extends Lock {
  readonly kind: 'uv'
  /** The members of the workspace, the root project among them. */
  readonly members: readonly NormalizedName[]
}

/**
 * Reads a `uv.lock` (version 1, any revision). It holds one graph for all platforms: the members of the workspace are its roots, edges
 * have markers, extras hang on the distribution that has them.
 */
export function parseUvLock(text: string, file = 'uv.lock'): UvLock {
  const document = readToml(text, file)
  const version = document.at('version').optionalInteger()
  if (version !== 1)
    throw unsupportedLockVersion({ file, found: String(version ?? 'none'), known: 'version `1`', tool: 'uv' })
  const packages = document.at('package').items()
  const listed = document.at('manifest').at('members').strings().map(normalizeName)
  const members = listed.length > 0 ? listed : packages.filter(isRootProject).map(nameOf)
  const roots = packages
    .filter((node) => members.includes(nameOf(node)) && isLocal(node.at('source')))
    .flatMap((node) => readRoots(node))
  // Requirements of a workspace that has no project of its own, and of locked scripts.
  const manifest = [
    ...document
      .at('manifest')
      .at('requirements')
      .items()
      .map((node) => ({ node, group: undefined as string | undefined })),
    ...document
      .at('manifest')
      .at('dependency-groups')
      .entries()
      .flatMap(([group, list]) => list.items().map((node) => ({ node, group: normalizeName(group) }))),
  ]
  const ofManifest = manifest.map(({ node, group }): LockRoot => ({
    group,
    dependencies: [readDependency(node, undefined)],
  }))
  return {
    kind: 'uv',
    file,
    members,
    defaultProject: packages.filter(isRootProject).map(nameOf)[0],
    requiresPython: document.at('requires-python').optionalParsed(parseSpecifierSet),
    distributions: packages.map(readPackage),
    roots: [...roots, ...ofManifest],
    extras: unique(roots.map((root) => root.extra)),
    groups: unique([...roots, ...ofManifest].map((root) => root.group)),
    defaultGroups: [],
  }
}

function nameOf(node: DocumentNode): NormalizedName {
  return normalizeName(node.at('name').string())
}

/** The project whose source is the lock's own folder; a workspace may have none. */
function isRootProject(node: DocumentNode): boolean {
  const source = node.at('source')
  return ['virtual', 'editable', 'directory'].some((kind) => source.at(kind).value === '.')
}

function isLocal(source: DocumentNode): boolean {
  return source.at('virtual').exists || source.at('editable').exists || source.at('directory').exists
}

function readRoots(node: DocumentNode): LockRoot[] {
  const project = nameOf(node)
  const extras = node.at('optional-dependencies').entries()
  const groups = node.at('dev-dependencies').entries()
  const itself: LockedDependency = { name: project, extras: [] }
  return [
    { project, dependencies: [itself] },
    ...extras.map(([extra]): LockRoot => ({
      project,
      extra: normalizeName(extra),
      dependencies: [{ ...itself, extras: [normalizeName(extra)] }],
    })),
    ...groups.map(([group, list]): LockRoot => ({
      project,
      group: normalizeName(group),
      dependencies: list.items().map((item) => readDependency(item, undefined)),
    })),
  ]
}

function readPackage(node: DocumentNode): LockedDistribution {
  const source = node.at('source')
  const registry = source.at('registry').optionalString()
  const base = registry !== undefined && !/^[a-z][a-z0-9+.-]+:\/\//i.test(registry) ? registry : undefined
  const direct = source.at('url').optionalString() ?? source.at('path').optionalString()
  const wheels = node
    .at('wheels')
    .items()
    .map((item) => readFile(item, base, direct))
  const sdist = node.at('sdist').exists ? readFile(node.at('sdist'), base, direct) : undefined
  const subdirectory = source.at('subdirectory').optionalString()
  const path =
    source.at('editable').optionalString() ??
    source.at('virtual').optionalString() ??
    source.at('directory').optionalString()
  return {
    name: nameOf(node),
    version: node.at('version').optionalString(),
    marker: anyOf(node.at('resolution-markers').items().map(readMarker)),
    index: registry === undefined ? undefined : hideCredentials(registry),
    wheels: direct === undefined ? wheels : [],
    sdist: direct === undefined ? sdist : undefined,
    archive: direct === undefined ? undefined : { ...(wheels[0] ?? sdist ?? fileFromPlace(direct)), subdirectory },
    vcs: source.at('git').exists ? readGit(source.at('git')) : undefined,
    directory:
      path === undefined
        ? undefined
        : { path, editable: source.at('editable').exists, virtual: source.at('virtual').exists || undefined },
    dependencies: [
      ...node
        .at('dependencies')
        .items()
        .map((item) => readDependency(item, undefined)),
      ...node
        .at('optional-dependencies')
        .entries()
        .flatMap(([extra, list]) => list.items().map((item) => readDependency(item, normalizeName(extra)))),
    ],
  }
}

/** Wheels and sdists have `url`, `path` (relative to a flat index's folder) or, under a direct source, `filename` alone. */
function readFile(node: DocumentNode, base: string | undefined, direct: string | undefined): LockedFile {
  const hash = node.at('hash').exists ? readHashText(node.at('hash')) : undefined
  const hashes = hash ? { [hash[0]]: hash[1] } : {}
  const path = node.at('path').optionalString()
  const place =
    node.at('url').optionalString() ?? (path !== undefined && base !== undefined ? `${base}/${path}` : path) ?? direct
  const filename = node.at('filename').optionalString()
  if (place === undefined) {
    return filename === undefined ? node.fail('has neither `url`, `path` nor `filename`') : { filename, hashes }
  }
  const file = fileFromPlace(place, hashes)
  return { ...file, filename: filename ?? file.filename, sizeBytes: node.at('size').optionalInteger() }
}

/** `https://host/repository?subdirectory=x&rev=main#commit`; what was asked for is in the query, what was found in the fragment. */
function readGit(node: DocumentNode): LockedDistribution['vcs'] {
  const url = node.parsed((text) => new URL(text))
  const commit = url.hash.slice(1)
  if (!/^[0-9a-f]{7,64}$/i.test(commit)) return node.fail('has no commit after `#`')
  const query = url.searchParams
  const requestedRevision = query.get('rev') ?? query.get('tag') ?? query.get('branch') ?? undefined
  const subdirectory = query.get('subdirectory') ?? undefined
  url.hash = ''
  url.search = ''
  return { type: 'git', url: hideCredentials(url.href), commit, requestedRevision, subdirectory }
}

function readDependency(node: DocumentNode, extra: string | undefined): LockedDependency {
  const extras = node.at('extra').exists ? node.at('extra') : node.at('extras')
  return {
    name: nameOf(node),
    version: node.at('version').optionalString(),
    extras: extras.strings().map(normalizeName),
    marker: readMarker(node.at('marker')),
    extra,
  }
}

function anyOf(markers: readonly (Marker | undefined)[]): Marker | undefined {
  const some = markers.filter((marker) => marker !== undefined)
  if (some.length === 0 || some.length < markers.length) return undefined
  return some.length === 1 ? some[0] : { any: some }
}

function unique(names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== undefined))]
}
