/** Multipart uploads: parts are blobs of their own until the upload is completed and they become one. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { newChecksum, type ChecksumAlgorithm } from '../aws/checksums.ts'
import { mebibyte } from '../base/byte-size.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import type { MultipartPartTable, MultipartUploadTable } from '../store/tables/objects.ts'
import { requireBucket } from './bucket.ts'
import { digestMismatch, invalidPart, partsOutOfOrder, partTooSmall, uploadNotFound } from './errors.ts'
import { beyondPrefix } from './object-listing.ts'
import {
  toBase64,
  type BodyClaims,
  type ObjectStore,
  type WriteConditions,
  type WrittenObject,
} from './object-store.ts'
import type { ObjectChecksum, ObjectDescription, ObjectName } from './object-version.ts'

export interface MultipartUpload extends ObjectName, ObjectDescription {
  readonly uploadId: string
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ObjectChecksum['type'] } | undefined
  readonly initiatedAt: number
}

export interface Part {
  readonly number: number
  readonly digest: string
  readonly bytes: number
  readonly etag: string
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
  readonly modifiedAt: number
}

/** Smallest part but the last, in bytes. Source: S3 user guide, "Multipart upload limits". */
export const smallestPart = 5 * mebibyte
export const largestPartNumber = 10_000

/** @throws `bucketNotFound` */
export async function createUpload(
  store: ObjectStore,
  name: ObjectName,
  description: ObjectDescription,
  checksum: MultipartUpload['checksum'],
): Promise<MultipartUpload> {
  const uploadId = randomBytes(48).toString('base64url')
  const initiatedAt = store.clock.now()
  await store.catalog.transaction(async (db) => {
    await requireBucket(db, name.bucket)
    await db
      .insertInto('multipart_upload')
      .values({
        upload_id: uploadId,
        bucket: name.bucket,
        key: name.key,
        headers: JSON.stringify(description.headers),
        metadata: JSON.stringify(description.metadata),
        tags: JSON.stringify(description.tags),
        checksum: checksum ? JSON.stringify(checksum) : null,
        initiated_at: initiatedAt,
      })
      .execute()
  })
  return { ...name, ...description, uploadId, checksum, initiatedAt }
}

/** @throws `uploadNotFound` */
export async function requireUpload(db: CatalogQueries, name: ObjectName, uploadId: string): Promise<MultipartUpload> {
  const row = await db
    .selectFrom('multipart_upload')
    .selectAll()
    .where('upload_id', '=', uploadId)
    .where('bucket', '=', name.bucket)
    .where('key', '=', name.key)
    .executeTakeFirst()
  if (!row) throw uploadNotFound({ uploadId })
  return fromUploadRow(row)
}

/** Stores a part in place of an earlier one of its number. @throws `uploadNotFound`, `digestMismatch` */
export async function putPart(
  store: ObjectStore,
  upload: MultipartUpload,
  number: number,
  body: Readable,
  claims: BodyClaims,
): Promise<Part> {
  const { digest, bytes, etag, checksum } = await store.putBody(body, claims)
  const part: Part = { number, digest, bytes, etag, checksum, modifiedAt: store.clock.now() }
  const columns = {
    digest,
    bytes,
    etag,
    checksum: checksum ? JSON.stringify(checksum) : null,
    modified_at: part.modifiedAt,
  }
  await store.catalog.transaction(async (db) => {
    await requireUpload(db, upload, upload.uploadId)
    await db
      .insertInto('multipart_part')
      .values({ upload_id: upload.uploadId, part_number: number, ...columns })
      .onConflict((conflict) => conflict.columns(['upload_id', 'part_number']).doUpdateSet(columns))
      .execute()
  })
  return part
}

/** Parts in the order of their numbers, after `after`. */
export async function listParts(
  db: CatalogQueries,
  uploadId: string,
  options: { readonly after?: number; readonly limit?: number } = {},
): Promise<readonly Part[]> {
  const rows = await db
    .selectFrom('multipart_part')
    .selectAll()
    .where('upload_id', '=', uploadId)
    .where('part_number', '>', options.after ?? 0)
    .orderBy('part_number')
    .limit(options.limit ?? largestPartNumber)
    .execute()
  return rows.map(fromPartRow)
}

/** Unfinished uploads in the order of their keys and then of their start. */
export async function listUploads(
  db: CatalogQueries,
  bucket: string,
  options: {
    readonly prefix: string
    readonly limit: number
    readonly after?: { readonly key: string; readonly uploadId: string | undefined } | undefined
  },
): Promise<readonly MultipartUpload[]> {
  let query = db
    .selectFrom('multipart_upload')
    .selectAll()
    .where('bucket', '=', bucket)
    .orderBy('key')
    .orderBy('upload_id')
    .limit(options.limit)
  const { prefix, after } = options
  query = query.where('key', '>=', prefix)
  const end = beyondPrefix(prefix)
  if (end) query = query.where('key', '<', end.key)
  if (after) {
    query = query.where((where) =>
      after.uploadId === undefined
        ? where('key', '>', after.key)
        : where.or([
            where('key', '>', after.key),
            where.and([where('key', '=', after.key), where('upload_id', '>', after.uploadId)]),
          ]),
    )
  }
  return (await query.execute()).map(fromUploadRow)
}

