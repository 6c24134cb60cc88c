import { createRequire } from 'node:module'
import type * as Fflate from 'fflate'
import { crc32 } from './crc32.ts'
import { methods } from './format.ts'

/** A file's bytes as they stand in an archive. */
export interface PackedData {
  /** 0 stored or 8 deflate. */
  readonly method: number
  readonly crc32: number
  readonly uncompressedBytes: number
  readonly data: Uint8Array
}

/**
 * Packs bytes for an archive, stored when that is not larger.
 *
 * A fixed JavaScript deflater, not Node's zlib: zlib chooses its match search by processor and may change between Node
 * versions, and with it the package's hash. These bytes depend on the input alone.
 */
export function pack(bytes: Uint8Array): PackedData {
  const checksum = crc32(bytes)
  const deflated =
    bytes.length > 0 ? deflater().deflateSync(bytes, { level: 6, mem: memoryLevel(bytes.length) }) : bytes
  return deflated.length < bytes.length
    ? { method: methods.deflate, crc32: checksum, uncompressedBytes: bytes.length, data: deflated }
    : { method: methods.stored, crc32: checksum, uncompressedBytes: bytes.length, data: bytes }
}

let loaded: Pick<typeof Fflate, 'deflateSync'> | undefined

/** Loaded at the first need: most of a package is packed already, and loading this takes as long as copying 10 MB. */
function deflater(): Pick<typeof Fflate, 'deflateSync'> {
  loaded ??= createRequire(import.meta.url)('fflate') as typeof Fflate
  return loaded
}

/** Loads the deflater for who knows that he will `pack`, and can wait: that takes half the time. */
export async function prepareToPack(): Promise<void> {
  loaded ??= await import('./deflater.ts')
}

/** Size of the match table, by input size alone: a large table for a small file costs more than the file. */
function memoryLevel(bytes: number): 0 | 2 | 4 | 6 | 8 {
  if (bytes <= 4 * 1024) return 0
  if (bytes <= 32 * 1024) return 2
  if (bytes <= 256 * 1024) return 4
  return bytes <= 2 * 1024 * 1024 ? 6 : 8
}
