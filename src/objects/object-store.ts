/** Puts, copies and removes objects: the blob first, then the row that names it, in one transaction with the checks it depends on. */
import type { Readable } from 'node:stream'
import type { ChecksumAlgorithm } from '../aws/checksums.ts'
import type { Clock } from '../base/clock.ts'
import type { Blobs, StoredBlob } from '../store/blobs.ts'
import type { Catalog, CatalogQueries } from '../store/catalog.ts'
import { requireBucket } from './bucket.ts'
import { conditionFailed, digestMismatch, objectNotFound } from './errors.ts'
import {
  findVersion,
  insertVersion,
  isStored,
  removeVersion,
  requireObject,
  type ObjectChecksum,
  type ObjectDescription,
  type ObjectName,
  type StoredObject,
} from './object-version.ts'

/** What the client says the body is; checked before anything is stored. */
export interface BodyClaims {
  /** `Content-MD5`, base64. */
  readonly md5?: string | undefined
  /** `x-amz-checksum-…`: kept with the object; without a value it is computed only. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value?: string | undefined } | undefined
}

/** Conditions on what stands under the key now, as `If-Match` and `If-None-Match` of PutObject and DeleteObject. */
export interface WriteConditions {
  /** ETag without quotes, or `*`. */
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: '*' | undefined
}

export interface WrittenObject {
  readonly etag: string
  readonly bytes: number
  readonly checksum?: ObjectChecksum | undefined
  /** `null` where the bucket keeps no versions. */
  readonly versionId: string
  readonly modifiedAt: number
}

export class ObjectStore {
  readonly catalog: Catalog
  readonly blobs: Blobs
  readonly clock: Clock

  constructor(options: { readonly catalog: Catalog; readonly blobs: Blobs; readonly clock: Clock }) {
    this.catalog = options.catalog
    this.blobs = options.blobs
    this.clock = options.clock
  }

  /** @throws `bucketNotFound`, `digestMismatch`, `conditionFailed`, and what the body fails with; then nothing is stored. */
  async put(
    name: ObjectName,
    body: Readable | Uint8Array,
    description: ObjectDescription,
    options: BodyClaims & WriteConditions = {},
  ): Promise<WrittenObject> {
    const stored = await this.putBody(body, options)
    const checksum: ObjectChecksum | undefined = stored.checksum && { ...stored.checksum, type: 'FULL_OBJECT' }
    return this.catalog.transaction((db) => this.insert(db, name, { ...description, ...stored, checksum }, options))
  }

  /** Stores a body of an object or of a part. @throws `digestMismatch` */
  async putBody(
    body: Readable | Uint8Array,
    claims: BodyClaims,
  ): Promise<{
    readonly digest: string
    readonly bytes: number
    readonly etag: string
    readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
  }> {
    const algorithm = claims.checksum?.algorithm
    const { digest, bytes, digests } = await this.blobs.put(body, {
      also: algorithm ? ['md5', algorithm] : ['md5'],
      check: (stored) => checkClaims(stored, claims),
    })
    const checksum = algorithm && { algorithm, value: toBase64(digests[algorithm]!) }
    return { digest, bytes, etag: digests.md5!, checksum }
  }

  /** Commits the row of a blob that is stored. Run it inside a transaction. */
  async insert(
    db: CatalogQueries,
    name: ObjectName,
    content: Parameters<typeof insertVersion>[4] & object,
    conditions: WriteConditions,
  ): Promise<WrittenObject> {
    const bucket = await requireBucket(db, name.bucket)
    await checkConditions(db, name, conditions)
    const modifiedAt = this.clock.now()
    const versionId = await insertVersion(db, bucket, name.key, modifiedAt, content)
    return { etag: content.etag, bytes: content.bytes, checksum: content.checksum, versionId, modifiedAt }
  }

  /**
   * Copies by naming the same blob again; no byte is moved.
   *
   * @param describe gives the copy's description from the source's, and may refuse the source by throwing
   */
  async copy(
    source: ObjectName & { readonly versionId?: string | undefined },
    target: ObjectName,
    describe: (source: StoredObject) => ObjectDescription,
    conditions: WriteConditions = {},
  ): Promise<WrittenObject & { readonly source: StoredObject }> {
    return this.catalog.transaction(async (db) => {
      const found = await requireObject(db, source, source.versionId)
      // A copy is one object: its ETag is the MD5 again only where the source's was.
      const { digest, bytes, etag, checksum } = found
      const written = await this.insert(db, target, { digest, bytes, etag, checksum, ...describe(found) }, conditions)
      return { ...written, source: found }
    })
  }

  /**
   * Removes an object as S3 does: for good without versioning or when a version is named, else behind a delete marker.
   * Removing what is not there succeeds.
   */
  async remove(
    name: ObjectName,
    versionId: string | undefined,
    conditions: WriteConditions = {},
  ): Promise<{ readonly versionId?: string | undefined; readonly deleteMarker: boolean }> {
    return this.catalog.freeing(async (db) => {
      const bucket = await requireBucket(db, name.bucket)
      await checkConditions(db, name, conditions)
      if (versionId !== undefined) {
        const removed = await removeVersion(db, name, versionId)
        return { versionId, deleteMarker: removed !== undefined && !isStored(removed) }
      }
      if (bucket.versioning === undefined) {
        await removeVersion(db, name, 'null')
        return { deleteMarker: false }
      }
      const marker = await insertVersion(db, bucket, name.key, this.clock.now(), 'delete marker')
      return { versionId: marker, deleteMarker: true }
    })
  }
}

/** Hexadecimal to base64, as S3 writes checksums. */
export function toBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

function checkClaims(stored: StoredBlob, claims: BodyClaims): void {
  const md5 = toBase64(stored.digests.md5!)
  if (claims.md5 !== undefined && claims.md5 !== md5) {
    throw digestMismatch({ what: 'Content-MD5', expected: claims.md5, found: md5 })
  }
  const { algorithm, value } = claims.checksum ?? {}
  if (!algorithm || value === undefined) return
  const computed = toBase64(stored.digests[algorithm]!)
  if (value !== computed) throw digestMismatch({ what: algorithm.toUpperCase(), expected: value, found: computed })
}

async function checkConditions(db: CatalogQueries, name: ObjectName, conditions: WriteConditions): Promise<void> {
  const { ifMatch, ifNoneMatch } = conditions
  if (ifMatch === undefined && ifNoneMatch === undefined) return
  const current = await findVersion(db, name)
  const etag = current && isStored(current) ? current.etag : undefined
  if (ifNoneMatch !== undefined && etag !== undefined) throw conditionFailed({ condition: 'If-None-Match' })
  if (ifMatch === undefined) return
  if (etag === undefined) throw objectNotFound(name)
  if (ifMatch !== '*' && ifMatch !== etag) throw conditionFailed({ condition: 'If-Match' })
}
