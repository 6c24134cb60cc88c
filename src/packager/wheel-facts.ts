import { gatherWheelFacts, wheelFactsKey } from '../audit/gather-wheel-facts.ts'
import { decodeWheelFacts, type WheelFacts } from '../audit/wheel-facts.ts'
import type { Cache } from '../cache/cache.ts'
import { readEntrySync } from '../cache/read-entry.ts'
import type { Artifact } from './artifact.ts'

/** What a wheel's files say, read once when the wheel first comes and kept under its digest. */
export async function wheelFactsOf(artifact: Artifact, cache: Cache): Promise<WheelFacts> {
  const key = wheelFactsKey(artifact.digest)
  // One small file, and nothing else to do meanwhile.
  const stored = readEntrySync(cache.folder, 'wheel-facts', key)
  const known = stored && decodeWheelFacts(stored)
  if (known) return known
  const gathered = gatherWheelFacts(artifact.path, artifact.index.entries, artifact.filename)
  await cache.writeEntry('wheel-facts', key, gathered)
  return decodeWheelFacts(gathered)!
}
