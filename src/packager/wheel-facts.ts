import type { ContentFacts } from '../audit/content-facts.ts'
import { interestIn, readContent } from '../audit/read-content.ts'
import { wheelFactsVersion } from '../audit/wheel-facts.ts'
import { sha256 } from '../base/digest.ts'
import type { Cache } from '../cache/cache.ts'
import { readHeaders } from '../pypa/headers.ts'
import { readEntry } from '../zip/entry-data.ts'
import { openFileSource } from '../zip/source.ts'
import type { IndexedEntry } from '../zip/wheel-index.ts'
import type { Artifact } from './artifact.ts'

/** Part of the keys: facts that another version of Zipyard kept are never read. */
const version = `1.${wheelFactsVersion}`

/** What a wheel's files say, read once when the wheel first comes and kept under its digest. */
export interface WheelFacts {
  /** Lines of METADATA and WHEEL that rules look at. */
  readonly requires: readonly string[]
  readonly requiresPython?: string | undefined
  readonly tags: readonly string[]
  /** Of a file of the wheel; `null` for what was looked into and holds nothing of interest, `undefined` for what was not. */
  contentOf(name: string): ContentFacts | null | undefined
}

type Contents = ReadonlyMap<string, ContentFacts | null>

interface Gathered extends Omit<WheelFacts, 'contentOf'> {
  /** Of modules, which are most of a wheel, and of which an audit asks for those alone that the handler reaches. */
  readonly modules: Contents
  readonly others: Contents
}

export async function wheelFactsOf(artifact: Artifact, cache: Cache): Promise<WheelFacts> {
  const [headKey, modulesKey] = ['head', 'modules'].map((part) => sha256(`${version} ${part} ${artifact.digest}`)) as [
    string,
    string,
  ]
  const [head, modules] = await Promise.all([
    cache.readEntry('wheel-facts', headKey),
    cache.readEntry('wheel-facts', modulesKey),
  ])
  if (head && modules) return decode(head, modules)
  const gathered = gather(artifact)
  const { modules: ofModules, others, ...rest } = gathered
  await cache.writeEntry('wheel-facts', modulesKey, JSON.stringify([...ofModules]))
  await cache.writeEntry('wheel-facts', headKey, JSON.stringify({ ...rest, others: [...others] }))
  return { ...rest, contentOf: (name) => others.get(name) ?? ofModules.get(name) }
}

function decode(head: Buffer, modules: Buffer): WheelFacts {
  const { others, ...rest } = JSON.parse(head.toString('utf8')) as Omit<Gathered, 'modules' | 'others'> & {
    readonly others: readonly (readonly [string, ContentFacts | null])[]
  }
  const ofOthers = new Map(others)
  let ofModules: Contents | undefined
  return {
    requires: rest.requires,
    requiresPython: rest.requiresPython,
    tags: rest.tags,
    contentOf(name) {
      if (!name.endsWith('.py')) return ofOthers.get(name)
      ofModules ??= new Map(JSON.parse(modules.toString('utf8')) as [string, ContentFacts | null][])
      return ofModules.get(name)
    },
  }
}

function gather(artifact: Artifact): Gathered {
  const source = openFileSource(artifact.path)
  try {
    const read = (entry: IndexedEntry): Buffer => readEntry(source, entry, artifact.filename)
    const modules = new Map<string, ContentFacts | null>()
    const others = new Map<string, ContentFacts | null>()
    for (const entry of artifact.index.entries) {
      const file = { path: entry.name, bytes: entry.uncompressedBytes, permissions: entry.mode, isOwn: false }
      const interest = interestIn(file, false)
      if (!interest) continue
      const kept = entry.name.endsWith('.py') ? modules : others
      kept.set(entry.name, readContent(interest, read(entry), file) ?? null)
    }
    const headers = (name: string) => {
      const entry = artifact.index.entries.find((one) => one.name.endsWith(`.dist-info/${name}`))
      return entry ? readHeaders(read(entry).toString('utf8')).headers : []
    }
    const metadata = headers('METADATA')
    return {
      modules,
      others,
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
