import { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { crc32 } from './crc32.ts'
import { entryDamaged, entryNotReadable } from './errors.ts'
import { methods } from './format.ts'
import type { SpliceableEntry } from './plan.ts'
import type { SyncZipSource } from './source.ts'

const pieceBytes = 1024 * 1024

/**
 * Unpacks an entry piece by piece into `write`, with the checks of `readEntry`: never more than it claims, length and CRC-32
 * as the directory says.
 */
export async function streamEntry(
  source: SyncZipSource,
  entry: SpliceableEntry,
  file: string,
  write: (piece: Buffer) => void,
): Promise<void> {
  const damaged = (because: string, cause?: unknown): Error =>
    entryDamaged({ file, name: entry.name, because }, { cause })
  if (entry.method !== methods.deflate && entry.method !== methods.stored)
    throw entryNotReadable({ file, name: entry.name, method: entry.method })
  let bytes = 0
  let checksum = 0
  const take = (piece: Buffer): void => {
    bytes += piece.length
    if (bytes > entry.uncompressedBytes)
      throw damaged(`it unpacks to more than the ${entry.uncompressedBytes} bytes it claims`)
    checksum = crc32(piece, checksum)
    write(piece)
  }
  if (entry.method === methods.stored) for (const piece of pieces(source, entry)) take(piece)
  else {
    const inflate = createInflateRaw({ chunkSize: pieceBytes })
    const packed = Readable.from(pieces(source, entry), { objectMode: false })
    packed.on('error', (error) => inflate.destroy(error)).pipe(inflate)
    try {
      for await (const piece of inflate) take(piece as Buffer)
    } catch (error) {
      // Anything else is the disk's or our own doing.
      if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error
      throw damaged(`its data is not deflate (${(error as Error).message})`, error)
    } finally {
      packed.destroy()
    }
    if (inflate.bytesWritten !== entry.compressedBytes)
      throw damaged(`${entry.compressedBytes - inflate.bytesWritten} bytes stand behind its data`)
  }
  if (bytes !== entry.uncompressedBytes) throw damaged(`it unpacks to ${bytes} bytes, not ${entry.uncompressedBytes}`)
  if (checksum !== entry.crc32) throw damaged('its checksum is wrong')
}

function* pieces(source: SyncZipSource, entry: SpliceableEntry): Generator<Buffer> {
  for (let done = 0; done < entry.compressedBytes;) {
    const piece = source.readSync(entry.dataOffset + done, Math.min(pieceBytes, entry.compressedBytes - done))
    if (piece.length === 0) return
    done += piece.length
    yield piece
  }
}
