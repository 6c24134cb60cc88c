/** Buckets: their names, owners, versioning and stored sub-resources. */
import type { Clock } from '../base/clock.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import { isDuplicate } from '../store/database.ts'
import type { BucketTable } from '../store/tables/objects.ts'
import { bucketNotEmpty, bucketNotFound, bucketTaken, invalidBucketName } from './errors.ts'

export interface Bucket {
  readonly name: string
  readonly accountId: string
  readonly region: string
  readonly createdAt: number
  /** `undefined`: never enabled. */
  readonly versioning: 'Enabled' | 'Suspended' | undefined
}

/** @see S3 user guide, "Bucket naming rules" */
export function parseBucketName(text: string): string {
  const shaped = /^[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]$/.test(text)
  const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)
  const isReserved = /^(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(text)
  if (!shaped || isAddress || isReserved || /\.\.|\.-|-\./.test(text)) throw invalidBucketName({ bucket: text })
  return text
}

/** @throws `invalidBucketName`, `bucketTaken` */
export async function createBucket(
  db: CatalogQueries,
  clock: Clock,
  bucket: { readonly name: string; readonly accountId: string; readonly region: string },
): Promise<void> {
  const name = parseBucketName(bucket.name)
  try {
    await db
      .insertInto('bucket')
      .values({
        name,
        account_id: bucket.accountId,
        region: bucket.region,
        created_at: clock.now(),
        versioning: null,
      })
      .execute()
  } catch (error) {
    if (!isDuplicate(error)) throw error
    const { accountId } = await requireBucket(db, name)
    throw bucketTaken({ bucket: name, own: accountId === bucket.accountId }, { cause: error })
  }
}

export async function findBucket(db: CatalogQueries, name: string): Promise<Bucket | undefined> {
  const row = await db.selectFrom('bucket').selectAll().where('name', '=', name).executeTakeFirst()
  return row && fromRow(row)
}

/** @throws `bucketNotFound` */
export async function requireBucket(db: CatalogQueries, name: string): Promise<Bucket> {
  const bucket = await findBucket(db, name)
  if (!bucket) throw bucketNotFound({ bucket: name })
  return bucket
}

/** The buckets of an account in the order of their names. */
export async function listBuckets(
  db: CatalogQueries,
  options: {
    readonly accountId: string
    readonly limit: number
    readonly prefix?: string | undefined
    readonly region?: string | undefined
    readonly after?: string | undefined
  },
): Promise<readonly Bucket[]> {
  let query = db
    .selectFrom('bucket')
    .selectAll()
    .where('account_id', '=', options.accountId)
    .orderBy('name')
    .limit(options.limit)
  const { prefix, region, after } = options
  if (prefix) query = query.where('name', '>=', prefix).where('name', '<', `${prefix}\u{10ffff}`)
  if (region !== undefined) query = query.where('region', '=', region)
  if (after !== undefined) query = query.where('name', '>', after)
  return (await query.execute()).map(fromRow)
}

/** Run it inside a transaction. @throws `bucketNotFound`, `bucketNotEmpty` */
export async function deleteBucket(db: CatalogQueries, name: string): Promise<void> {
  await requireBucket(db, name)
  const version = await db
    .selectFrom('object_version')
    .select('id')
    .where('bucket', '=', name)
    .limit(1)
    .executeTakeFirst()
  if (version) throw bucketNotEmpty({ bucket: name })
  // S3 lets unfinished uploads go with their bucket.
  await db.deleteFrom('multipart_upload').where('bucket', '=', name).execute()
  await db.deleteFrom('bucket').where('name', '=', name).execute()
}

export async function setVersioning(
  db: CatalogQueries,
  name: string,
  versioning: 'Enabled' | 'Suspended',
): Promise<void> {
  await db.updateTable('bucket').set({ versioning }).where('name', '=', name).execute()
}

/** The stored document of a sub-resource (`policy`, `cors` …), as the client sent it. */
export async function findBucketSetting(db: CatalogQueries, bucket: string, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('bucket_setting')
    .select('document')
    .where('bucket', '=', bucket)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.document
}

export async function putBucketSetting(
  db: CatalogQueries,
  bucket: string,
  name: string,
  document: string,
): Promise<void> {
  await db
    .insertInto('bucket_setting')
    .values({ bucket, name, document })
    .onConflict((conflict) => conflict.columns(['bucket', 'name']).doUpdateSet({ document }))
    .execute()
}

export async function deleteBucketSetting(db: CatalogQueries, bucket: string, name: string): Promise<void> {
  await db.deleteFrom('bucket_setting').where('bucket', '=', bucket).where('name', '=', name).execute()
}

function fromRow(row: BucketTable): Bucket {
  return {
    name: row.name,
    accountId: row.account_id,
    region: row.region,
    createdAt: row.created_at,
    versioning: row.versioning ?? undefined,
  }
}
