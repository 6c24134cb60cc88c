import { listObjects, listVersions } from '../../../objects/object-listing.ts'
import { isStored, type StoredObject } from '../../../objects/object-version.ts'
import { quote, readNumber } from '../object-headers.ts'
import { isoTime, xmlAnswer, type BucketContext, type S3Operation } from '../operation.ts'
import { canonicalId } from '../owner.ts'
import { invalidArgument } from '../s3-fault.ts'
import { decodeToken, encodeToken } from './buckets.ts'

const pageSize = 1000

export const listingOperations: readonly S3Operation[] = [
  {
    name: 'ListObjectsV2',
    method: 'GET',
    level: 'bucket',
    subresource: 'list-type',
    action: 's3:ListBucket',
    async handle(context) {
      const { query } = context.request
      if (query.get('list-type') !== '2') {
        throw invalidArgument('list-type', query.get('list-type') ?? '', 'Invalid List Type specified in Request')
      }
      const { prefix, delimiter, limit, encoded, encodingType } = readListing(context)
      const token = query.get('continuation-token')
      const startAfter = query.get('start-after')
      const after = decodeToken(token) ?? (startAfter === null || startAfter === '' ? undefined : startAfter)
      const page = await listObjects(context.store.catalog.db, context.bucket.name, { prefix, delimiter, limit, after })
      const owner = query.get('fetch-owner') === 'true' ? { ID: canonicalId(context.bucket.accountId) } : undefined
      return xmlAnswer(context, 'ListBucketResult', {
        Name: context.bucket.name,
        Prefix: encoded(prefix),
        Delimiter: delimiter === '' ? undefined : encoded(delimiter),
        MaxKeys: limit,
        EncodingType: encodingType,
        KeyCount: page.objects.length + page.commonPrefixes.length,
        IsTruncated: page.next !== undefined,
        ContinuationToken: token ?? undefined,
        NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
        StartAfter: startAfter === null ? undefined : encoded(startAfter),
        Contents: page.objects.map((object) => ({ ...contents(object, encoded), Owner: owner })),
        CommonPrefixes: page.commonPrefixes.map((one) => ({ Prefix: encoded(one) })),
      })
    },
  },
  {
    name: 'ListObjects',
    method: 'GET',
    level: 'bucket',
    action: 's3:ListBucket',
    async handle(context) {
      const { prefix, delimiter, limit, encoded, encodingType } = readListing(context)
      const marker = context.request.query.get('marker') ?? ''
      const page = await listObjects(context.store.catalog.db, context.bucket.name, {
        prefix,
        delimiter,
        limit,
        after: marker === '' ? undefined : marker,
      })
      const owner = { ID: canonicalId(context.bucket.accountId) }
      return xmlAnswer(context, 'ListBucketResult', {
        Name: context.bucket.name,
        Prefix: encoded(prefix),
        Marker: encoded(marker),
        Delimiter: delimiter === '' ? undefined : encoded(delimiter),
        MaxKeys: limit,
        EncodingType: encodingType,
        IsTruncated: page.next !== undefined,
        // Without a delimiter clients go on from the last key.
        NextMarker: page.next === undefined || delimiter === '' ? undefined : encoded(page.next),
        Contents: page.objects.map((object) => ({ ...contents(object, encoded), Owner: owner })),
        CommonPrefixes: page.commonPrefixes.map((one) => ({ Prefix: encoded(one) })),
      })
    },
  },
  {
    name: 'ListObjectVersions',
    method: 'GET',
    level: 'bucket',
    subresource: 'versions',
    action: 's3:ListBucketVersions',
    async handle(context) {
      const { prefix, delimiter, limit, encoded, encodingType } = readListing(context)
      const { query } = context.request
      const keyMarker = query.get('key-marker') ?? ''
      const versionMarker = query.get('version-id-marker') ?? ''
      const page = await listVersions(context.store.catalog.db, context.bucket.name, {
        prefix,
        delimiter,
        limit,
        after: keyMarker === '' ? undefined : keyMarker,
        afterVersion: versionMarker === '' ? undefined : versionMarker,
      })
      const owner = { ID: canonicalId(context.bucket.accountId) }
      return xmlAnswer(context, 'ListVersionsResult', {
        Name: context.bucket.name,
        Prefix: encoded(prefix),
        KeyMarker: encoded(keyMarker),
        VersionIdMarker: versionMarker,
        NextKeyMarker: page.next === undefined ? undefined : encoded(page.next.key),
        NextVersionIdMarker: page.next?.versionId,
        Delimiter: delimiter === '' ? undefined : encoded(delimiter),
        MaxKeys: limit,
        EncodingType: encodingType,
        IsTruncated: page.next !== undefined,
        Version: page.versions.filter(isStored).map((version) => ({
          ...contents(version, encoded),
          VersionId: version.versionId,
          IsLatest: version.isLatest,
          Owner: owner,
        })),
        DeleteMarker: page.versions
          .filter((version) => !isStored(version))
          .map((version) => ({
            Key: encoded(version.key),
            VersionId: version.versionId,
            IsLatest: version.isLatest,
            LastModified: isoTime(version.modifiedAt),
            Owner: owner,
          })),
        CommonPrefixes: page.commonPrefixes.map((one) => ({ Prefix: encoded(one) })),
      })
    },
  },
]

export function readListing(context: BucketContext): {
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
  readonly encodingType: 'url' | undefined
  readonly encoded: (text: string) => string
} {
  const { query } = context.request
  const encodingType = query.get('encoding-type')
  if (encodingType !== null && encodingType !== 'url') {
    throw invalidArgument('encoding-type', encodingType, 'Invalid Encoding Method specified in Request')
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: readNumber('max-keys', query.get('max-keys'), { min: 0, max: pageSize }) ?? pageSize,
    encodingType: encodingType ?? undefined,
    encoded: encodingType === 'url' ? encodeKey : (text) => text,
  }
}

/** As S3 encodes keys in lists: slashes stay, a space becomes a plus sign. */
function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function contents(object: StoredObject, encoded: (text: string) => string) {
  return {
    Key: encoded(object.key),
    LastModified: isoTime(object.modifiedAt),
    ETag: quote(object.etag),
    ChecksumAlgorithm: object.checksum?.algorithm.toUpperCase(),
    ChecksumType: object.checksum?.type,
    Size: object.bytes,
    StorageClass: object.headers['x-amz-storage-class'] ?? 'STANDARD',
  }
}
