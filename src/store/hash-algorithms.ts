/** The digests and checksums of bodies, all computed in one pass. */
import { createHash } from 'node:crypto'
import { checksumAlgorithms, newChecksum, type ChecksumAlgorithm } from '../aws/checksums.ts'

export type HashAlgorithm = ChecksumAlgorithm | 'md5'

interface Hasher {
  update(chunk: Uint8Array): void
  /** Lower-case hexadecimal, big-endian. */
  finish(): string
}

export type Hashers = ReadonlyMap<HashAlgorithm, Hasher>

export function createHashers(algorithms: Iterable<HashAlgorithm>): Hashers {
  return new Map([...algorithms].map((algorithm) => [algorithm, createHasher(algorithm)]))
}

export function finishHashers(hashers: Hashers): Partial<Record<HashAlgorithm, string>> {
  return Object.fromEntries([...hashers].map(([algorithm, hasher]) => [algorithm, hasher.finish()]))
}

function createHasher(algorithm: HashAlgorithm): Hasher {
  const checksum = checksumAlgorithms.find((one) => one === algorithm)
  if (checksum) {
    const { update, digest } = newChecksum(checksum)
    return { update, finish: () => Buffer.from(digest(), 'base64').toString('hex') }
  }
  const hash = createHash(algorithm)
  return { update: (chunk) => void hash.update(chunk), finish: () => hash.digest('hex') }
}
