import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Where an archive's bytes come from: a file, a blob, an object on S3 read by range. */
export interface ZipSource {
  /** Length of the archive in bytes. */
  readonly size: number
  /** Reads `length` bytes at `position`; fewer only when the archive ends there. */
  read(position: number, length: number): Promise<Uint8Array>
}

/** A source that answers at once: an open file or bytes in memory. */
export interface SyncZipSource extends ZipSource {
  readSync(position: number, length: number): Buffer
}

/** An open file as a source. The caller closes it. */
export interface FileSource extends SyncZipSource {
  readonly path: string
  readonly descriptor: number
  close(): void
}

/** Opens a file for positional reading. Throws Node's own error (`ENOENT`, `EACCES`) when it cannot be opened. */
export function openFileSource(path: string): FileSource {
  const descriptor = openSync(path, 'r')
  let open = true
  const readSyncAt = (position: number, length: number): Buffer => {
    const buffer = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const got = readSync(descriptor, buffer, filled, length - filled, position + filled)
      if (got === 0) break
      filled += got
    }
    return filled === length ? buffer : buffer.subarray(0, filled)
  }
  return {
    path,
    descriptor,
    size: fstatSync(descriptor).size,
    readSync: readSyncAt,
    read: async (position, length) => readSyncAt(position, length),
    close() {
      if (open) closeSync(descriptor)
      open = false
    },
  }
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): SyncZipSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const readSyncAt = (position: number, length: number): Buffer => buffer.subarray(position, position + length)
  return { size: buffer.length, readSync: readSyncAt, read: async (position, length) => readSyncAt(position, length) }
}

/**
 * A reading algorithm that asks for bytes and is told them, so that one text serves files and remote blobs: see
 * `runSync` and `run`.
 */
export type Reading<Result> = Generator<{ readonly position: number; readonly length: number }, Result, Buffer>

export function runSync<Result>(reading: Reading<Result>, source: SyncZipSource): Result {
  let step = reading.next()
  while (!step.done) step = reading.next(source.readSync(step.value.position, step.value.length))
  return step.value
}

export async function run<Result>(reading: Reading<Result>, source: ZipSource): Promise<Result> {
  let step = reading.next()
  while (!step.done) {
    const bytes = await source.read(step.value.position, step.value.length)
    step = reading.next(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
  return step.value
}
