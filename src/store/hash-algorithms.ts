/** The digests and checksums that S3 clients name, over chunks. */
import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import { Crc32c, Crc64Nvme } from './crc.ts'

/** Names as S3 spells them, in lower case. */
export type HashAlgorithm = 'sha256' | 'sha1' | 'md5' | 'crc32' | 'crc32c' | 'crc64nvme'

export interface Hasher {
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

export function createHasher(algorithm: HashAlgorithm): Hasher {
  if (algorithm === 'crc32') return new Crc32()
  if (algorithm === 'crc32c') return new Crc32c()
  if (algorithm === 'crc64nvme') return new Crc64Nvme()
  const hash = createHash(algorithm)
  return { update: (chunk) => void hash.update(chunk), finish: () => hash.digest('hex') }
}

class Crc32 implements Hasher {
  #value = 0

  update(chunk: Uint8Array): void {
    this.#value = zlib.crc32(chunk, this.#value)
  }

  finish(): string {
    return this.#value.toString(16).padStart(8, '0')
  }
}
