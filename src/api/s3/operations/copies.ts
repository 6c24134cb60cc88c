import type { ObjectDescription, StoredObject } from '../../../objects/object-version.ts'
import { requireObject } from '../../../objects/object-version.ts'
import { putPart, requireUpload } from '../../../objects/multipart.ts'
import { findBucket } from '../../../objects/bucket.ts'
import { bucketNotFound } from '../../../objects/errors.ts'
import {
  checksumElement,
  quote,
  encryptionHeader,
  encryptionHeaders,
  encryptionKeyHeader,
  readWriteConditions,
  single,
  writtenHeaders,
} from '../object-headers.ts'
import { describeObject } from '../encryption.ts'
import { isoTime, xmlAnswer, type ObjectContext, type S3Operation } from '../operation.ts'
import { accessDenied, invalidArgument, S3Fault } from '../s3-fault.ts'
import { checkConditions } from './objects.ts'
import { readPartNumber } from './uploads.ts'

export const copyOperations: readonly S3Operation[] = [
  {
    name: 'CopyObject',
    method: 'PUT',
    level: 'object',
    needs: { header: 'x-amz-copy-source' },
    action: 's3:PutObject',
    async handle(context) {
      const { request, store, bucket, key } = context
      const source = await readSource(context)
      const directive = readDirective(context, 'x-amz-metadata-directive')
      const tagging = readDirective(context, 'x-amz-tagging-directive')
      const given = await describeObject(context)
      const isSame = source.bucket === bucket.name && source.key === key && source.versionId === undefined
      const changesNothing =
        directive === 'COPY' &&
        request.headers['x-amz-storage-class'] === undefined &&
        request.headers['x-amz-server-side-encryption'] === undefined
      const describe = (found: StoredObject): ObjectDescription => {
        checkSourceConditions(context, found)
        if (isSame && changesNothing) throw unchanged()
        const chosen = directive === 'REPLACE' ? given : { ...found, headers: withStorageClass(found, given) }
        return {
          headers: { ...withoutEncryption(chosen.headers), ...encryptionHeaders(given) },
          metadata: chosen.metadata,
          tags: tagging === 'REPLACE' ? given.tags : found.tags,
        }
      }
      const copied = await store.copy(
        source,
        { bucket: bucket.name, key },
        describe,
        readWriteConditions(request.headers),
      )
      const { etag: _, ...headers } = writtenHeaders(copied, given)
      return xmlAnswer(
        context,
        'CopyObjectResult',
        { LastModified: isoTime(copied.modifiedAt), ETag: quote(copied.etag), ...checksumFields(copied.checksum) },
        { ...headers, ...sourceHeader(copied.source) },
      )
    },
  },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    level: 'object',
    subresource: 'partNumber',
    needs: { query: 'uploadId', header: 'x-amz-copy-source' },
    action: 's3:PutObject',
    async handle(context) {
      const { request, store, bucket, key } = context
      const number = readPartNumber(context)
      const { db } = store.catalog
      const upload = await requireUpload(db, { bucket: bucket.name, key }, request.query.get('uploadId')!)
      const name = await readSource(context)
      const source = await requireObject(db, name, name.versionId)
      checkSourceConditions(context, source)
      const { from, length } = readSourceRange(context, source)
      const body = await store.blobs.read(source.digest, from, length)
      try {
        const checksum = upload.checksum && { algorithm: upload.checksum.algorithm }
        const part = await putPart(store, upload, number, body, { checksum })
        return xmlAnswer(
          context,
          'CopyPartResult',
          { LastModified: isoTime(part.modifiedAt), ETag: quote(part.etag), ...checksumFields(part.checksum) },
          sourceHeader(source),
        )
      } finally {
        body.destroy()
      }
    },
  },
]

const unchanged = (): S3Fault =>
  new S3Fault(
    400,
    'InvalidRequest',
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  )

