/** Lists the keys of a bucket, folding those below a delimiter into common prefixes without reading them. */
import type { CatalogQueries } from '../store/catalog.ts'
import { fromRow, isStored, type DeleteMarker, type StoredObject } from './object-version.ts'

export interface ListingOptions {
  readonly prefix: string
  /** '' for none. */
  readonly delimiter: string
  readonly limit: number
  /** Only what comes after this key or common prefix, exclusive. */
  readonly after?: string | undefined
}

export interface Listing {
  readonly objects: readonly StoredObject[]
  readonly commonPrefixes: readonly string[]
  /** The last key or common prefix of a listing that has more; pass it as `after`. */
  readonly next?: string | undefined
}

export interface VersionListing {
  readonly versions: readonly (StoredObject | DeleteMarker)[]
  readonly commonPrefixes: readonly string[]
  readonly next?: { readonly key: string; readonly versionId: string | undefined } | undefined
}

/** Rows read at once: few where folding skips the rest, more and more where it does not. */
const [fewestRows, mostRows] = [16, 256]

/** Keys in the order of their UTF-8 bytes, as S3 sorts them. */
export async function listObjects(db: CatalogQueries, bucket: string, options: ListingOptions): Promise<Listing> {
  const objects: StoredObject[] = []
  const commonPrefixes: string[] = []
  let start = startOf(options)
  let last: string | undefined
  let pageSize = fewestRows
  while (start) {
    const rows = await pageFrom(db, bucket, options.prefix, start, pageSize)
    pageSize = Math.min(pageSize * 2, mostRows)
    if (rows.length === 0) return { objects, commonPrefixes }
    for (const row of rows) {
      if (objects.length + commonPrefixes.length >= options.limit) return { objects, commonPrefixes, next: last }
      const folded = commonPrefix(row.key, options)
      if (folded !== undefined) {
        commonPrefixes.push(folded)
        last = folded
        start = beyondPrefix(folded)
        pageSize = fewestRows
        break
      }
      const version = fromRow(row)
      if (isStored(version)) objects.push(version)
      last = row.key
      start = { key: row.key, inclusive: false }
    }
  }
  return { objects, commonPrefixes }
}

/** All versions and delete markers: by key, of one key the newest first. */
export async function listVersions(
  db: CatalogQueries,
  bucket: string,
  options: ListingOptions & { readonly afterVersion?: string | undefined },
): Promise<VersionListing> {
  const versions: (StoredObject | DeleteMarker)[] = []
  const commonPrefixes: string[] = []
  let last: VersionListing['next']
  const full = (): boolean => versions.length + commonPrefixes.length >= options.limit
  let start = startOf(options)
  let pageSize = fewestRows
  if (options.after !== undefined && options.afterVersion !== undefined) {
    for (const version of await versionsOf(db, bucket, options.after, options.afterVersion)) {
      if (full()) return { versions, commonPrefixes, next: last }
      versions.push(version)
      last = { key: version.key, versionId: version.versionId }
    }
  }
  while (start) {
    const keys = await keysFrom(db, bucket, options.prefix, start, pageSize)
    pageSize = Math.min(pageSize * 2, mostRows)
    if (keys.length === 0) return { versions, commonPrefixes }
    for (const key of keys) {
      if (full()) return { versions, commonPrefixes, next: last }
      const folded = commonPrefix(key, options)
      if (folded !== undefined) {
        commonPrefixes.push(folded)
        last = { key: folded, versionId: undefined }
        start = beyondPrefix(folded)
        pageSize = fewestRows
        break
      }
      for (const version of await versionsOf(db, bucket, key)) {
        if (full()) return { versions, commonPrefixes, next: last }
        versions.push(version)
        last = { key, versionId: version.versionId }
      }
      start = { key, inclusive: false }
    }
  }
  return { versions, commonPrefixes }
}

/** Where the search goes on; `undefined` when nothing can follow. */
interface Start {
  readonly key: string
  readonly inclusive: boolean
}

function startOf(options: ListingOptions): Start | undefined {
  const { after, prefix, delimiter } = options
  if (after === undefined || compareUtf8(after, prefix) < 0) return { key: prefix, inclusive: true }
  // After a common prefix means after everything it stands for.
  const isFolded = delimiter !== '' && after.startsWith(prefix) && after.endsWith(delimiter) && after !== prefix
  return isFolded && commonPrefix(after, options) === after ? beyondPrefix(after) : { key: after, inclusive: false }
}

async function pageFrom(db: CatalogQueries, bucket: string, prefix: string, start: Start, pageSize: number) {
  let query = db
    .selectFrom('object_version')
    .selectAll()
    .where('bucket', '=', bucket)
    .where('latest', '=', 1)
    .where('delete_marker', '=', 0)
    .where('key', start.inclusive ? '>=' : '>', start.key)
    .orderBy('key')
    .limit(pageSize)
  const end = beyondPrefix(prefix)
  if (end) query = query.where('key', '<', end.key)
  return query.execute()
}

async function keysFrom(
  db: CatalogQueries,
  bucket: string,
  prefix: string,
  start: Start,
  pageSize: number,
): Promise<string[]> {
  let query = db
    .selectFrom('object_version')
    .select('key')
    .distinct()
    .where('bucket', '=', bucket)
    .where('key', start.inclusive ? '>=' : '>', start.key)
    .orderBy('key')
    .limit(pageSize)
  const end = beyondPrefix(prefix)
  if (end) query = query.where('key', '<', end.key)
  return (await query.execute()).map((row) => row.key)
}

async function versionsOf(
  db: CatalogQueries,
  bucket: string,
  key: string,
  after?: string,
): Promise<(StoredObject | DeleteMarker)[]> {
  let query = db
    .selectFrom('object_version')
    .selectAll()
    .where('bucket', '=', bucket)
    .where('key', '=', key)
    .orderBy('id', 'desc')
  if (after !== undefined) {
    const marker = await db
      .selectFrom('object_version')
      .select('id')
      .where('bucket', '=', bucket)
      .where('key', '=', key)
      .where('version_id', '=', after)
      .executeTakeFirst()
    // Who deletes what a page lists before asking for the next one must not miss what is left: then it begins with the key again.
    if (marker) query = query.where('id', '<', marker.id)
  }
  return (await query.execute()).map(fromRow)
}

/** The key up to the first delimiter after the prefix, when it has one there. */
function commonPrefix(key: string, options: ListingOptions): string | undefined {
  if (options.delimiter === '') return undefined
  const at = key.indexOf(options.delimiter, options.prefix.length)
  return at < 0 ? undefined : key.slice(0, at + options.delimiter.length)
}

/** The first key that sorts after everything with this prefix: its last character replaced by the next one. */
export function beyondPrefix(prefix: string): Start | undefined {
  const characters = [...prefix]
  while (characters.length > 0) {
    const code = characters.pop()!.codePointAt(0)!
    if (code >= 0x10ffff) continue
    const next = code === 0xd7ff ? 0xe000 : code + 1
    return { key: characters.join('') + String.fromCodePoint(next), inclusive: true }
  }
  return undefined
}

function compareUtf8(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
