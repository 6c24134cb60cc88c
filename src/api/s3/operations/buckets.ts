import { createBucket, deleteBucket, listBuckets, setVersioning } from '../../../objects/bucket.ts'
import { bucketTaken } from '../../../objects/errors.ts'
import { parseXml, textOf } from '../../xml/xml-reader.ts'
import { checkAcl, readNumber } from '../object-headers.ts'
import { emptyAnswer, isoTime, xmlAnswer, type S3Operation } from '../operation.ts'
import { canonicalId } from '../owner.ts'
import { malformedDocument, notImplemented, S3Fault } from '../s3-fault.ts'

const documentLimit = 64 * 1024
const pageSize = 10_000

export const bucketOperations: readonly S3Operation[] = [
  {
    name: 'ListBuckets',
    method: 'GET',
    level: 'service',
    action: 's3:ListAllMyBuckets',
    async handle(context) {
      const { query, caller } = context.request
      const limit = readNumber('max-buckets', query.get('max-buckets'), { min: 1, max: pageSize }) ?? pageSize
      const prefix = query.get('prefix') ?? undefined
      const found = await listBuckets(context.store.catalog.db, {
        accountId: caller.accountId,
        limit: limit + 1,
        prefix,
        region: query.get('bucket-region') ?? undefined,
        after: decodeToken(query.get('continuation-token')),
      })
      const buckets = found.slice(0, limit)
      return xmlAnswer(context, 'ListAllMyBucketsResult', {
        Owner: { ID: canonicalId(caller.accountId) },
        Buckets: {
          Bucket: buckets.map((bucket) => ({
            Name: bucket.name,
            CreationDate: isoTime(bucket.createdAt),
            BucketRegion: bucket.region,
          })),
        },
        ContinuationToken: found.length > limit ? encodeToken(buckets.at(-1)!.name) : undefined,
        Prefix: prefix,
      })
    },
  },
  {
    name: 'CreateBucket',
    method: 'PUT',
    level: 'name',
    action: 's3:CreateBucket',
    async handle(context) {
      const { request, name, store } = context
      checkAcl(request.headers)
      if (request.headers['x-amz-bucket-object-lock-enabled'] === 'true') throw notImplemented('object lock')
      const body = (await request.body(documentLimit)).toString()
      const region = chooseRegion(body.trim() === '' ? undefined : readLocation(body), request.caller.region)
      const bucket = { name, accountId: request.caller.accountId, region }
      try {
        await createBucket(store.catalog.db, store.clock, bucket)
      } catch (error) {
        // In us-east-1 making one's own bucket again succeeds; scripts count on it.
        if (!(bucketTaken.is(error) && error.details.own && bucket.region === 'us-east-1')) throw error
      }
      return emptyAnswer(context, 200, { location: `/${name}`, 'x-amz-bucket-arn': `arn:aws:s3:::${name}` })
    },
  },
  {
    name: 'HeadBucket',
    method: 'HEAD',
    level: 'bucket',
    action: 's3:ListBucket',
    async handle(context) {
      return emptyAnswer(context, 200, {
        'x-amz-bucket-region': context.bucket.region,
        'x-amz-access-point-alias': 'false',
        'content-type': 'application/xml',
      })
    },
  },
  {
    name: 'DeleteBucket',
    method: 'DELETE',
    level: 'bucket',
    action: 's3:DeleteBucket',
    async handle(context) {
      await context.store.catalog.freeing((db) => deleteBucket(db, context.bucket.name))
      return emptyAnswer(context, 204)
    },
  },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    level: 'bucket',
    subresource: 'location',
    action: 's3:GetBucketLocation',
    async handle(context) {
      const { region } = context.bucket
      return xmlAnswer(context, 'LocationConstraint', region === 'us-east-1' ? '' : region)
    },
  },
  {
    name: 'GetBucketVersioning',
    method: 'GET',
    level: 'bucket',
    subresource: 'versioning',
    action: 's3:GetBucketVersioning',
    async handle(context) {
      return xmlAnswer(context, 'VersioningConfiguration', { Status: context.bucket.versioning })
    },
  },
  {
    name: 'PutBucketVersioning',
    method: 'PUT',
    level: 'bucket',
    subresource: 'versioning',
    action: 's3:PutBucketVersioning',
    async handle(context) {
      const root = parseXml((await context.request.body(documentLimit)).toString())
      const status = textOf(root, 'Status')
      if (root.name !== 'VersioningConfiguration' || (status !== 'Enabled' && status !== 'Suspended')) {
        throw new S3Fault(400, 'IllegalVersioningConfigurationException', 'The Versioning element must be specified')
      }
      if (textOf(root, 'MfaDelete') === 'Enabled') throw notImplemented('MFA delete')
      await setVersioning(context.store.catalog.db, context.bucket.name, status)
      return emptyAnswer(context, 200)
    },
  },
]

/** Tokens are opaque to clients: they need not survive a change of ours. */
export function encodeToken(text: string): string {
  return Buffer.from(text).toString('base64url')
}

export function decodeToken(token: string | null): string | undefined {
  if (token === null || token === '') return undefined
  const text = Buffer.from(token, 'base64url').toString()
  if (encodeToken(text) !== token) {
    throw new S3Fault(400, 'InvalidArgument', 'The continuation token provided is incorrect')
  }
  return text
}

/**
 * The endpoint of us-east-1 makes buckets of any region, and takes its own only unsaid; all others make those of their own region, which has to be said.
 * Source: tests of a public suite that are marked as verified against AWS (moto, `test_s3.py`).
 */
function chooseRegion(said: string | undefined, endpoint: string): string {
  if (endpoint === 'us-east-1') {
    if (said === endpoint) throw invalidLocation(said)
    return said ?? endpoint
  }
  if (said === endpoint) return endpoint
  throw new S3Fault(
    400,
    'IllegalLocationConstraintException',
    `The ${said ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

function invalidLocation(location: string): S3Fault {
  return new S3Fault(400, 'InvalidLocationConstraint', 'The specified location-constraint is not valid', {
    LocationConstraint: location,
  })
}

function readLocation(body: string): string | undefined {
  const root = parseXml(body)
  if (root.name !== 'CreateBucketConfiguration') throw malformedDocument()
  const location = textOf(root, 'LocationConstraint')
  if (location === undefined || location === '') return undefined
  if (!/^[a-z0-9-]{1,32}$/.test(location)) {
    throw invalidLocation(location)
  }
  return location === 'EU' ? 'eu-west-1' : location
}