/** Gives up an upload; its parts are collected later. @throws `uploadNotFound` */
export async function abortUpload(store: ObjectStore, name: ObjectName, uploadId: string): Promise<void> {
  await store.catalog.freeing(async (db) => {
    await requireUpload(db, name, uploadId)
    await db.deleteFrom('multipart_upload').where('upload_id', '=', uploadId).execute()
  })
}

export interface ListedPart {
  readonly number: number
  /** Without quotes. */
  readonly etag: string
  readonly checksum?: string | undefined
}

/**
 * Joins the listed parts into the object. When this resolves the object is there and the upload is gone; until then, the reverse.
 *
 * @throws `uploadNotFound`, `partsOutOfOrder`, `invalidPart`, `partTooSmall`, `digestMismatch`, `conditionFailed`
 */
export async function completeUpload(
  store: ObjectStore,
  upload: MultipartUpload,
  listed: readonly ListedPart[],
  options: WriteConditions & { readonly checksum?: string | undefined; readonly bytes?: number | undefined } = {},
): Promise<WrittenObject> {
  const parts = chooseParts(upload, listed, await listParts(store.catalog.db, upload.uploadId))
  const full = upload.checksum?.type === 'FULL_OBJECT' ? upload.checksum.algorithm : undefined
  const body = Readable.from(concatenate(store, parts), { objectMode: false })
  const { digest, bytes, digests } = await store.blobs.put(body, {
    also: full ? [full] : [],
    expected: { bytes: options.bytes },
  })
  const checksum = full
    ? { algorithm: full, value: toBase64(digests[full]!), type: 'FULL_OBJECT' as const }
    : compositeChecksum(upload, parts)
  if (options.checksum !== undefined && checksum && options.checksum !== checksum.value) {
    throw digestMismatch({
      what: checksum.algorithm.toUpperCase(),
      expected: options.checksum,
      found: checksum.value,
    })
  }
  const { headers, metadata, tags } = upload
  const etag = multipartEtag(parts)
  const content = { headers, metadata, tags, digest, bytes, etag, checksum, parts: parts.map((part) => part.bytes) }
  return store.catalog.transaction(async (db) => {
    await requireUpload(db, upload, upload.uploadId)
    await db.deleteFrom('multipart_upload').where('upload_id', '=', upload.uploadId).execute()
    return store.insert(db, upload, content, options)
  })
}

function chooseParts(upload: MultipartUpload, listed: readonly ListedPart[], stored: readonly Part[]): readonly Part[] {
  const { uploadId } = upload
  const byNumber = new Map(stored.map((part) => [part.number, part]))
  const chosen: Part[] = []
  for (const { number, etag, checksum } of listed) {
    if (number <= (chosen.at(-1)?.number ?? 0)) throw partsOutOfOrder({ part: number })
    const part = byNumber.get(number)
    const matches = part?.etag === etag && (checksum === undefined || part.checksum?.value === checksum)
    if (!part || !matches) throw invalidPart({ uploadId, part: number, etag })
    chosen.push(part)
  }
  const small = chosen.slice(0, -1).find((part) => part.bytes < smallestPart)
  if (small) {
    const { number, bytes, etag } = small
    throw partTooSmall({ part: number, bytes, etag, minimumBytes: smallestPart })
  }
  return chosen
}

async function* concatenate(store: ObjectStore, parts: readonly Part[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield* (await store.blobs.read(part.digest)) as AsyncIterable<Buffer>
}

/** The MD5 of the parts' MD5s, and how many they are. */
function multipartEtag(parts: readonly Part[]): string {
  const md5 = createHash('md5')
  for (const part of parts) md5.update(part.etag, 'hex')
  return `${md5.digest('hex')}-${parts.length}`
}

/** The checksum of the parts' checksums; only when every part has one. */
function compositeChecksum(upload: MultipartUpload, parts: readonly Part[]): ObjectChecksum | undefined {
  const algorithm = upload.checksum?.algorithm
  if (!algorithm || parts.some((part) => part.checksum?.algorithm !== algorithm)) return undefined
  const checksum = newChecksum(algorithm)
  for (const part of parts) checksum.update(Buffer.from(part.checksum!.value, 'base64'))
  return { algorithm, value: `${checksum.digest()}-${parts.length}`, type: 'COMPOSITE' }
}

function fromUploadRow(row: MultipartUploadTable): MultipartUpload {
  return {
    uploadId: row.upload_id,
    bucket: row.bucket,
    key: row.key,
    headers: JSON.parse(row.headers) as Record<string, string>,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    tags: JSON.parse(row.tags ?? '{}') as Record<string, string>,
    checksum: row.checksum === null ? undefined : (JSON.parse(row.checksum) as MultipartUpload['checksum']),
    initiatedAt: row.initiated_at,
  }
}

function fromPartRow(row: MultipartPartTable): Part {
  return {
    number: row.part_number,
    digest: row.digest,
    bytes: row.bytes,
    etag: row.etag,
    checksum: row.checksum === null ? undefined : (JSON.parse(row.checksum) as Part['checksum']),
    modifiedAt: row.modified_at,
  }
}
