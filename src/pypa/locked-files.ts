import { defineError } from '../base/errors.ts'
import type { LockedDistribution, LockedFile } from './locked-distribution.ts'
import type { ProjectFile } from './simple-index.ts'
import { tryParseSdistFilename } from './sdist-filename.ts'
import { compareVersions, tryParseVersion, type Version } from './version.ts'
import { tryParseWheelFilename } from './wheel-filename.ts'

export const lockedFilesMissing = defineError(
  'ZY0233',
  'refused',
  (p: {
    name: string
    version: string
    /** The file that gives the digests, where its name is known. */
    givenBy?: string | undefined
    because: 'no-files' | 'other-digests' | 'no-digests'
  }) => {
    const given = p.givenBy === undefined ? 'the lock' : `\`${p.givenBy}\``
    return {
      message: `No package index has the files of \`${p.name} ${p.version}\` that ${given} gives digests of: ${
        {
          'no-files': 'it lists no file of that version',
          'other-digests': 'what it lists has other digests',
          'no-digests': 'it lists that version without SHA-256, so nothing can be compared',
        }[p.because]
      }`,
      hint:
        p.because === 'no-files'
          ? `The release was removed, or ${given} was made with another index: write its digests anew, or set \`PIP_INDEX_URL\``
          : `The digest is mistyped, the files were replaced, or ${given} was made with another index (\`PIP_INDEX_URL\`); find out which before writing it anew`,
    }
  },
)

/** Whether a distribution's files have yet to be looked up: the lock gave names or digests, but no addresses. */
export function needsAddresses(distribution: LockedDistribution): boolean {
  if (distribution.archive || distribution.vcs || distribution.directory) return false
  return distribution.acceptedHashes !== undefined || filesOf(distribution).some(isUnaddressed)
}

/**
 * Fills in where a locked distribution's files lie, from what the indexes offer of the project. Only files whose SHA-256 is one that the
 * lock has are taken; those that an index no longer has are left out. `givenBy` is the lock's file name, for messages.
 * @throws `lockedFilesMissing` when none is left
 */
export function addressFiles(
  distribution: LockedDistribution,
  offered: readonly ProjectFile[],
  givenBy?: string,
): LockedDistribution {
  if (!needsAddresses(distribution)) return distribution
  const digests = new Set([
    ...(distribution.acceptedHashes ?? [])
      .filter((hash) => hash.startsWith('sha256:'))
      .map((hash) => hash.slice('sha256:'.length)),
    ...filesOf(distribution).flatMap((file) => file.hashes['sha256'] ?? []),
  ])
  const named = new Set(filesOf(distribution).map((file) => file.filename))
  const wanted = distribution.version === undefined ? undefined : tryParseVersion(distribution.version)
  const ofVersion = offered.filter(
    (file) => named.has(file.filename) || (wanted && isOfVersion(file, distribution.name, wanted)),
  )
  const fitting = ofVersion.filter((file) => digests.has(file.hashes['sha256'] ?? ''))
  const addressed = new Map(fitting.map((file) => [file.filename, lockedFile(file)]))
  const kept = filesOf(distribution).filter((file) => !isUnaddressed(file))
  for (const file of kept) addressed.set(file.filename, file)
  if (addressed.size === 0) {
    const because =
      ofVersion.length === 0
        ? 'no-files'
        : ofVersion.some((file) => file.hashes['sha256'])
          ? 'other-digests'
          : 'no-digests'
    throw lockedFilesMissing({ name: distribution.name, version: distribution.version ?? '?', givenBy, because })
  }
  const files = [...addressed.values()]
  return {
    ...distribution,
    wheels: files.filter((file) => file.filename.endsWith('.whl')),
    sdist: files.find((file) => !file.filename.endsWith('.whl')),
    acceptedHashes: undefined,
  }
}

function filesOf(distribution: LockedDistribution): readonly LockedFile[] {
  return distribution.sdist ? [...distribution.wheels, distribution.sdist] : distribution.wheels
}

function isUnaddressed(file: LockedFile): boolean {
  return file.url === undefined && file.path === undefined
}

function isOfVersion(file: ProjectFile, name: string, version: Version): boolean {
  const found = (tryParseWheelFilename(file.filename) ?? tryParseSdistFilename(file.filename, name))?.version
  return found !== undefined && compareVersions(found, version) === 0
}

function lockedFile(file: ProjectFile): LockedFile {
  return {
    filename: file.filename,
    url: file.url,
    sizeBytes: file.sizeBytes,
    hashes: { sha256: file.hashes['sha256']! },
  }
}
