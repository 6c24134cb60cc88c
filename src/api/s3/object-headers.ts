/** The headers of an object: what is taken from a request and kept, and what is answered with it. */
import { checksumAlgorithms, checksumOfHeader, type ChecksumAlgorithm } from '../../aws/checksums.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { BodyClaims, WriteConditions, WrittenObject } from '../../objects/object-store.ts'
import type { ObjectChecksum, ObjectDescription, StoredObject } from '../../objects/object-version.ts'
import { httpTime } from './operation.ts'
import { invalidArgument, notImplemented, S3Fault } from './s3-fault.ts'
import { readTaggingHeader } from './tags.ts'

export const encryptionHeader = 'x-amz-server-side-encryption'
export const encryptionKeyHeader = 'x-amz-server-side-encryption-aws-kms-key-id'

/** Kept and given back as they came. */
const keptHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  encryptionHeader,
  encryptionKeyHeader,
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
] as const

const refusedHeaders = [
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-write-offset-bytes',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write-acp',
] as const

/** Names and values of user metadata together, in bytes. Source: S3 user guide, "Working with object metadata". */
const metadataLimit = 2048

const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
]

/** What PutObject, CopyObject and CreateMultipartUpload say of the object. */
export function readDescription(headers: IncomingHttpHeaders): ObjectDescription {
  for (const name of refusedHeaders) if (headers[name] !== undefined) throw notImplemented(`the header \`${name}\``)
  checkAcl(headers)
  const kept: Record<string, string> = {}
  for (const name of keptHeaders) {
    const value = single(headers[name])
    if (value !== undefined) kept[name] = value
  }
  const storageClass = kept['x-amz-storage-class']
  if (storageClass !== undefined && !storageClasses.includes(storageClass)) {
    throw new S3Fault(400, 'InvalidStorageClass', 'The storage class you specified is not valid')
  }
  if (storageClass === 'STANDARD') delete kept['x-amz-storage-class']
  const encodings = (kept['content-encoding'] ?? '').split(',').map((one) => one.trim())
  const encoding = encodings.filter((one) => one !== '' && one !== 'aws-chunked').join(',')
  if (encoding === '') delete kept['content-encoding']
  else kept['content-encoding'] = encoding
  kept['content-type'] ??= 'binary/octet-stream'
  return { headers: kept, metadata: readMetadata(headers), tags: readTaggingHeader(single(headers['x-amz-tagging'])) }
}

/** Buckets own their objects and take no ACLs, as AWS makes them since April 2023. */
export function checkAcl(headers: IncomingHttpHeaders): void {
  const acl = single(headers['x-amz-acl'])
  if (acl === undefined || acl === 'private' || acl === 'bucket-owner-full-control') return
  throw new S3Fault(400, 'AccessControlListNotSupported', 'The bucket does not allow ACLs')
}

/** `Content-MD5` and `x-amz-checksum-…` of a body. */
export function readBodyClaims(headers: IncomingHttpHeaders): BodyClaims {
  const md5 = single(headers['content-md5'])
  if (md5 !== undefined && Buffer.from(md5, 'base64').length !== 16) {
    throw new S3Fault(400, 'InvalidDigest', 'The Content-MD5 you specified is not valid.', { 'Content-MD5': md5 })
  }
  return { md5, checksum: readChecksum(headers) }
}

function readChecksum(headers: IncomingHttpHeaders): BodyClaims['checksum'] {
  const sent = checksumAlgorithms.filter((algorithm) => headers[`x-amz-checksum-${algorithm}`] !== undefined)
  if (sent.length > 1) {
    throw new S3Fault(
      400,
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  }
  const [algorithm] = sent
  if (algorithm) {
    const value = single(headers[`x-amz-checksum-${algorithm}`])!
    const bytes = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 }[algorithm]
    if (Buffer.from(value, 'base64').length !== bytes) {
      throw new S3Fault(400, 'InvalidRequest', `Value for x-amz-checksum-${algorithm} header is invalid.`)
    }
    return { algorithm, value }
  }
  // The value comes behind the body and is compared where the body is decoded; here it is computed to be kept.
  const trailer = (single(headers['x-amz-trailer']) ?? '').split(',').map((name) => checksumOfHeader(name.trim()))
  const announced = trailer.find((one) => one !== undefined)
  return announced && { algorithm: announced }
}

