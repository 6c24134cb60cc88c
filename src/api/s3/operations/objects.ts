import { isStored, requireVersion, setTags, type StoredObject } from '../../../objects/object-version.ts'
import { childrenNamed, parseXml, textOf } from '../../xml/xml-reader.ts'
import type { ApiResponse } from '../../http/message.ts'
import {
  checkAcl,
  objectHeaders,
  readBodyClaims,
  readChecksumAlgorithm,
  readNumber,
  readWriteConditions,
  single,
  unquote,
  writtenHeaders,
} from '../object-headers.ts'
import { describeObject } from '../encryption.ts'
import { emptyAnswer, xmlAnswer, type ObjectContext, type S3Operation } from '../operation.ts'
import { invalidArgument, malformedDocument, notImplemented, responseHeaders, S3Fault } from '../s3-fault.ts'
import { readObjectTagging } from '../tags.ts'
import { ownerHasAll } from './bucket-settings.ts'

const mebibyte = 1024 * 1024
/** Largest body of PutObject and UploadPart, in bytes. Source: S3 user guide, "Uploading objects". */
export const largestPut = 5 * 1024 * mebibyte
const documentLimit = 2 * mebibyte

export const objectOperations: readonly S3Operation[] = [
  {
    name: 'PutObject',
    method: 'PUT',
    level: 'object',
    action: 's3:PutObject',
    async handle(context) {
      const { request, store, bucket, key } = context
      checkLength(context)
      const description = await describeObject(context)
      const claims = readBodyClaims(request.headers)
      const conditions = readWriteConditions(request.headers)
      const algorithm = claims.checksum ? undefined : readChecksumAlgorithm(request.headers)
      const written = await store.put({ bucket: bucket.name, key }, request.stream(), description, {
        ...claims,
        ...conditions,
        ...(algorithm && { checksum: { algorithm } }),
      })
      return emptyAnswer(context, 200, writtenHeaders(written, description))
    },
  },
  {
    name: 'GetObject',
    method: 'GET',
    level: 'object',
    action: 's3:GetObject',
    handle: (context) => readObject(context, true),
  },
  {
    name: 'HeadObject',
    method: 'HEAD',
    level: 'object',
    action: 's3:GetObject',
    handle: (context) => readObject(context, false),
  },
  {
    name: 'DeleteObject',
    method: 'DELETE',
    level: 'object',
    action: 's3:DeleteObject',
    async handle(context) {
      const { request, store, bucket, key } = context
      const name = { bucket: bucket.name, key }
      const removed = await store.remove(name, versionIdOf(context), readWriteConditions(request.headers))
      return emptyAnswer(context, 204, {
        ...(removed.versionId !== undefined && { 'x-amz-version-id': removed.versionId }),
        ...(removed.deleteMarker && { 'x-amz-delete-marker': 'true' }),
      })
    },
  },
  {
    name: 'DeleteObjects',
    method: 'POST',
    level: 'bucket',
    subresource: 'delete',
    action: 's3:DeleteObject',
    async handle(context) {
      const { request, store, bucket } = context
      const root = parseXml((await request.body(documentLimit)).toString())
      const objects = childrenNamed(root, 'Object')
      if (root.name !== 'Delete' || objects.length === 0 || objects.length > 1000) throw malformedDocument()
      const quiet = textOf(root, 'Quiet') === 'true'
      const deleted: { Key: string; VersionId?: string; DeleteMarker?: boolean; DeleteMarkerVersionId?: string }[] = []
      const errors: { Key: string; Code: string; Message: string }[] = []
      for (const object of objects) {
        const key = textOf(object, 'Key')
        if (key === undefined || key === '') throw malformedDocument()
        const versionId = textOf(object, 'VersionId') || undefined
        const grant = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
        if (!(await context.mayCall(grant, `arn:aws:s3:::${bucket.name}/${key}`))) {
          errors.push({ Key: key, Code: 'AccessDenied', Message: 'Access Denied' })
          continue
        }
        const removed = await store.remove({ bucket: bucket.name, key }, versionId)
        deleted.push({
          Key: key,
          ...(versionId !== undefined && { VersionId: versionId }),
          ...(removed.deleteMarker && { DeleteMarker: true, DeleteMarkerVersionId: removed.versionId! }),
        })
      }
      return xmlAnswer(context, 'DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors })
    },
  },
  {
    name: 'GetObjectTagging',
    method: 'GET',
    level: 'object',
    subresource: 'tagging',
    action: 's3:GetObjectTagging',
    async handle(context) {
      const object = await objectOf(context)
      return xmlAnswer(
        context,
        'Tagging',
        { TagSet: { Tag: Object.entries(object.tags).map(([Key, Value]) => ({ Key, Value })) } },
        versionHeader(object),
      )
    },
  },
  {
    name: 'PutObjectTagging',
    method: 'PUT',
    level: 'object',
    subresource: 'tagging',
    action: 's3:PutObjectTagging',
    async handle(context) {
      const object = await objectOf(context)
      const tags = readObjectTagging(parseXml((await context.request.body(documentLimit)).toString()))
      await setTags(context.store.catalog.db, object, tags)
      return emptyAnswer(context, 200, versionHeader(object))
    },
  },
  {
    name: 'DeleteObjectTagging',
    method: 'DELETE',
    level: 'object',
    subresource: 'tagging',
    action: 's3:DeleteObjectTagging',
    async handle(context) {
      const object = await objectOf(context)
      await setTags(context.store.catalog.db, object, {})
      return emptyAnswer(context, 204, versionHeader(object))
    },
  },
  {
    name: 'GetObjectAcl',
    method: 'GET',
    level: 'object',
    subresource: 'acl',
    action: 's3:GetObjectAcl',
    async handle(context) {
      await objectOf(context)
      return ownerHasAll(context)
    },
  },
  {
    name: 'PutObjectAcl',
    method: 'PUT',
    level: 'object',
    subresource: 'acl',
    action: 's3:PutObjectAcl',
    async handle(context) {
      await objectOf(context)
      checkAcl(context.request.headers)
      if (context.request.headers['x-amz-acl'] === undefined) {
        throw new S3Fault(400, 'AccessControlListNotSupported', 'The bucket does not allow ACLs')
      }
      return emptyAnswer(context, 200)
    },
  },
]

/** A body needs a length, and one that S3 takes in one piece. */
export function checkLength(context: ObjectContext): void {
  const { headers } = context.request
  const decoded = single(headers['x-amz-decoded-content-length'])
  const length = decoded ?? headers['content-length']
  const isAwsChunked = single(headers['x-amz-content-sha256'])?.startsWith('STREAMING-') ?? false
  if (headers['transfer-encoding'] !== undefined && !isAwsChunked) throw notImplemented('Transfer-Encoding')
  if (length === undefined && !isAwsChunked) {
    throw new S3Fault(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
  }
  if (Number(length) > largestPut) {
    throw new S3Fault(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: Number(length),
      MaxSizeAllowed: largestPut,
    })
  }
}

export function versionIdOf(context: ObjectContext): string | undefined {
  const versionId = context.request.query.get('versionId')
  if (versionId === '') throw invalidArgument('versionId', '', 'Version id cannot be the empty string')
  // It comes back in a header.
  if (versionId !== null && !/^[!-~]{1,1024}$/.test(versionId))
    throw invalidArgument('versionId', versionId, 'Invalid version id specified')
  return versionId ?? undefined
}

function objectOf(context: ObjectContext): Promise<StoredObject> {
  return requireReadable(context, { bucket: context.bucket.name, key: context.key })
}

function versionHeader(object: StoredObject): Record<string, string> {
  return object.versionId === 'null' ? {} : { 'x-amz-version-id': object.versionId }
}

async function readObject(context: ObjectContext, withBody: boolean): Promise<ApiResponse> {
  const { request, store, bucket, key } = context
  const object = await requireReadable(context, { bucket: bucket.name, key })
  const { headers, query } = request
  checkReadConditions(headers, object)
  const part = readNumber('partNumber', query.get('partNumber'), { min: 1, max: 10_000 })
  const range = part === undefined ? parseRange(single(headers['range']), object) : rangeOfPart(part, object)
  const { from, length } = range ?? { from: 0, length: object.bytes }
  const withChecksum = single(headers['x-amz-checksum-mode'])?.toUpperCase() === 'ENABLED' && !range
  const answer: Record<string, string | number> = {
    ...objectHeaders(object, withChecksum),
    ...overrides(query),
    ...(part !== undefined && object.parts && { 'x-amz-mp-parts-count': object.parts.length }),
    ...(range && { 'content-range': `bytes ${from}-${from + length - 1}/${object.bytes}` }),
    'content-length': length,
    ...responseHeaders(request.id),
  }
  const status = range ? 206 : 200
  if (!withBody) return { status, headers: answer }
  return { status, headers: answer, body: await store.blobs.read(object.digest, from, length) }
}

async function requireReadable(
  context: ObjectContext,
  name: { readonly bucket: string; readonly key: string },
): Promise<StoredObject> {
  const versionId = versionIdOf(context)
  const found = await requireVersion(context.store.catalog.db, name, versionId)
  if (isStored(found)) return found
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.versionId }
  if (versionId === undefined) {
    throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.', { Key: name.key }, headers)
  }
  throw new S3Fault(
    405,
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { Method: context.request.method, ResourceType: 'DeleteMarker' },
    { ...headers, allow: 'DELETE' },
  )
}

