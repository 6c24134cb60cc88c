/** One version of an object: its blob and what is known of it. */
import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { ChecksumAlgorithm } from '../aws/checksums.ts'
import type { Digest } from '../base/digest.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import type { ObjectVersionTable } from '../store/tables/objects.ts'
import type { Bucket } from './bucket.ts'
import { invalidKey, objectNotFound, versionNotFound } from './errors.ts'

export interface ObjectName {
  readonly bucket: string
  readonly key: string
}

/** A checksum that a client asked to be kept. */
export interface ObjectChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64; of a composite one followed by `-N`. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** What the client says of an object besides its bytes. */
export interface ObjectDescription {
  /** Header names in lower case: `content-type`, `cache-control` … */
  readonly headers: Readonly<Record<string, string>>
  /** Names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

export interface ObjectContent {
  readonly digest: Digest
  readonly bytes: number
  /** Without quotes. */
  readonly etag: string
  readonly checksum?: ObjectChecksum | undefined
  /** Sizes of the parts of a multipart upload, in order. */
  readonly parts?: readonly number[] | undefined
}

export interface StoredObject extends ObjectName, ObjectContent, ObjectDescription {
  /** `null` in a bucket without versioning. */
  readonly versionId: string
  readonly isLatest: boolean
  readonly modifiedAt: number
}

export interface DeleteMarker extends ObjectName {
  readonly versionId: string
  readonly isLatest: boolean
  readonly modifiedAt: number
}

const keyLimit = 1024

/** Any text of up to 1024 bytes; it never becomes a path. @throws `invalidKey` */
export function parseKey(text: string): string {
  if (Buffer.byteLength(text) > keyLimit) throw invalidKey({ key: text, tooLong: true })
  if (text.includes('\0')) throw invalidKey({ key: text, tooLong: false })
  return text
}

/**
 * The newest version of an object, or the version asked for.
 *
 * @returns a `DeleteMarker` when that is what stands there
 * @throws `objectNotFound`, `versionNotFound`
 */
export async function requireVersion(
  db: CatalogQueries,
  name: ObjectName,
  versionId?: string,
): Promise<StoredObject | DeleteMarker> {
  const found = await findVersion(db, name, versionId)
  if (found) return found
  throw versionId === undefined ? objectNotFound(name) : versionNotFound({ ...name, versionId })
}

/** As `requireVersion`, or `undefined` when there is none. */
export async function findVersion(
  db: CatalogQueries,
  name: ObjectName,
  versionId?: string,
): Promise<StoredObject | DeleteMarker | undefined> {
  let query = db.selectFrom('object_version').selectAll().where('bucket', '=', name.bucket).where('key', '=', name.key)
  query = versionId === undefined ? query.where('latest', '=', 1) : query.where('version_id', '=', versionId)
  const row = await query.executeTakeFirst()
  return row && fromRow(row)
}

/** As `requireVersion`, where a delete marker counts as no object. */
export async function requireObject(db: CatalogQueries, name: ObjectName, versionId?: string): Promise<StoredObject> {
  const found = await requireVersion(db, name, versionId)
  if (!isStored(found)) throw objectNotFound(name)
  return found
}

export function isStored(version: StoredObject | DeleteMarker): version is StoredObject {
  return 'digest' in version
}

/** Makes a new newest version, in place of the `null` version where the bucket keeps none. Run it inside a transaction. */
export async function insertVersion(
  db: CatalogQueries,
  bucket: Bucket,
  key: string,
  modifiedAt: number,
  content: (ObjectContent & ObjectDescription) | 'delete marker',
): Promise<string> {
  const versionId = bucket.versioning === 'Enabled' ? newVersionId() : 'null'
  const ofKey = { bucket: bucket.name, key }
  if (versionId === 'null') await removeRow(db, ofKey, 'null')
  await db
    .updateTable('object_version')
    .set({ latest: 0 })
    .where('bucket', '=', bucket.name)
    .where('key', '=', key)
    .where('latest', '=', 1)
    .execute()
  await db
    .insertInto('object_version')
    .values({
      ...ofKey,
      version_id: versionId,
      latest: 1,
      delete_marker: content === 'delete marker' ? 1 : 0,
      modified_at: modifiedAt,
      ...(content === 'delete marker' ? {} : toColumns(content)),
    })
    .execute()
  return versionId
}

/** Removes one version for good; the one before it becomes the newest. Run it inside a transaction. Says whether it was there. */
export async function removeVersion(
  db: CatalogQueries,
  name: ObjectName,
  versionId: string,
): Promise<StoredObject | DeleteMarker | undefined> {
  const removed = await removeRow(db, name, versionId)
  if (removed?.latest !== 1) return removed && fromRow(removed)
  const next = await db
    .selectFrom('object_version')
    .select('id')
    .where('bucket', '=', name.bucket)
    .where('key', '=', name.key)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (next) await db.updateTable('object_version').set({ latest: 1 }).where('id', '=', next.id).execute()
  return fromRow(removed)
}

export async function setTags(
  db: CatalogQueries,
  version: StoredObject,
  tags: ObjectDescription['tags'],
): Promise<void> {
  await db
    .updateTable('object_version')
    .set({ tags: JSON.stringify(tags) })
    .where('bucket', '=', version.bucket)
    .where('key', '=', version.key)
    .where('version_id', '=', version.versionId)
    .execute()
}

export function fromRow(row: Selectable<ObjectVersionTable>): StoredObject | DeleteMarker {
  const marker: DeleteMarker = {
    bucket: row.bucket,
    key: row.key,
    versionId: row.version_id,
    isLatest: row.latest === 1,
    modifiedAt: row.modified_at,
  }
  if (row.digest === null) return marker
  return {
    ...marker,
    digest: row.digest,
    bytes: row.bytes!,
    etag: row.etag!,
    checksum: row.checksum === null ? undefined : (JSON.parse(row.checksum) as ObjectChecksum),
    parts: row.parts === null ? undefined : (JSON.parse(row.parts) as number[]),
    headers: parseRecord(row.headers),
    metadata: parseRecord(row.metadata),
    tags: parseRecord(row.tags),
  }
}

async function removeRow(
  db: CatalogQueries,
  name: ObjectName,
  versionId: string,
): Promise<Selectable<ObjectVersionTable> | undefined> {
  return db
    .deleteFrom('object_version')
    .where('bucket', '=', name.bucket)
    .where('key', '=', name.key)
    .where('version_id', '=', versionId)
    .returningAll()
    .executeTakeFirst()
}

function toColumns(content: ObjectContent & ObjectDescription): Partial<Selectable<ObjectVersionTable>> {
  return {
    digest: content.digest,
    bytes: content.bytes,
    etag: content.etag,
    headers: JSON.stringify(content.headers),
    metadata: JSON.stringify(content.metadata),
    checksum: content.checksum ? JSON.stringify(content.checksum) : null,
    parts: content.parts ? JSON.stringify(content.parts) : null,
    tags: JSON.stringify(content.tags),
  }
}

function parseRecord(json: string | null): Readonly<Record<string, string>> {
  return json === null ? {} : (JSON.parse(json) as Record<string, string>)
}

/** 32 characters, as S3's look. */
function newVersionId(): string {
  return randomBytes(24).toString('base64url').replace(/^[-_]/, 'z')
}
