import { spliceSourceChanged } from './errors.ts'
import { centralDirectoryHeaderBytes, localFileHeaderBytes } from './format.ts'
import { writeLocalNumbers, type HeaderTarget } from './headers.ts'
import type { OpenArchive } from './open-archives.ts'
import type { OutputFile } from './output-file.ts'
import { mark, type Stretch } from './strip.ts'

/** An entry larger than this is written piece by piece; a smaller one begins a new piece when it does not fit. */
const smallBytes = 64 * 1024

/**
 * Copies the first entries of a stretch, those that lie one behind the other in the archive and fit into the output's buffer: they are
 * read in one go with the headers between them, and our headers take the place of those. Returns the index behind the last that was
 * copied. Their records are put at `directoryUsed` of the directory.
 *
 * @throws `spliceSourceChanged`
 */
export function copyRun(
  { strip, archive, to }: Stretch,
  from: number,
  source: OpenArchive,
  output: OutputFile,
  directory: HeaderTarget,
  directoryUsed: number,
): number {
  if (source.size !== strip.archiveBytes)
    throw changed(archive, strip.path(from), `the file had ${strip.archiveBytes} bytes, and has ${source.size}`)
  const { dataOffset, compressedBytes, uncompressedBytes, crc32, recordEnd, method, marks } = strip.columns
  let record = strip.recordStart(from)
  const nameBytes = recordEnd[from]! - record - centralDirectoryHeaderBytes
  const start = dataOffset[from]!
  const length = compressedBytes[from]!
  makeRoom(output, localFileHeaderBytes + nameBytes, length)
  const { target } = output
  const { bytes, view } = target
  /** What is added to a position in the archive to have it in the buffer. */
  const shift = output.used + localFileHeaderBytes + nameBytes - start
  const isSpanning = start + length + shift > bytes.length
  let next = from + 1
  let end = start + length
  if (!isSpanning)
    for (; next < to && (marks[next]! & mark.joined) !== 0; next++) {
      const far = dataOffset[next]! + compressedBytes[next]!
      if (far + shift > bytes.length) break
      end = far
    }
  const nameAt = record + centralDirectoryHeaderBytes
  strip.directory.copy(bytes, output.used + localFileHeaderBytes, nameAt, nameAt + nameBytes)
  const recordsAt = directoryUsed - record
  strip.directory.copy(directory.bytes, directoryUsed, record, recordEnd[next - 1])
  const offset = output.flushed
  output.used = start + shift
  if (!isSpanning && !output.fill(source.descriptor, start, end - start))
    throw changed(archive, strip.path(from), cutShort)
  for (let index = from; index < next; index++) {
    const behind = recordEnd[index]!
    const at = dataOffset[index]! + shift - (behind - record - centralDirectoryHeaderBytes) - localFileHeaderBytes
    writeLocalNumbers(
      view,
      at,
      method[index]!,
      (marks[index]! & mark.unicode) !== 0,
      crc32[index]!,
      compressedBytes[index]!,
      uncompressedBytes[index]!,
      behind - record - centralDirectoryHeaderBytes,
    )
    directory.view.setUint32(recordsAt + record + 42, offset + at, true)
    record = behind
  }
  if (isSpanning && !output.copyFrom(source.descriptor, start, length))
    throw changed(archive, strip.path(from), cutShort)
  return next
}

function makeRoom(output: OutputFile, headerBytes: number, length: number): void {
  const room = output.buffer.length - output.used
  if (headerBytes > room || (length <= smallBytes && headerBytes + length > room)) output.flush()
}

const cutShort = 'the file ends in the middle of it'

function changed(file: string, name: string, because: string): Error {
  return spliceSourceChanged({ file, name, because })
}
