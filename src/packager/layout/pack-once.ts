import { readFileSync } from 'node:fs'
import { sha256 } from '../../base/digest.ts'
import type { Cache } from '../../cache/cache.ts'
import { readEntrySync, writeEntrySync } from '../../cache/read-entry.ts'
import { pack, prepareToPack, type PackedData } from '../../zip/deflate.ts'
import type { LayoutFile } from './layout.ts'

/** Files of at least so many bytes are kept one by one, smaller ones together. */
const largeBytes = 32 * 1024
/** Of the small ones no more is kept for a package, in packed bytes: all are read and checked at each build. */
const shelfBytes = 8 * 1024 * 1024

/** Bump when the deflater changes. */
const recipe = 1

/**
 * Packs what is ours to pack (own files, generated metadata) once per content: an edit of one file does not deflate the others again. The
 * bytes are those that packing gives. `shelf` names what is built, for the small files that are kept together.
 */
export async function packOnce(
  files: readonly LayoutFile[],
  cache: Cache,
  shelf: string,
): Promise<readonly LayoutFile[]> {
  const shelfKey = sha256(JSON.stringify(['packed together', recipe, shelf]))
  let known: ReadonlyMap<string, PackedData> | undefined
  const kept = new Map<string, PackedData>()
  let isChanged = false
  const packSmall = async (bytes: Uint8Array): Promise<PackedData> => {
    known ??= decodeShelf(readEntrySync(cache.folder, 'wheel-facts', shelfKey))
    const digest = sha256(bytes)
    const found = known.get(digest)
    if (!found) await prepareToPack()
    isChanged ||= !found
    const packed = found ?? pack(bytes)
    kept.set(digest, packed)
    return packed
  }
  const result: LayoutFile[] = []
  for (const file of files) {
    const { source } = file
    if ('archive' in source || 'packed' in source || file.link) {
      result.push(file)
      continue
    }
    const bytes = 'bytes' in source ? source.bytes : readFileSync(source.file)
    const packed = bytes.length >= largeBytes ? await packedOnce(bytes, cache) : await packSmall(bytes)
    result.push({ ...file, source: { packed }, uncompressedBytes: bytes.length, compressedBytes: packed.data.length })
  }
  if (isChanged || kept.size !== (known?.size ?? 0))
    writeEntrySync(cache.folder, 'wheel-facts', shelfKey, encodeShelf(kept))
  return result
}

function encodeShelf(kept: ReadonlyMap<string, PackedData>): Buffer {
  const parts: Buffer[] = []
  let bytes = 0
  for (const [digest, packed] of kept) {
    const encoded = encode(packed)
    bytes += encoded.length
    if (bytes > shelfBytes) break
    const head = Buffer.alloc(4)
    head.writeUInt32LE(encoded.length)
    parts.push(Buffer.from(digest, 'hex'), head, encoded)
  }
  return Buffer.concat(parts)
}

function decodeShelf(stored: Buffer | undefined): ReadonlyMap<string, PackedData> {
  const known = new Map<string, PackedData>()
  if (!stored) return known
  for (let at = 0; at < stored.length;) {
    const end = at + 36 + stored.readUInt32LE(at + 32)
    known.set(stored.toString('hex', at, at + 32), decode(stored.subarray(at + 36, end)))
    at = end
  }
  return known
}

async function packedOnce(bytes: Uint8Array, cache: Cache): Promise<PackedData> {
  const key = sha256(JSON.stringify(['packed', recipe, sha256(bytes)]))
  const stored = readEntrySync(cache.folder, 'wheel-facts', key)
  if (stored) return decode(stored)
  await prepareToPack()
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
