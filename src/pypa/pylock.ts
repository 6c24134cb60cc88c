import { hideCredentials } from './hide-credentials.ts'
import { normalizeName } from './name.ts'
import { readToml, type DocumentNode } from './document.ts'
import { filenameOf, readMarker, unsupportedLockVersion } from './lock-document.ts'
import type {
  Lock,
  LockedDependency,
  LockedDirectory,
  LockedDistribution,
  LockedFile,
  LockedVcs,
} from './locked-distribution.ts'
import { parseMarker, type Marker } from './marker.ts'
import { parseSpecifierSet } from './specifier.ts'

/** A `pylock.toml` (PEP 751), with what only it has. */
export interface Pylock extends Lock {
  readonly kind: 'pylock'
  readonly lockVersion: string
  readonly createdBy: string
  /** The environments it is for; empty for any. */
  readonly environments: readonly Marker[]
  /** `[tool]`, unread. */
  readonly tool: DocumentNode
}

/** Whether a file's name is one that PEP 751 allows: `pylock.toml`, `pylock.NAME.toml`. */
export function isPylockName(filename: string): boolean {
  return /^pylock(?:\.[^.]+)?\.toml$/.test(filename)
}

/** Reads a `pylock.toml`. A newer minor version is read for what is known of it, as PEP 751 asks. */
export function parsePylock(text: string, file = 'pylock.toml'): Pylock {
  const document = readToml(text, file)
  const lockVersion = document.at('lock-version').string()
  if (!/^1\.\d+$/.test(lockVersion))
    throw unsupportedLockVersion({ file, found: lockVersion, known: '`1.x`', tool: 'uv' })
  return {
    kind: 'pylock',
    file,
    lockVersion,
    createdBy: document.at('created-by').optionalString() ?? '',
    environments: document
      .at('environments')
      .items()
      .map((item) => item.parsed(parseMarker)),
    requiresPython: document.at('requires-python').optionalParsed(parseSpecifierSet),
    extras: document.at('extras').strings().map(normalizeName),
    groups: document.at('dependency-groups').strings().map(normalizeName),
    defaultGroups: document.at('default-groups').strings().map(normalizeName),
    distributions: document.at('packages').items().map(readPackage),
    tool: document.at('tool'),
  }
}

function readPackage(node: DocumentNode): LockedDistribution {
  const index = node.at('index').optionalString()
  return {
    name: normalizeName(node.at('name').string()),
    version: node.at('version').optionalString(),
    marker: readMarker(node.at('marker')),
    requiresPython: node.at('requires-python').optionalParsed(parseSpecifierSet),
    index: index === undefined ? undefined : hideCredentials(index),
    wheels: node.at('wheels').items().map(readFile),
    sdist: ifPresent(node.at('sdist'), readFile),
    archive: ifPresent(node.at('archive'), readFile),
    vcs: ifPresent(node.at('vcs'), readVcs),
    directory: ifPresent(node.at('directory'), readDirectory),
    dependencies: node.at('dependencies').items().map(readDependency),
  }
}

function ifPresent<Value>(node: DocumentNode, read: (node: DocumentNode) => Value): Value | undefined {
  return node.exists ? read(node) : undefined
}

function readFile(node: DocumentNode): LockedFile {
  const url = node.at('url').optionalString()
  const path = node.at('path').optionalString()
  const place = url ?? path
  if (place === undefined) return node.fail('has neither `url` nor `path`')
  const hashes = node
    .at('hashes')
    .entries()
    .map(([algorithm, digest]) => [algorithm.toLowerCase(), digest.string().toLowerCase()])
  if (hashes.length === 0) return node.fail('has no `hashes`')
  return {
    filename: node.at('name').optionalString() ?? filenameOf(place),
    url,
    path,
    sizeBytes: node.at('size').optionalInteger(),
    hashes: Object.fromEntries(hashes) as Record<string, string>,
    subdirectory: node.at('subdirectory').optionalString(),
  }
}

function readVcs(node: DocumentNode): LockedVcs {
  const type = node.at('type').string()
  if (type !== 'git' && type !== 'hg' && type !== 'bzr' && type !== 'svn') {
    return node.at('type').fail(`must be git, hg, bzr or svn, found \`${type}\``)
  }
  const place = node.at('url').optionalString() ?? node.at('path').optionalString()
  if (place === undefined) return node.fail('has neither `url` nor `path`')
  return {
    type,
    url: place,
    commit: node.at('commit-id').string(),
    requestedRevision: node.at('requested-revision').optionalString(),
    subdirectory: node.at('subdirectory').optionalString(),
  }
}

function readDirectory(node: DocumentNode): LockedDirectory {
  return {
    path: node.at('path').string(),
    editable: node.at('editable').boolean(false),
    subdirectory: node.at('subdirectory').optionalString(),
  }
}

function readDependency(node: DocumentNode): LockedDependency {
  return { name: normalizeName(node.at('name').string()), version: node.at('version').optionalString(), extras: [] }
}