/** `If-Match` and its siblings, in the order of RFC 9110 section 13.2.2. */
function checkReadConditions(headers: ObjectContext['request']['headers'], object: StoredObject): void {
  checkConditions(object, {
    match: single(headers['if-match']),
    noneMatch: single(headers['if-none-match']),
    modifiedSince: single(headers['if-modified-since']),
    unmodifiedSince: single(headers['if-unmodified-since']),
  })
}

export function checkConditions(
  object: StoredObject,
  conditions: {
    readonly match: string | undefined
    readonly noneMatch: string | undefined
    readonly modifiedSince: string | undefined
    readonly unmodifiedSince: string | undefined
  },
): void {
  const { match, noneMatch, modifiedSince, unmodifiedSince } = conditions
  const lists = (text: string): boolean =>
    text.split(',').some((one) => one.trim() === '*' || unquote(one.trim()) === object.etag)
  // `Last-Modified` has whole seconds, so that is what is compared.
  const modified = Math.floor(object.modifiedAt / 1000) * 1000
  if (match !== undefined && !lists(match)) throw failed('If-Match')
  if (match === undefined && unmodifiedSince !== undefined && modified > Date.parse(unmodifiedSince)) {
    throw failed('If-Unmodified-Since')
  }
  const isSame =
    noneMatch !== undefined ? lists(noneMatch) : modifiedSince !== undefined && modified <= Date.parse(modifiedSince)
  if (isSame) {
    throw new S3Fault(304, 'NotModified', 'Not Modified', {}, objectHeaders(object, false))
  }
}

