import { parseDirectReference } from './direct-reference.ts'
import { defineError } from '../base/errors.ts'
import type { DocumentNode } from './document.ts'
import type { LockedFile } from './locked-distribution.ts'
import { parseMarker, type Marker } from './marker.ts'

export const unsupportedLockVersion = defineError(
  'ZY0218',
  'refused',
  (p: { file: string; found: string; known: string; tool: string }) => ({
    message: `\`${p.file}\` is of version \`${p.found}\`, and ${p.known} can be read`,
    hint: `Lock again with a current \`${p.tool}\`, or update zipyard`,
  }),
)

/** A marker of a lock; an empty one says nothing. */
export function readMarker(node: DocumentNode): Marker | undefined {
  const text = node.optionalString()
  return text === undefined || text.trim() === '' ? undefined : node.parsed(parseMarker)
}

/** `sha256:0123…` as algorithm and digest. */
export function readHashText(node: DocumentNode): readonly [algorithm: string, digest: string] {
  return node.parsed((text) => {
    const match = /^([a-z0-9_-]+):([0-9a-f]+)$/i.exec(text)
    if (!match) throw new Error(`\`${text}\` is not a digest such as \`sha256:…\``)
    return [match[1]!.toLowerCase(), match[2]!.toLowerCase()] as const
  })
}

/** The last part of a URL's or a path's path, decoded. */
export function filenameOf(place: string): string {
  const last = place.split(/[?#]/, 1)[0]!.replace(/^.*[\\/]/s, '')
  if (!last.includes('%')) return last
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}

/** A file given by URL or path text alone, fragment hashes taken off. */
export function fileFromPlace(place: string, hashes: Readonly<Record<string, string>> = {}): LockedFile {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return { filename: filenameOf(place), path: place, hashes }
  // A lock of a large project has ten thousand of these, and a URL object for each takes longer than reading the file.
  if (/^https?:/i.test(place) && !place.includes('#')) return { filename: filenameOf(place), url: place, hashes }
  const reference = parseDirectReference(place, '/')
  if (reference?.kind !== 'archive') return { filename: filenameOf(place), url: place, hashes }
  return {
    filename: reference.filename,
    url: reference.url,
    path: reference.path,
    hashes: { ...reference.hashes, ...hashes },
    subdirectory: reference.subdirectory,
  }
}
