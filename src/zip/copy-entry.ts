import { entryNotReadable, spliceSourceChanged } from './errors.ts'
import { methods } from './format.ts'
import type { OpenArchives } from './open-archives.ts'
import type { SplicePart } from './order-parts.ts'
import { windowBytes, type OutputFile } from './output-file.ts'
import type { SpliceableEntry } from './plan.ts'

/** Reads an entry's compressed bytes straight into the output's buffer, small neighbours of one archive in one go. */
export function copyEntry(
  sources: OpenArchives,
  file: string,
  entry: SpliceableEntry,
  output: OutputFile,
  parts: readonly SplicePart[],
  index: number,
): void {
  const { name, method, compressedBytes, dataOffset } = entry
  if (method !== methods.deflate && method !== methods.stored) throw entryNotReadable({ file, name, method })
  const source = sources.open(file)
  const end = dataOffset + compressedBytes
  if (dataOffset < 0 || end > source.size)
    throw spliceSourceChanged({
      file,
      name,
      because: `it should lie at ${dataOffset}, the file has ${source.size} bytes`,
    })
  const isWhole =
    compressedBytes <= smallBytes
      ? output.copySmall(file, source.descriptor, dataOffset, compressedBytes, () =>
          runEnd(parts, index, file, dataOffset, end),
        )
      : output.copyFrom(source.descriptor, dataOffset, compressedBytes)
  if (!isWhole) throw spliceSourceChanged({ file, name, because: 'the file ends in the middle of it' })
}

/** Entries up to this size are read together with their neighbours: a read costs as much as copying so many bytes. */
const smallBytes = 16 * 1024
/** Between two entries' data lies the second one's header; more than this is something else. */
const widestGapBytes = 1024

/** How far small entries of the same archive follow one another from here on, as wheels and packages are sorted alike. */
function runEnd(parts: readonly SplicePart[], index: number, file: string, start: number, from: number): number {
  let end = from
  for (let next = index + 1; next < parts.length; next++) {
    const part = parts[next]!
    if ('strip' in part) break
    const { source } = part
    if (!('archive' in source) || source.archive !== file) break
    const { dataOffset, compressedBytes } = source.entry
    if (dataOffset < end || dataOffset - end > widestGapBytes || compressedBytes > smallBytes) break
    if (dataOffset + compressedBytes - start > windowBytes) break
    end = dataOffset + compressedBytes
  }
  return end
}
