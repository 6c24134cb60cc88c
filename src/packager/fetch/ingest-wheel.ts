import type { Cache } from '../../cache/cache.ts'
import type { Digest } from '../../base/digest.ts'
import { requireAcceptable } from '../../zip/policy.ts'
import { openArchive } from '../../zip/reader.ts'
import { decodeWheelIndex, encodeWheelIndex, type WheelIndex } from '../../zip/wheel-index.ts'

/**
 * What a wheel holds: from the cache, else read from the wheel itself, which is then judged by the strict `wheel` policy (no escaping,
 * doubled or absolute names, nothing that two readers would understand differently) and remembered.
 */
export async function wheelIndexOf(path: string, digest: Digest, filename: string, cache: Cache): Promise<WheelIndex> {
  const stored = await cache.readEntry('wheel-index', digest)
  if (stored) {
    try {
      return decodeWheelIndex(stored)
    } catch {
      await cache.removeEntry('wheel-index', digest)
    }
  }
  const { source, listing } = openArchive(path, { file: filename })
  source.close()
  requireAcceptable(listing, 'wheel')
  const encoded = encodeWheelIndex(listing)
  await cache.writeEntry('wheel-index', digest, encoded)
  return decodeWheelIndex(encoded)
}
