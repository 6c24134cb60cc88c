import {
  abortUpload,
  completeUpload,
  createUpload,
  largestPartNumber,
  listParts,
  listUploads,
  putPart,
  requireUpload,
  type ListedPart,
  type MultipartUpload,
} from '../../../objects/multipart.ts'
import { sha256 } from '../../../base/digest.ts'
import { checksumAlgorithms, type ChecksumAlgorithm } from '../../../aws/checksums.ts'
import { childrenNamed, parseXml, textOf, type XmlNode } from '../../xml/xml-reader.ts'
import {
  checksumElement,
  checksumHeaders,
  encryptionHeaders,
  quote,
  readBodyClaims,
  readChecksumAlgorithm,
  readNumber,
  readWriteConditions,
  single,
  unquote,
  writtenHeaders,
} from '../object-headers.ts'
import { describeObject } from '../encryption.ts'
import { emptyAnswer, isoTime, xmlAnswer, type ObjectContext, type S3Operation } from '../operation.ts'
import { canonicalId } from '../owner.ts'
import type { XmlFields } from '../../xml/xml-writer.ts'
import { invalidArgument, malformedDocument, S3Fault } from '../s3-fault.ts'
import { readListing } from './listing.ts'
import { checkLength } from './objects.ts'

const documentLimit = 4 * 1024 * 1024

/**
 * What was answered to uploads that were completed, for clients that have not heard it and ask again: that succeeds, whatever the conditions. Not kept
 * over a restart. Source: a test of a public suite that is marked as verified against AWS (moto, `test_s3_multipart.py`).
 */
const completed = new Map<string, readonly [XmlFields, Readonly<Record<string, string>>]>()
const completedLimit = 1000

export const uploadOperations: readonly S3Operation[] = [
  {
    name: 'CreateMultipartUpload',
    method: 'POST',
    level: 'object',
    subresource: 'uploads',
    action: 's3:PutObject',
    async handle(context) {
      const { store, bucket, key } = context
      const description = await describeObject(context)
      const checksum = readUploadChecksum(context)
      const upload = await createUpload(store, { bucket: bucket.name, key }, description, checksum)
      return xmlAnswer(
        context,
        'InitiateMultipartUploadResult',
        { Bucket: bucket.name, Key: key, UploadId: upload.uploadId },
        {
          ...encryptionHeaders(description),
          ...(checksum && {
            'x-amz-checksum-algorithm': checksum.algorithm.toUpperCase(),
            'x-amz-checksum-type': checksum.type,
          }),
        },
      )
    },
  },
  {
    name: 'UploadPart',
    method: 'PUT',
    level: 'object',
    subresource: 'partNumber',
    needs: { query: 'uploadId' },
    action: 's3:PutObject',
    async handle(context) {
      const { request, store } = context
      const number = readPartNumber(context)
      checkLength(context)
      const claims = readBodyClaims(request.headers)
      const upload = await uploadOf(context)
      const algorithm = claims.checksum?.algorithm ?? upload.checksum?.algorithm
      const part = await putPart(store, upload, number, request.stream(), {
        ...claims,
        ...(algorithm && { checksum: { algorithm, value: claims.checksum?.value } }),
      })
      return emptyAnswer(context, 200, {
        etag: quote(part.etag),
        ...encryptionHeaders(upload),
        ...(part.checksum && { [`x-amz-checksum-${part.checksum.algorithm}`]: part.checksum.value }),
      })
    },
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    level: 'object',
    subresource: 'uploadId',
    action: 's3:PutObject',
    async handle(context) {
      const { request, store, bucket, key } = context
      const document = (await request.body(documentLimit)).toString()
      const asked = sha256(JSON.stringify([bucket.name, key, request.query.get('uploadId'), document]))
      const said = completed.get(asked)
      if (said) return xmlAnswer(context, 'CompleteMultipartUploadResult', ...said)
      const upload = await uploadOf(context)
      const root = parseXml(document)
      const nodes = childrenNamed(root, 'Part')
      if (root.name !== 'CompleteMultipartUpload' || nodes.length === 0 || nodes.length > largestPartNumber) {
        throw malformedDocument()
      }
      const checksum = upload.checksum && single(request.headers[`x-amz-checksum-${upload.checksum.algorithm}`])
      const size = single(request.headers['x-amz-mp-object-size'])
      const written = await completeUpload(
        store,
        upload,
        nodes.map((node) => readListedPart(node, upload)),
        {
          ...readWriteConditions(request.headers),
          checksum,
          bytes: size === undefined ? undefined : Number(size),
        },
      )
      const { etag: _, ...headers } = writtenHeaders(written, upload)
      for (const name of Object.keys(checksumHeaders(written.checksum))) delete headers[name]
      const answer = [
        {
          Location: `${request.origin}/${bucket.name}/${encodeURIComponent(key).replaceAll('%2F', '/')}`,
          Bucket: bucket.name,
          Key: key,
          ETag: quote(written.etag),
          ...(written.checksum && {
            [checksumElement(written.checksum.algorithm)]: written.checksum.value,
            ChecksumType: written.checksum.type,
          }),
        },
        headers,
      ] as const
      completed.set(asked, answer)
      if (completed.size > completedLimit) completed.delete(completed.keys().next().value!)
      return xmlAnswer(context, 'CompleteMultipartUploadResult', ...answer)
    },
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    level: 'object',
    subresource: 'uploadId',
    action: 's3:AbortMultipartUpload',
    async handle(context) {
      const { request, store, bucket, key } = context
      await abortUpload(store, { bucket: bucket.name, key }, request.query.get('uploadId')!)
      return emptyAnswer(context, 204)
    },
  },
  {
    name: 'ListParts',
    method: 'GET',
    level: 'object',
    subresource: 'uploadId',
    action: 's3:ListMultipartUploadParts',
    async handle(context) {
      const { request, store, bucket, key } = context
      const upload = await uploadOf(context)
      const range = { min: 0, max: largestPartNumber }
      const after = readNumber('part-number-marker', request.query.get('part-number-marker'), range) ?? 0
      const limit = readNumber('max-parts', request.query.get('max-parts'), { min: 1, max: 1000 }) ?? 1000
      const found = await listParts(store.catalog.db, upload.uploadId, { after, limit: limit + 1 })
      const parts = found.slice(0, limit)
      const owner = { ID: canonicalId(bucket.accountId) }
      return xmlAnswer(context, 'ListPartsResult', {
        Bucket: bucket.name,
        Key: key,
        UploadId: upload.uploadId,
        Initiator: owner,
        Owner: owner,
        StorageClass: upload.headers['x-amz-storage-class'] ?? 'STANDARD',
        PartNumberMarker: after,
        NextPartNumberMarker: parts.at(-1)?.number,
        MaxParts: limit,
        IsTruncated: found.length > limit,
        ChecksumAlgorithm: upload.checksum?.algorithm.toUpperCase(),
        ChecksumType: upload.checksum?.type,
        Part: parts.map((part) => ({
          PartNumber: part.number,
          LastModified: isoTime(part.modifiedAt),
          ETag: quote(part.etag),
          Size: part.bytes,
          ...(part.checksum && { [checksumElement(part.checksum.algorithm)]: part.checksum.value }),
        })),
      })
    },
  },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    level: 'bucket',
    subresource: 'uploads',
    action: 's3:ListBucketMultipartUploads',
    async handle(context) {
      const { query } = context.request
      const { prefix, encoded, encodingType } = readListing(context)
      if ((query.get('delimiter') ?? '') !== '') {
        throw invalidArgument(
          'delimiter',
          query.get('delimiter')!,
          'A delimiter is not served for ListMultipartUploads',
        )
      }
      const limit = readNumber('max-uploads', query.get('max-uploads'), { min: 1, max: 1000 }) ?? 1000
      const keyMarker = query.get('key-marker') ?? ''
      const uploadIdMarker = query.get('upload-id-marker') || undefined
      const found = await listUploads(context.store.catalog.db, context.bucket.name, {
        prefix,
        limit: limit + 1,
        after: keyMarker === '' ? undefined : { key: keyMarker, uploadId: uploadIdMarker },
      })
      const uploads = found.slice(0, limit)
      const last = found.length > limit ? uploads.at(-1) : undefined
      const owner = { ID: canonicalId(context.bucket.accountId) }
      return xmlAnswer(context, 'ListMultipartUploadsResult', {
        Bucket: context.bucket.name,
        KeyMarker: encoded(keyMarker),
        UploadIdMarker: uploadIdMarker ?? '',
        NextKeyMarker: last && encoded(last.key),
        NextUploadIdMarker: last?.uploadId,
        Prefix: encoded(prefix),
        EncodingType: encodingType,
        MaxUploads: limit,
        IsTruncated: last !== undefined,
        Upload: uploads.map((upload) => ({
          Key: encoded(upload.key),
          UploadId: upload.uploadId,
          Initiator: owner,
          Owner: owner,
          StorageClass: upload.headers['x-amz-storage-class'] ?? 'STANDARD',
          Initiated: isoTime(upload.initiatedAt),
          ChecksumAlgorithm: upload.checksum?.algorithm.toUpperCase(),
          ChecksumType: upload.checksum?.type,
        })),
      })
    },
  },
]

