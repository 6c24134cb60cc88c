import type { Cache } from '../../cache/cache.ts'
import { readEntrySync } from '../../cache/read-entry.ts'
import { sha256, type Digest } from '../../base/digest.ts'
import { readHeaders } from '../../pypa/headers.ts'
import { normalizeName } from '../../pypa/name.ts'
import { parseRecord, verifyRecord } from '../../pypa/record.ts'
import { compareVersions, tryParseVersion } from '../../pypa/version.ts'
import { tryParseWheelFilename } from '../../pypa/wheel-filename.ts'
import { readEntry } from '../../zip/entry-data.ts'
import type { FileSource } from '../../zip/source.ts'
import { wheelLies } from '../layout/wheel-paths.ts'
import { requireAcceptable } from '../../zip/policy.ts'
import { openArchive } from '../../zip/reader.ts'
import { decodeWheelIndex, encodeWheelIndex, type WheelIndex } from '../../zip/wheel-index.ts'

/**
 * What a wheel holds: from the cache, else read from the wheel itself, which is then judged by the strict `wheel` policy (no escaping,
 * doubled or absolute names, nothing that two readers would understand differently) and remembered.
 */
export async function wheelIndexOf(path: string, digest: Digest, filename: string, cache: Cache): Promise<WheelIndex> {
  const stored = readEntrySync(cache.folder, 'wheel-index', digest)
  if (stored) {
    try {
      return decodeWheelIndex(stored)
    } catch {
      await cache.removeEntry('wheel-index', digest)
    }
  }
  const { source, listing } = openArchive(path, { file: filename })
  try {
    requireAcceptable(listing, 'wheel')
    const encoded = encodeWheelIndex(listing)
    const index = decodeWheelIndex(encoded)
    requireTrueMetadata(source, index, filename)
    requireTrueRecord(source, index, filename)
    await cache.writeEntry('wheel-index', digest, encoded)
    return index
  } finally {
    source.close()
  }
}

/** METADATA must be of the distribution and version that the wheel's name says: resolvers and locks went by the name. */
function requireTrueMetadata(source: FileSource, index: WheelIndex, wheel: string): void {
  const named = tryParseWheelFilename(wheel)
  const entry = index.entries.find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name))
  if (!named || !entry) return
  const { headers } = readHeaders(readEntry(source, entry, wheel).toString('utf8'))
  const [name, version] = ['name', 'version'].map((key) => headers.find((one) => one.name === key)?.value.trim())
  const found = version === undefined ? undefined : tryParseVersion(version)
  const isSame =
    (name === undefined || normalizeName(name) === named.name) &&
    (version === undefined || (found !== undefined && compareVersions(found, named.version) === 0))
  if (!isSame)
    throw wheelLies({ wheel, problem: `its METADATA is of \`${[name, version].filter(Boolean).join(' ')}\`` })
}

/**
 * Unpacks every file once, which checks its length and checksum, and compares it with what RECORD says of it. Later builds copy the
 * compressed bytes without looking. Files that RECORD leaves out, and rows without a file, are in wheels that pip installs: no lie about
 * anything that is packed.
 */
function requireTrueRecord(source: FileSource, index: WheelIndex, wheel: string): void {
  const record = index.entries.find(({ name }) => /^[^/]+\.dist-info\/RECORD$/.test(name))
  const rows = record ? parseRecord(readEntry(source, record, wheel).toString('utf8'), `${wheel}: ${record.name}`) : []
  const files = index.entries.map((entry) => {
    const bytes = readEntry(source, entry, wheel)
    return { path: entry.name, sizeBytes: bytes.length, sha256: rows.length === 0 ? undefined : sha256(bytes) }
  })
  for (const problem of verifyRecord(rows, files)) {
    const { path } = problem
    if (problem.because === 'size')
      throw wheelLies({
        wheel,
        problem: `its RECORD gives \`${path}\` ${problem.recorded} bytes, it has ${problem.found}`,
      })
    if (problem.because === 'digest')
      throw wheelLies({ wheel, problem: `\`${path}\` has another digest than its RECORD says` })
  }
}
