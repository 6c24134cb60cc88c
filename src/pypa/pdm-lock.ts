import { hideCredentials } from './hide-credentials.ts'
import { readToml, type DocumentNode } from './document.ts'
import { fileFromPlace, filenameOf, readHashText, readMarker, unsupportedLockVersion } from './lock-document.ts'
import type { Lock, LockedDependency, LockedDistribution, LockedFile, LockRoot } from './locked-distribution.ts'
import { normalizeName } from './name.ts'
import type { Pyproject } from './pyproject.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { parseSpecifierSet } from './specifier.ts'

/** A `pdm.lock`. Without the strategy `static_urls` its files have names and digests, no addresses. */
export interface PdmLock extends Lock {
  readonly kind: 'pdm'
  readonly lockVersion: string
  readonly strategies: readonly string[]
}

/**
 * Reads a `pdm.lock` of versions 4.x. With the strategy `inherit_metadata` (PDM's default) each package says its groups and markers;
 * without it the graph is walked from the project's own requirements, and `pyproject` is needed.
 */
export function parsePdmLock(text: string, pyproject: Pyproject | undefined, file = 'pdm.lock'): PdmLock {
  const document = readToml(text, file)
  const metadata = document.at('metadata')
  const lockVersion = metadata.at('lock_version').optionalString() ?? 'none'
  if (!/^4(?:\.|$)/.test(lockVersion))
    throw unsupportedLockVersion({ file, found: lockVersion, known: '`4.x`', tool: 'pdm' })
  const strategies = metadata.at('strategy').strings()
  const inherits = strategies.includes('inherit_metadata')
  const named = metadata
    .at('groups')
    .strings()
    .map((group) => (group === 'default' ? '' : normalizeName(group)))
  const groups = named.filter((group) => group !== '')
  const targets = metadata
    .at('targets')
    .items()
    .map((target) => target.at('requires_python').optionalParsed(parseSpecifierSet))
  return {
    kind: 'pdm',
    file,
    lockVersion,
    strategies,
    requiresPython:
      targets.length === 1 ? targets[0] : metadata.at('requires_python').optionalParsed(parseSpecifierSet),
    distributions: document
      .at('package')
      .items()
      .map((node) => readPackage(node, inherits)),
    roots: inherits ? undefined : readRoots(pyproject, metadata),
    // PDM does not tell extras from development groups in its lock: either word asks for them.
    extras: groups,
    groups,
    defaultGroups: [],
    contentHash: metadata.at('content_hash').optionalString(),
  }
}

function readPackage(node: DocumentNode, inherits: boolean): LockedDistribution {
  const files = node.at('files').items().map(readFile)
  const direct = node.at('url').optionalString()
  const path = node.at('path').optionalString()
  const git = node.at('git').optionalString()
  const isArchivePath = path !== undefined && /\.(?:whl|zip|tar\.\w+|tgz)$/.test(path)
  const subdirectory = node.at('subdirectory').optionalString()
  const isFromIndex = direct === undefined && path === undefined && git === undefined
  const extras = node.at('extras').strings().map(normalizeName)
  const archivePlace = direct ?? (isArchivePath ? path : undefined)
  return {
    name: normalizeName(node.at('name').string()),
    version: node.at('version').optionalString(),
    marker: readMarker(node.at('marker')),
    groups: inherits
      ? node
          .at('groups')
          .strings()
          .map((group) => ({ name: group === 'default' ? '' : normalizeName(group) }))
      : undefined,
    extras: extras.length > 0 ? extras : undefined,
    requiresPython: node.at('requires_python').optionalParsed(parseSpecifierSet),
    wheels: isFromIndex ? files.filter((file) => file.filename.endsWith('.whl')) : [],
    sdist: isFromIndex ? files.find((file) => !file.filename.endsWith('.whl')) : undefined,
    archive:
      archivePlace === undefined ? undefined : { ...fileFromPlace(archivePlace, files[0]?.hashes ?? {}), subdirectory },
    vcs:
      git === undefined
        ? undefined
        : {
            type: 'git',
            url: hideCredentials(git),
            commit: node.at('revision').string(),
            requestedRevision: node.at('ref').optionalString(),
            subdirectory,
          },
    directory:
      path === undefined || isArchivePath
        ? undefined
        : { path, editable: node.at('editable').boolean(false), subdirectory },
    dependencies: node
      .at('dependencies')
      .items()
      .map((item) => edgeOf(item.parsed(parseRequirement))),
  }
}

function readFile(node: DocumentNode): LockedFile {
  const [algorithm, digest] = readHashText(node.at('hash'))
  const url = node.at('url').optionalString()
  const filename = node.at('file').optionalString() ?? (url === undefined ? undefined : filenameOf(url))
  if (filename === undefined) return node.fail('has neither `file` nor `url`')
  return { filename, url: url === undefined ? undefined : url.split('#')[0], hashes: { [algorithm]: digest } }
}

function edgeOf(requirement: Requirement): LockedDependency {
  return {
    name: requirement.normalizedName,
    accepts: [requirement.specifiers],
    extras: requirement.extras,
    marker: requirement.marker,
  }
}

function readRoots(pyproject: Pyproject | undefined, metadata: DocumentNode): readonly LockRoot[] {
  if (!pyproject) {
    return metadata.fail(
      'has no strategy `inherit_metadata`, so it does not say what belongs to which group: its `pyproject.toml` is needed beside it',
    )
  }
  const development = pyproject.tool.at('pdm').at('dev-dependencies').entries()
  return [
    { dependencies: (pyproject.project?.dependencies ?? []).map(edgeOf) },
    ...Object.entries(pyproject.project?.optionalDependencies ?? {}).map(([extra, list]): LockRoot => ({
      extra,
      dependencies: list.map(edgeOf),
    })),
    ...Object.entries(pyproject.dependencyGroups).map(([group, list]): LockRoot => ({
      group,
      dependencies: list.map(edgeOf),
    })),
    ...development.map(([group, list]): LockRoot => ({
      group: normalizeName(group),
      dependencies: list
        .strings()
        .filter((line) => !line.startsWith('-e'))
        .map((line) => edgeOf(parseRequirement(line))),
    })),
  ]
}