export function readPartNumber(context: ObjectContext): number {
  const text = context.request.query.get('partNumber') ?? ''
  const number = Number(text)
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > largestPartNumber) {
    throw invalidArgument(
      'partNumber',
      text,
      `Part number must be an integer between 1 and ${largestPartNumber}, inclusive`,
    )
  }
  return number
}

function uploadOf(context: ObjectContext): Promise<MultipartUpload> {
  const { request, store, bucket, key } = context
  return requireUpload(store.catalog.db, { bucket: bucket.name, key }, request.query.get('uploadId')!)
}

/** Whole-object checksums exist for the CRCs only; the SHAs are composite. */
function readUploadChecksum(context: ObjectContext): MultipartUpload['checksum'] {
  const { headers } = context.request
  const algorithm = readChecksumAlgorithm(headers)
  if (!algorithm) return undefined
  const type = single(headers['x-amz-checksum-type']) ?? (algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new S3Fault(400, 'InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  }
  const isCrc = algorithm.startsWith('crc')
  if ((type === 'FULL_OBJECT' && !isCrc) || (type === 'COMPOSITE' && algorithm === 'crc64nvme')) {
    throw new S3Fault(
      400,
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    )
  }
  return { algorithm, type }
}

function readListedPart(node: XmlNode, upload: MultipartUpload): ListedPart {
  const number = Number(textOf(node, 'PartNumber'))
  const etag = textOf(node, 'ETag')
  if (!Number.isInteger(number) || etag === undefined) throw malformedDocument()
  const algorithm: ChecksumAlgorithm | undefined =
    upload.checksum?.algorithm ?? checksumAlgorithms.find((one) => textOf(node, checksumElement(one)) !== undefined)
  return { number, etag: unquote(etag), checksum: algorithm && textOf(node, checksumElement(algorithm)) }
}
