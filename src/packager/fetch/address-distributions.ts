import type { Cache } from '../../cache/cache.ts'
import { sha256 } from '../../base/digest.ts'
import { mapConcurrently } from '../../base/tasks.ts'
import { addressFiles, needsAddresses } from '../../pypa/locked-files.ts'
import type { SelectedDistribution } from '../../pypa/locked-selection.ts'
import type { FetchSurroundings } from './fetch-file.ts'

/**
 * Completes distributions of locks that know files by name or digest alone (poetry.lock, Pipfile.lock, hashed requirements) with
 * their addresses on the index: the source that the lock names, else the configured ones. The answer is kept: a lock never means other
 * files later.
 */
export async function addressDistributions(
  distributions: readonly SelectedDistribution[],
  surroundings: FetchSurroundings,
  /** The lock's file name, for messages. */
  givenBy?: string,
): Promise<readonly SelectedDistribution[]> {
  return mapConcurrently(distributions, 8, async (distribution) => {
    if (!needsAddresses(distribution)) return distribution
    const { name, version, wheels, sdist, acceptedHashes } = distribution
    const source = isPublic(distribution.index) ? undefined : distribution.index
    const key = sha256(JSON.stringify(['addressed', name, version, wheels, sdist, acceptedHashes, source]))
    const stored = await readStored(surroundings.cache, key)
    if (stored) return { ...distribution, ...stored, acceptedHashes: undefined }
    const index = await surroundings.index()
    const files = await index.files(name, source === undefined ? {} : { indexes: [source] })
    const addressed = addressFiles(distribution, files, givenBy)
    await surroundings.cache.writeEntry(
      'resolution',
      key,
      JSON.stringify({ wheels: addressed.wheels, sdist: addressed.sdist }),
    )
    return { ...distribution, wheels: addressed.wheels, sdist: addressed.sdist, acceptedHashes: undefined }
  })
}

/** Pipenv names the public index in every lock; who configures a mirror of it means the mirror. */
function isPublic(index: string | undefined): boolean {
  return index !== undefined && /^https?:\/\/(?:www\.)?pypi\.(?:org|python\.org)\//.test(index)
}

async function readStored(
  cache: Cache,
  key: string,
): Promise<Pick<SelectedDistribution, 'wheels' | 'sdist'> | undefined> {
  const stored = await cache.readEntry('resolution', key)
  return stored && (JSON.parse(stored.toString('utf8')) as Pick<SelectedDistribution, 'wheels' | 'sdist'>)
}
