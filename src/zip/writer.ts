import { pack } from './deflate.ts'
import { centralDirectoryHeaderBytes, localFileHeaderBytes } from './format.ts'
import { endRecords, headerTarget, writeDirectoryHeader, writeLocalHeader } from './headers.ts'
import { orderEntries } from './plan.ts'

/** A file to be packed in memory. */
export interface WriterEntry {
  readonly path: string
  readonly bytes: Uint8Array | string
  /** Permission bits; 0o644 unless told. */
  readonly mode?: number | undefined
  /** The entry is a symbolic link and its bytes are the target. */
  readonly link?: boolean | undefined
}

/**
 * A small archive in memory, byte for byte what `splice` would write to a file.
 * @example archiveBytes([{ path: 'lambda_function.py', bytes: 'def lambda_handler(event, context): ...' }])
 */
export function archiveBytes(files: readonly WriterEntry[]): Buffer {
  const entries = orderEntries(
    files.map(({ path, bytes, mode, link }) => ({
      path,
      mode: mode ?? 0o644,
      link,
      source: { bytes: Buffer.from(bytes) },
    })),
  )
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let position = 0
  for (const { path, mode, link, source } of entries) {
    const { method, crc32, uncompressedBytes, data } = pack((source as { bytes: Uint8Array }).bytes)
    const header = { method, crc32, compressedBytes: data.length, uncompressedBytes, mode, link }
    const nameBytes = Buffer.byteLength(path)
    const local = Buffer.alloc(localFileHeaderBytes + nameBytes)
    writeLocalHeader(headerTarget(local), 0, header, path, nameBytes)
    const central = Buffer.alloc(centralDirectoryHeaderBytes + nameBytes)
    writeDirectoryHeader(headerTarget(central), 0, header, path, nameBytes, position)
    parts.push(local, Buffer.from(data))
    directory.push(central)
    position += local.length + data.length
  }
  const directoryBytes = Buffer.concat(directory)
  return Buffer.concat([...parts, directoryBytes, endRecords(entries.length, position, directoryBytes.length)])
}
