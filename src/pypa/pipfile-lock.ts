import { hideCredentials } from './hide-credentials.ts'
import { readJson, type DocumentNode } from './document.ts'
import { fileFromPlace, readMarker, unsupportedLockVersion } from './lock-document.ts'
import type { Lock, LockedDistribution } from './locked-distribution.ts'
import { normalizeName } from './name.ts'

/** A `Pipfile.lock`: exact versions and digests, no files; the index is asked which file has one of the digests. */
export interface PipfileLock extends Lock {
  readonly kind: 'pipfile'
  /** `_meta.sources`, without credentials. */
  readonly sources: readonly { readonly name: string; readonly url: string }[]
}

/**
 * Reads a `Pipfile.lock` (pipfile-spec 6). `default` is the project's own, every other category a group (`develop` also as `dev`). Its
 * markers are those of the Python it was made with (`lockedPython`): pipenv resolves for the machine at hand.
 */
export function parsePipfileLock(text: string, file = 'Pipfile.lock'): PipfileLock {
  const document = readJson(text, file)
  const meta = document.at('_meta')
  const spec = meta.at('pipfile-spec').optionalInteger()
  if (spec !== 6)
    throw unsupportedLockVersion({
      file,
      found: `pipfile-spec ${spec ?? 'none'}`,
      known: 'pipfile-spec `6`',
      tool: 'pipenv',
    })
  const sources = meta
    .at('sources')
    .items()
    .map((source) => ({
      name: source.at('name').optionalString() ?? '',
      url: hideCredentials(source.at('url').string()),
    }))
  const categories = document.entries().filter(([category]) => category !== '_meta')
  const groups = categories.map(([category]) => groupOf(category)).filter((group) => group !== '')
  const requires = meta.at('requires')
  return {
    kind: 'pipfile',
    file,
    sources,
    lockedPython: requires.at('python_full_version').optionalString() ?? requires.at('python_version').optionalString(),
    distributions: merge(
      categories.flatMap(([category, table]) =>
        table.entries().map(([name, entry]) => readEntry(name, entry, groupOf(category), sources)),
      ),
    ),
    extras: [],
    groups,
    defaultGroups: [],
    contentHash: meta.at('hash').at('sha256').optionalString(),
  }
}

function groupOf(category: string): string {
  if (category === 'default') return ''
  return category === 'develop' ? 'dev' : normalizeName(category)
}

function readEntry(
  name: string,
  node: DocumentNode,
  group: string,
  sources: PipfileLock['sources'],
): LockedDistribution {
  const pinned = node.at('version').optionalString()
  const version = pinned === undefined ? undefined : /^={2,3}\s*(\S+)$/.exec(pinned)?.[1]
  // What the locking machine's markers left out stays unresolved, `"version": "*"`: an error only for a target that needs it.
  const isUnresolved = pinned === '*' || (pinned !== undefined && !node.at('hashes').exists)
  if (pinned !== undefined && version === undefined && !isUnresolved)
    return node.at('version').fail(`must be an exact version such as \`==1.0\`, found \`${pinned}\``)
  const git = node.at('git').optionalString()
  const path = node.at('path').optionalString()
  const file = node.at('file').optionalString()
  const subdirectory = node.at('subdirectory').optionalString()
  const isArchivePath = path !== undefined && /\.(?:whl|zip|tar\.\w+|tgz)$/.test(path)
  const place = file ?? (isArchivePath ? path : undefined)
  const hashes = node
    .at('hashes')
    .strings()
    .map((hash) => hash.toLowerCase())
  if (version === undefined && git === undefined && path === undefined && file === undefined && !isUnresolved) {
    return node.fail('has neither `version`, `git`, `path` nor `file`')
  }
  if (place !== undefined && hashes.length > 1) {
    return node.at('hashes').fail('must be one digest, since the entry is one file')
  }
  return {
    name: normalizeName(name),
    version,
    groups: [{ name: group, marker: readMarker(node.at('markers')) }],
    index: sources.find((source) => source.name === node.at('index').optionalString())?.url,
    wheels: [],
    archive: place === undefined ? undefined : { ...fileFromPlace(place, onlyHash(hashes)), subdirectory },
    vcs:
      git === undefined
        ? undefined
        : {
            type: 'git',
            url: hideCredentials(git.replace(/^git\+/, '')),
            commit: node.at('ref').string(),
            subdirectory,
          },
    directory:
      path === undefined || isArchivePath
        ? undefined
        : { path, editable: node.at('editable').boolean(false), subdirectory },
    acceptedHashes:
      version !== undefined && git === undefined && path === undefined && file === undefined ? hashes : undefined,
    dependencies: [],
  }
}

function onlyHash(hashes: readonly string[]): Record<string, string> {
  const match = hashes.length === 1 ? /^([a-z0-9]+):([0-9a-f]+)$/.exec(hashes[0]!) : null
  return match ? { [match[1]!]: match[2]! } : {}
}

/** A distribution in several categories is one, in several groups. */
function merge(distributions: readonly LockedDistribution[]): readonly LockedDistribution[] {
  const byKey = new Map<string, LockedDistribution>()
  for (const distribution of distributions) {
    const key = JSON.stringify({ ...distribution, groups: undefined })
    const known = byKey.get(key)
    byKey.set(key, known ? { ...known, groups: [...known.groups!, ...distribution.groups!] } : distribution)
  }
  return [...byKey.values()]
}
