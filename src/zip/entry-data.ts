import { inflateRawSync } from 'node:zlib'
import { crc32 } from './crc32.ts'
import { entryDamaged, entryNotReadable } from './errors.ts'
import { highestDeflateRatio, methods } from './format.ts'
import type { Inflater } from './inflater.ts'
import type { SpliceableEntry } from './plan.ts'
import type { SyncZipSource } from './source.ts'

/**
 * An entry's content, unpacked and checked: its length and CRC-32 are what the directory says, or `entryDamaged` is thrown.
 * Never unpacks more than the entry claims, whatever the data holds. Throws `entryNotReadable` for other methods than stored and deflate.
 * @param inflater unpacks into a buffer of its own, which holds the content until it is asked again
 */
export function readEntry(
  source: SyncZipSource,
  entry: SpliceableEntry,
  file = 'the archive',
  inflater?: Inflater,
): Buffer {
  if (entry.dataOffset < 0) throw entryDamaged({ file, name: entry.name, because: 'its header is missing' })
  const packed = source.readSync(entry.dataOffset, entry.compressedBytes)
  if (packed.length < entry.compressedBytes)
    throw entryDamaged({ file, name: entry.name, because: 'the archive ends in the middle of it' })
  return unpack(packed, entry, file, inflater)
}

/** Unpacks and checks an entry's compressed bytes. */
export function unpack(packed: Buffer, entry: SpliceableEntry, file: string, inflater?: Inflater): Buffer {
  const known = entry.method === methods.deflate ? inflater?.inflate(packed, entry.uncompressedBytes) : undefined
  if (known && crc32(known) === entry.crc32) return known
  const bytes = inflate(packed, entry, file)
  if (bytes.length !== entry.uncompressedBytes)
    throw entryDamaged({
      file,
      name: entry.name,
      because: `it unpacks to ${bytes.length} bytes, not ${entry.uncompressedBytes}`,
    })
  if (crc32(bytes) !== entry.crc32) throw entryDamaged({ file, name: entry.name, because: 'its checksum is wrong' })
  return bytes
}

/** Node puts what is longer than a chunk together from pieces, which copies all of it once more. */
const largestChunk = 64 * 1024 * 1024

/** Room for all of an entry and one byte more, which tells that it is too long; never more than its packed bytes can become. */
function chunkFor(packedBytes: number, unpackedBytes: number): number {
  return Math.min(Math.max(1024, Math.min(unpackedBytes, packedBytes * highestDeflateRatio) + 1), largestChunk)
}

function inflate(packed: Buffer, entry: SpliceableEntry, file: string): Buffer {
  if (entry.method === methods.stored) return packed
  if (entry.method !== methods.deflate) throw entryNotReadable({ file, name: entry.name, method: entry.method })
  try {
    const { buffer, engine } = inflateRawSync(packed, {
      maxOutputLength: Math.max(1, entry.uncompressedBytes),
      chunkSize: chunkFor(packed.length, entry.uncompressedBytes),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    if (engine.bytesWritten !== packed.length)
      throw entryDamaged({
        file,
        name: entry.name,
        because: `${packed.length - engine.bytesWritten} bytes stand behind its data`,
      })
    return buffer
  } catch (error) {
    if (entryDamaged.is(error)) throw error
    const because =
      (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        ? `it unpacks to more than the ${entry.uncompressedBytes} bytes it claims`
        : `its data is not deflate (${(error as Error).message})`
    throw entryDamaged({ file, name: entry.name, because }, { cause: error })
  }
}