/** `/bucket/key?versionId=…`, percent-encoded, with or without the first slash. */
async function readSource(
  context: ObjectContext,
): Promise<{ readonly bucket: string; readonly key: string; readonly versionId: string | undefined }> {
  const header = single(context.request.headers['x-amz-copy-source'])!
  const invalid = invalidArgument(
    'x-amz-copy-source',
    header,
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
  )
  const match = /^\/?([^/?]+)\/(.+?)(?:\?versionId=([^&?]+))?$/s.exec(header)
  if (!match) throw invalid
  let source: { bucket: string; key: string; versionId: string | undefined }
  try {
    source = { bucket: decodeURIComponent(match[1]!), key: decodeURIComponent(match[2]!), versionId: match[3] }
  } catch {
    throw invalid
  }
  const bucket = await findBucket(context.store.catalog.db, source.bucket)
  if (!bucket) throw bucketNotFound({ bucket: source.bucket })
  const grant = source.versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  const granted = await context.mayCall(grant, `arn:aws:s3:::${source.bucket}/${source.key}`)
  if (bucket.accountId !== context.request.caller.accountId || !granted) throw accessDenied()
  return source
}

function readDirective(context: ObjectContext, name: string): 'COPY' | 'REPLACE' {
  const value = single(context.request.headers[name]) ?? 'COPY'
  if (value !== 'COPY' && value !== 'REPLACE') throw invalidArgument(name, value, `Unknown directive.`)
  return value
}

function checkSourceConditions(context: ObjectContext, source: StoredObject): void {
  const { headers } = context.request
  try {
    checkConditions(source, {
      match: single(headers['x-amz-copy-source-if-match']),
      noneMatch: single(headers['x-amz-copy-source-if-none-match']),
      modifiedSince: single(headers['x-amz-copy-source-if-modified-since']),
      unmodifiedSince: single(headers['x-amz-copy-source-if-unmodified-since']),
    })
  } catch (error) {
    if (!(error instanceof S3Fault)) throw error
    // There is no "not modified" for a copy.
    const unmodified = headers['x-amz-copy-source-if-none-match'] === undefined ? 'If-Modified-Since' : 'If-None-Match'
    const condition = error.status === 304 ? unmodified : String(error.fields['Condition'])
    throw new S3Fault(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      Condition: `x-amz-copy-source-${condition}`,
    })
  }
}

function readSourceRange(context: ObjectContext, source: StoredObject): { from: number; length: number } {
  const header = single(context.request.headers['x-amz-copy-source-range'])
  if (header === undefined) return { from: 0, length: source.bytes }
  const match = /^bytes=(\d+)-(\d+)$/.exec(header)
  if (!match || Number(match[2]) < Number(match[1]) || Number(match[2]) >= source.bytes) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      header,
      `Range specified is not valid for source object of size: ${source.bytes}`,
    )
  }
  return { from: Number(match[1]), length: Number(match[2]) - Number(match[1]) + 1 }
}

/** The copy is encrypted as the request or its own bucket says, whatever its source was. */
function withoutEncryption(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names: readonly string[] = [encryptionHeader, encryptionKeyHeader]
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}

function withStorageClass(found: StoredObject, given: ObjectDescription): Readonly<Record<string, string>> {
  const { 'x-amz-storage-class': _, ...headers } = found.headers
  const chosen = given.headers['x-amz-storage-class']
  return chosen === undefined ? headers : { ...headers, 'x-amz-storage-class': chosen }
}

function checksumFields(
  checksum: { readonly algorithm: Parameters<typeof checksumElement>[0]; readonly value: string } | undefined,
): Record<string, string> {
  return checksum ? { [checksumElement(checksum.algorithm)]: checksum.value } : {}
}

function sourceHeader(source: StoredObject): Record<string, string> {
  return source.versionId === 'null' ? {} : { 'x-amz-copy-source-version-id': source.versionId }
}
