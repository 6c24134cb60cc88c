import { sha256, type Digest } from '../base/digest.ts'
import { readHeaders } from '../pypa/headers.ts'
import { readEntry } from '../zip/entry-data.ts'
import { openFileSource } from '../zip/source.ts'
import type { IndexedEntry } from '../zip/wheel-index.ts'
import { interestIn, readContent } from './read-content.ts'
import { summarizeWheel } from './wheel-summary.ts'
import { encodeWheelFacts, wheelFactsVersion, type GatheredFile } from './wheel-facts.ts'

/** Where a wheel's facts lie among the cache's `wheel-facts`; those that another version of Zipyard kept lie elsewhere. */
export function wheelFactsKey(digest: Digest): string {
  return sha256(`wheel ${wheelFactsVersion} ${digest}`)
}

/** Reads a wheel's files once, for `decodeWheelFacts`. Throws when the wheel is damaged. `name` is what it is called in sentences. */
export function gatherWheelFacts(path: string, entries: readonly IndexedEntry[], name = path): Uint8Array {
  const source = openFileSource(path)
  try {
    const read = (entry: IndexedEntry): Buffer => readEntry(source, entry, name)
    const files = entries.map((entry): GatheredFile => {
      // What a package may call executable is looked into, whatever the wheel calls it.
      const interest = interestIn({ path: entry.name, bytes: entry.uncompressedBytes, permissions: 0o755 }, false)
      const content = interest && (readContent(interest, read(entry), { path: entry.name, isOwn: false }) ?? null)
      return { name: entry.name, crc32: entry.crc32, bytes: entry.uncompressedBytes, content }
    })
    const readText = (path: string): string | undefined => {
      const entry = entries.find((one) => one.name === path)
      return entry && read(entry).toString('utf8')
    }
    const headers = (of: string) => {
      const entry = entries.find((one) => one.name.endsWith(`.dist-info/${of}`))
      return entry ? readHeaders(read(entry).toString('utf8')).headers : []
    }
    const metadata = headers('METADATA')
    return encodeWheelFacts(
      {
        requires: metadata.filter((header) => header.name === 'requires-dist').map(({ value }) => value),
        requiresPython: metadata.find((header) => header.name === 'requires-python')?.value,
        tags: headers('WHEEL')
          .filter((header) => header.name === 'tag')
          .map(({ value }) => value),
      },
      files,
      summarizeWheel(files, readText),
    )
  } finally {
    source.close()
  }
}
