/**
 * The two cyclic redundancy checks that Node lacks, eight bytes per step ("slicing by 8").
 *
 * CRC-32C: RFC 3720 appendix B.4. CRC-64/NVME: NVM Express NVM Command Set Specification 1.0, section 5.2.1.3.4; both reflected,
 * started and ended with all bits inverted.
 */

const crc32cPolynomial = 0x82f63b78
/** Reflected 0xad93d23594c93659. */
const crc64Polynomial = 0x9a6c9329ac4bc9b5n

export class Crc32c {
  #crc = -1

  update(bytes: Uint8Array): void {
    const tables = (crc32cTables ??= makeCrc32cTables())
    const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as TableSet
    let crc = this.#crc
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      crc =
        t7[crc & 255]! ^
        t6[(crc >>> 8) & 255]! ^
        t5[(crc >>> 16) & 255]! ^
        t4[crc >>> 24]! ^
        t3[bytes[at + 4]!]! ^
        t2[bytes[at + 5]!]! ^
        t1[bytes[at + 6]!]! ^
        t0[bytes[at + 7]!]!
    }
    for (; at < bytes.length; at++) crc = t0[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8)
    this.#crc = crc
  }

  finish(): string {
    return hex(~this.#crc)
  }
}

export class Crc64Nvme {
  #low = -1
  #high = -1

  update(bytes: Uint8Array): void {
    const { low: lows, high: highs } = (crc64Tables ??= makeCrc64Tables())
    let low = this.#low
    let high = this.#high
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      low ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      high ^= bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)
      const i0 = 7 * 256 + (low & 255)
      const i1 = 6 * 256 + ((low >>> 8) & 255)
      const i2 = 5 * 256 + ((low >>> 16) & 255)
      const i3 = 4 * 256 + (low >>> 24)
      const i4 = 3 * 256 + (high & 255)
      const i5 = 2 * 256 + ((high >>> 8) & 255)
      const i6 = 256 + ((high >>> 16) & 255)
      const i7 = high >>> 24
      low = lows[i0]! ^ lows[i1]! ^ lows[i2]! ^ lows[i3]! ^ lows[i4]! ^ lows[i5]! ^ lows[i6]! ^ lows[i7]!
      high = highs[i0]! ^ highs[i1]! ^ highs[i2]! ^ highs[i3]! ^ highs[i4]! ^ highs[i5]! ^ highs[i6]! ^ highs[i7]!
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ bytes[at]!) & 255
      low = lows[index]! ^ ((low >>> 8) | (high << 24))
      high = highs[index]! ^ (high >>> 8)
    }
    this.#low = low
    this.#high = high
  }

  finish(): string {
    return hex(~this.#high) + hex(~this.#low)
  }
}

type TableSet = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
let crc32cTables: Int32Array[] | undefined
let crc64Tables: { low: Int32Array; high: Int32Array } | undefined

function makeCrc32cTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1 ? crc32cPolynomial : 0) ^ (crc >>> 1)
    tables[0]![byte] = crc
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = tables[slice - 1]![byte]!
      tables[slice]![byte] = tables[0]![previous & 255]! ^ (previous >>> 8)
    }
  }
  return tables
}

/** One table per slice, one after the other, split into low and high words: 64-bit numbers would be BigInts, a hundred times slower. */
function makeCrc64Tables(): { low: Int32Array; high: Int32Array } {
  const values: bigint[] = []
  for (let byte = 0n; byte < 256n; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n ? crc64Polynomial : 0n) ^ (crc >> 1n)
    values.push(crc)
  }
  for (let index = 256; index < 8 * 256; index++) {
    const previous = values[index - 256]!
    values.push(values[Number(previous & 255n)]! ^ (previous >> 8n))
  }
  return {
    low: Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value))),
    high: Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value >> 32n))),
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
