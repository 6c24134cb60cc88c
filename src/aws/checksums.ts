/** The five checksums that S3 clients send with a body: `x-amz-checksum-crc32` and its siblings, values in base64. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type ChecksumAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256'

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256']

export interface Checksum {
  update(bytes: Uint8Array): void
  /** Big-endian value in base64, as in the header. Ends the checksum. */
  digest(): string
}

/** The algorithm of a header or trailer name such as `x-amz-checksum-crc32c`. */
export function checksumOfHeader(name: string): ChecksumAlgorithm | undefined {
  return checksumAlgorithms.find((algorithm) => name.toLowerCase() === `x-amz-checksum-${algorithm}`)
}

export function newChecksum(algorithm: ChecksumAlgorithm): Checksum {
  if (algorithm === 'sha1' || algorithm === 'sha256') {
    const hash = createHash(algorithm)
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('base64') }
  }
  if (algorithm === 'crc32') {
    let value = 0
    return {
      update(bytes) {
        value = crc32(bytes, value)
      },
      digest: () => bigEndian([value]),
    }
  }
  return algorithm === 'crc32c' ? newCrc32c() : newCrc64Nvme()
}

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78. */
function newCrc32c(): Checksum {
  const table = (castagnoli ??= makeTable32(0x82f63b78))
  let value = 0xffffffff
  return {
    update(bytes) {
      let current = value
      for (let index = 0; index < bytes.length; index++)
        current = table[(current ^ bytes[index]!) & 0xff]! ^ (current >>> 8)
      value = current
    },
    digest: () => bigEndian([~value >>> 0]),
  }
}

/** CRC-64/NVME, reflected polynomial 0x9a6c9329ac4bc9b5, in two 32-bit halves: BigInt is too slow for bodies. */
function newCrc64Nvme(): Checksum {
  const { high, low } = (nvme ??= makeTable64(0x9a6c9329, 0xac4bc9b5))
  let valueHigh = 0xffffffff
  let valueLow = 0xffffffff
  return {
    update(bytes) {
      for (let index = 0; index < bytes.length; index++) {
        const slot = (valueLow ^ bytes[index]!) & 0xff
        valueLow = ((valueLow >>> 8) | (valueHigh << 24)) ^ low[slot]!
        valueHigh = (valueHigh >>> 8) ^ high[slot]!
      }
    },
    digest: () => bigEndian([~valueHigh >>> 0, ~valueLow >>> 0]),
  }
}

let castagnoli: Uint32Array | undefined
let nvme: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined

function makeTable32(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    return value >>> 0
  })
}

function makeTable64(polynomialHigh: number, polynomialLow: number): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256)
  const low = new Uint32Array(256)
  for (let index = 0; index < 256; index++) {
    let [h, l] = [0, index]
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1
      l = (l >>> 1) | (h << 31)
      h >>>= 1
      if (odd) {
        l ^= polynomialLow
        h ^= polynomialHigh
      }
    }
    high[index] = h >>> 0
    low[index] = l >>> 0
  }
  return { high, low }
}

function bigEndian(words: readonly number[]): string {
  const bytes = Buffer.alloc(words.length * 4)
  words.forEach((word, index) => bytes.writeUInt32BE(word >>> 0, index * 4))
  return bytes.toString('base64')
}
