import { isDirectory, isSymbolicLink, permissionsOf } from '../zip/entry.ts'
import { readEntry } from '../zip/entry-data.ts'
import { entryPath } from '../zip/entry-name.ts'
import { openArchive } from '../zip/reader.ts'
import type { KnownContent } from './collect.ts'
import type { ContentFacts } from './content-facts.ts'
import { interestIn, readContent } from './read-content.ts'

/**
 * What the files of one wheel say, gathered once when the wheel enters the cache, so that an audit of a package made of cached
 * wheels unpacks nothing but the function's own files. Plain JSON.
 */
export interface WheelFacts {
  /** Facts of another version are gathered again. */
  readonly version: number
  /** Keyed by CRC-32, size and what the name asks for; null where there is nothing of interest. */
  readonly contents: Readonly<Record<string, ContentFacts | null>>
}

/** Raised whenever what is gathered changes. */
export const wheelFactsVersion = 2

/** Reads a wheel's files once. Throws `notAZip` when it is none. */
export function gatherWheelFacts(path: string): WheelFacts {
  const { source, listing } = openArchive(path)
  try {
    const contents: Record<string, ContentFacts | null> = {}
    for (const entry of listing.entries) {
      const inside = entryPath(entry.name)
      if (!inside || isDirectory(entry) || isSymbolicLink(entry)) continue
      const file = { path: inside, bytes: entry.uncompressedBytes, permissions: permissionsOf(entry), isOwn: false }
      const interest = interestIn(file, false)
      if (interest)
        contents[keyOf(inside, entry.crc32, entry.uncompressedBytes)] =
          readContent(interest, readEntry(source, entry, path), file) ?? null
    }
    return { version: wheelFactsVersion, contents }
  } finally {
    source.close()
  }
}

export function encodeWheelFacts(facts: WheelFacts): string {
  return JSON.stringify(facts)
}

/** `undefined` when the text is damaged or of another version: then gather again. */
export function decodeWheelFacts(text: string): WheelFacts | undefined {
  try {
    const facts = JSON.parse(text) as WheelFacts
    return facts.version === wheelFactsVersion && typeof facts.contents === 'object' ? facts : undefined
  } catch {
    return undefined
  }
}

/**
 * Answers from the facts of several wheels. A file counts as known when its checksum, its size and the end of its name agree: use it
 * for packages made of verified wheels, not for what strangers upload.
 */
export function knownFrom(wheels: readonly WheelFacts[]): KnownContent {
  return ({ path, crc32, bytes }) => {
    const key = keyOf(path, crc32, bytes)
    for (const { contents } of wheels) {
      const content = contents[key]
      if (content !== undefined) return content
    }
    return undefined
  }
}

function keyOf(path: string, crc32: number, bytes: number): string {
  return `${crc32.toString(16)}-${bytes}-${path.slice(path.lastIndexOf('/') + 1)}`
}
