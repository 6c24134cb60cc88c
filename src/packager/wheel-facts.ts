import type { ContentFacts } from '../audit/content-facts.ts'
import { interestIn, readContent } from '../audit/read-content.ts'
import type { Cache } from '../cache/cache.ts'
import { readHeaders } from '../pypa/headers.ts'
import { readEntry } from '../zip/entry-data.ts'
import { openFileSource } from '../zip/source.ts'
import type { IndexedEntry } from '../zip/wheel-index.ts'
import type { Artifact } from './artifact.ts'

/** Bump when facts of earlier versions of Zipyard must not be used any more. */
const factsVersion = 3

/** What a wheel's files say, read once when the wheel first comes and kept under its digest. */
export interface WheelFacts {
  /** By the path in the wheel; `null` for what was looked into and holds nothing of interest. */
  readonly contents: ReadonlyMap<string, ContentFacts | null>
  /** Lines of METADATA and WHEEL that rules look at. */
  readonly requires: readonly string[]
  readonly requiresPython?: string | undefined
  readonly tags: readonly string[]
}

export async function wheelFactsOf(artifact: Artifact, cache: Cache): Promise<WheelFacts> {
  const stored = await cache.readEntry('wheel-facts', artifact.digest)
  const known = stored && decode(stored)
  if (known) return known
  const facts = readFacts(artifact)
  await cache.writeEntry('wheel-facts', artifact.digest, encode(facts))
  return facts
}

function encode({ contents, ...rest }: WheelFacts): string {
  return JSON.stringify({ version: factsVersion, ...rest, contents: [...contents] })
}

function decode(stored: Buffer): WheelFacts | undefined {
  const value = JSON.parse(stored.toString('utf8')) as Omit<WheelFacts, 'contents'> & {
    readonly version: number
    readonly contents: readonly (readonly [string, ContentFacts | null])[]
  }
  return value.version === factsVersion ? { ...value, contents: new Map(value.contents) } : undefined
}

function readFacts(artifact: Artifact): WheelFacts {
  const source = openFileSource(artifact.path)
  try {
    const read = (entry: IndexedEntry): Buffer => readEntry(source, entry, artifact.filename)
    const contents = new Map<string, ContentFacts | null>()
    for (const entry of artifact.index.entries) {
      const file = { path: entry.name, bytes: entry.uncompressedBytes, permissions: entry.mode, isOwn: false }
      const interest = interestIn(file)
      if (interest) contents.set(entry.name, readContent(interest, read(entry), file) ?? null)
    }
    const headers = (name: string) => {
      const entry = artifact.index.entries.find((one) => one.name.endsWith(`.dist-info/${name}`))
      return entry ? readHeaders(read(entry).toString('utf8')).headers : []
    }
    const metadata = headers('METADATA')
    return {
      contents,
      requires: metadata.filter(({ name }) => name === 'requires-dist').map(({ value }) => value),
      requiresPython: metadata.find(({ name }) => name === 'requires-python')?.value,
      tags: headers('WHEEL')
        .filter(({ name }) => name === 'tag')
        .map(({ value }) => value),
    }
  } finally {
    source.close()
  }
}
