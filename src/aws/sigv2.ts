/**
 * Presigned URLs of Signature Version 2, of S3 alone: what `aws s3 presign` and boto3 make by default in us-east-1.
 *
 * @see "Signing and authenticating REST requests (AWS signature version 2)", Amazon S3 API reference
 */
import { createHmac } from 'node:crypto'
import { parseQuery, type SignableRequest } from './sigv4.ts'

export interface LegacyClaim {
  readonly accessKeyId: string
  /** In base64. */
  readonly signature: string
  /** Seconds since the Unix epoch, as sent. */
  readonly expires: string
  readonly sessionToken?: string | undefined
}

/** Query parameters that are part of the resource that is signed. */
const signedParameters: ReadonlySet<string> = new Set(
  (
    'accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging metrics notification object-lock partNumber ' +
    'policy replication requestPayment response-cache-control response-content-disposition response-content-encoding ' +
    'response-content-language response-content-type response-expires restore select select-type storageClass tagging torrent uploadId ' +
    'uploads versionId versioning versions website'
  ).split(' '),
)

/** Whether a query claims to carry such a signature. */
export function isLegacyPresigned(query: string): boolean {
  return /(?:^|&)AWSAccessKeyId=/.test(query)
}

/** `undefined` when a parameter is missing. */
export function parseLegacyPresigned(query: string): LegacyClaim | undefined {
  const parameters = new Map(parseQuery(query) ?? [])
  const [accessKeyId, signature, expires] = ['AWSAccessKeyId', 'Signature', 'Expires'].map((name) =>
    parameters.get(name),
  )
  if (!accessKeyId || !signature || !expires) return undefined
  return { accessKeyId, signature, expires, sessionToken: parameters.get('x-amz-security-token') }
}

/** The signature in base64 that a presigned request must carry. @param bucket named by `Host`, not by the path */
export function computeLegacySignature(
  request: SignableRequest,
  expires: string,
  secretAccessKey: string,
  bucket: string | undefined,
): string {
  const parameters = parseQuery(request.query) ?? []
  // Signed headers may stand in the query, where a plain client need not send them.
  const headers = new Map(parameters.map(([name, value]) => [name.toLowerCase(), value]))
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(','))
  const custom = [...headers]
    .filter(([name]) => name.startsWith('x-amz-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
  const resource = parameters
    .filter(([name]) => signedParameters.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  const path = `${bucket === undefined ? '' : `/${bucket}`}${request.path}`
  const lines = [request.method, headers.get('content-md5') ?? '', headers.get('content-type') ?? '', expires]
  const text = `${lines.join('\n')}\n${custom.join('')}${path}${resource.length > 0 ? `?${resource.join('&')}` : ''}`
  return createHmac('sha1', secretAccessKey).update(text).digest('base64')
}
