import { readFileSync } from 'node:fs'
import { sha256 } from '../../base/digest.ts'
import type { Cache } from '../../cache/cache.ts'
import { pack, type PackedData } from '../../zip/deflate.ts'
import type { LayoutFile } from './layout.ts'

/** Below this, packing again is quicker than looking up, in bytes. */
const leastBytes = 32 * 1024

/** Bump when the deflater changes. */
const recipe = 1

/**
 * Packs what is ours to pack (own files, generated metadata) once per content: an edit of one file does not deflate the others again. The
 * bytes are those that packing gives.
 */
export async function packOnce(files: readonly LayoutFile[], cache: Cache): Promise<readonly LayoutFile[]> {
  return Promise.all(
    files.map(async (file) => {
      const { source } = file
      if (file.link || file.uncompressedBytes < leastBytes || 'archive' in source || 'packed' in source) return file
      const bytes = 'bytes' in source ? source.bytes : readFileSync(source.file)
      const packed = await packedOnce(bytes, cache)
      return { ...file, source: { packed }, uncompressedBytes: bytes.length, compressedBytes: packed.data.length }
    }),
  )
}

async function packedOnce(bytes: Uint8Array, cache: Cache): Promise<PackedData> {
  const key = sha256(JSON.stringify(['packed', recipe, sha256(bytes)]))
  const stored = await cache.readEntry('wheel-facts', key)
  if (stored) return decode(stored)
  const packed = pack(bytes)
  await cache.writeEntry('wheel-facts', key, encode(packed))
  return packed
}

function encode({ method, crc32, uncompressedBytes, data }: PackedData): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(method, 0)
  head.writeUInt32LE(crc32, 4)
  head.writeDoubleLE(uncompressedBytes, 8)
  return Buffer.concat([head, data])
}

function decode(stored: Buffer): PackedData {
  return {
    method: stored.readUInt32LE(0),
    crc32: stored.readUInt32LE(4),
    uncompressedBytes: stored.readDoubleLE(8),
    data: stored.subarray(16),
  }
}