function failed(condition: string): S3Fault {
  return new S3Fault(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  })
}

/** One range; several, or one that cannot be read, give the whole object, as S3 does. */
export function parseRange(
  header: string | undefined,
  object: Pick<StoredObject, 'bytes'>,
): { readonly from: number; readonly length: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const { bytes } = object
  const from = match[1] === '' ? Math.max(0, bytes - Number(match[2])) : Number(match[1])
  const last = match[1] === '' || match[2] === '' ? bytes - 1 : Math.min(Number(match[2]), bytes - 1)
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < from) return undefined
  if (from >= bytes || (match[1] === '' && Number(match[2]) === 0)) {
    throw new S3Fault(
      416,
      'InvalidRange',
      'The requested range is not satisfiable',
      { RangeRequested: header, ActualObjectSize: bytes },
      { 'content-range': `bytes */${bytes}` },
    )
  }
  return { from, length: last - from + 1 }
}

function rangeOfPart(part: number, object: StoredObject): { from: number; length: number } | undefined {
  const sizes = object.parts ?? [object.bytes]
  if (part > sizes.length) {
    throw new S3Fault(416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      PartNumberRequested: part,
      ActualPartCount: sizes.length,
    })
  }
  if (object.bytes === 0) return undefined
  return { from: sizes.slice(0, part - 1).reduce((sum, bytes) => sum + bytes, 0), length: sizes[part - 1]! }
}

/** `response-content-type` and its siblings, for links that are handed out. */
function overrides(query: URLSearchParams): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of [
    'content-type',
    'content-language',
    'expires',
    'cache-control',
    'content-disposition',
    'content-encoding',
  ]) {
    const value = query.get(`response-${name}`)
    // oxlint-disable-next-line no-control-regex
    if (value !== null && !/[\u0000-\u001f\u007f\u0100-\uffff]/.test(value)) headers[name] = value
  }
  return headers
}