/** `x-amz-checksum-algorithm` or `x-amz-sdk-checksum-algorithm`. */
export function readChecksumAlgorithm(headers: IncomingHttpHeaders): ChecksumAlgorithm | undefined {
  const text = single(headers['x-amz-checksum-algorithm'] ?? headers['x-amz-sdk-checksum-algorithm'])
  if (text === undefined) return undefined
  const algorithm = checksumAlgorithms.find((one) => one === text.toLowerCase())
  if (!algorithm) {
    throw new S3Fault(
      400,
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    )
  }
  return algorithm
}

/** `If-Match` and `If-None-Match` of a write. */
export function readWriteConditions(headers: IncomingHttpHeaders): WriteConditions {
  const ifNoneMatch = single(headers['if-none-match'])
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw notImplemented('`If-None-Match` with an ETag on a write')
  const ifMatch = single(headers['if-match'])
  return { ifMatch: ifMatch === undefined ? undefined : unquote(ifMatch), ifNoneMatch }
}

/** Headers of GetObject and HeadObject besides length and range. */
export function objectHeaders(object: StoredObject, withChecksum: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    'last-modified': httpTime(object.modifiedAt),
    etag: quote(object.etag),
    'accept-ranges': 'bytes',
    ...object.headers,
  }
  for (const [name, value] of Object.entries(object.metadata)) headers[`x-amz-meta-${name}`] = value
  if (object.versionId !== 'null') headers['x-amz-version-id'] = object.versionId
  const tags = Object.keys(object.tags).length
  if (tags > 0) headers['x-amz-tagging-count'] = String(tags)
  return withChecksum ? { ...headers, ...checksumHeaders(object.checksum) } : headers
}

/** Headers of the answer to a write. */
export function writtenHeaders(written: WrittenObject, description?: ObjectDescription): Record<string, string> {
  const headers: Record<string, string> = { etag: quote(written.etag), ...checksumHeaders(written.checksum) }
  if (written.versionId !== 'null') headers['x-amz-version-id'] = written.versionId
  return { ...headers, ...(description && encryptionHeaders(description)) }
}

/** Part of every answer about an object or an upload. */
export function encryptionHeaders(description: Pick<ObjectDescription, 'headers'>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of [encryptionHeader, encryptionKeyHeader]) {
    const value = description.headers[name]
    if (value !== undefined) headers[name] = value
  }
  return headers
}

export function checksumHeaders(checksum: ObjectChecksum | undefined): Record<string, string> {
  if (!checksum) return {}
  return { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/** `ChecksumCRC32`, as in XML. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm.toUpperCase()}`
}

export function quote(etag: string): string {
  return `"${etag}"`
}

/** S3 takes ETags without their quotes, and with one of them. Source: as for tags. */
export function unquote(etag: string): string {
  return etag.replace(/^(?:W\/)?"?(.*?)"?$/s, '$1')
}

export function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0]
}

/** A whole number of a query parameter within a range. */
export function readNumber(name: string, text: string | null, range: { min: number; max: number }): number | undefined {
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!/^-?\d{1,10}$/.test(text) || value > 0x7fffffff) {
    throw invalidArgument(name, text, `Provided ${name} not an integer or within integer range`)
  }
  if (value < range.min)
    throw invalidArgument(name, text, `Argument ${name} must be an integer between ${range.min} and ${range.max}`)
  return Math.min(value, range.max)
}

function readMetadata(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {}
  let bytes = 0
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('x-amz-meta-')) continue
    const key = name.slice('x-amz-meta-'.length)
    metadata[key] = String(value)
    bytes += key.length + String(value).length
  }
  if (bytes > metadataLimit) {
    throw new S3Fault(400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      Size: bytes,
      MaxSizeAllowed: metadataLimit,
    })
  }
  return metadata
}
