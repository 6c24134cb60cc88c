/** Presigned URLs: the signature stands in the query, so that a plain GET or PUT without credentials works until it expires. */
import {
  algorithm,
  computeSignature,
  encodeRfc3986,
  formatAmzDate,
  formatScope,
  parseCredential,
  parseQuery,
  unsignedPayload,
  type SignatureClaim,
  type SigningCredentials,
} from './sigv4.ts'

/** Longest life of a presigned URL, in seconds: seven days. Source: "Authenticating Requests: Using Query Parameters", S3 API reference. */
export const longestExpirySeconds = 604_800

/** All of them stand in the query of a presigned URL, in the order in which S3 lists them. */
export const presignedParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
  'X-Amz-Expires',
] as const

export interface PresignedClaim extends SignatureClaim {
  /** `20261122T120000Z` */
  readonly amzDate: string
  readonly expiresSeconds: number
  readonly sessionToken?: string | undefined
}

/**
 * The URL with the signature in its query. Only `host` is signed of the headers.
 * @example presignUrl({ method: 'GET', url: new URL('http://127.0.0.1:4570/bucket/key'), credentials, region, service: 's3', date, expiresSeconds: 600 })
 */
export function presignUrl(options: {
  readonly method: string
  readonly url: URL
  readonly credentials: SigningCredentials
  readonly region: string
  readonly service: string
  readonly date: Date
  readonly expiresSeconds: number
}): string {
  const amzDate = formatAmzDate(options.date)
  const scope = { date: amzDate.slice(0, 8), region: options.region, service: options.service }
  const parameters: [string, string][] = [
    ...options.url.searchParams,
    ['X-Amz-Algorithm', algorithm],
    ['X-Amz-Credential', `${options.credentials.accessKeyId}/${formatScope(scope)}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-Expires', String(options.expiresSeconds)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
  if (options.credentials.sessionToken) parameters.push(['X-Amz-Security-Token', options.credentials.sessionToken])
  const query = parameters.map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`).join('&')
  const signature = computeSignature(
    { method: options.method, path: options.url.pathname, query, headers: { host: options.url.host } },
    { scope, signedHeaders: ['host'] },
    amzDate,
    unsignedPayload,
    options.credentials.secretAccessKey,
  )
  return `${options.url.origin}${options.url.pathname}?${query}&X-Amz-Signature=${signature}`
}

/** Whether a query claims to carry a signature (of this algorithm or another). */
export function isPresigned(query: string): boolean {
  return query.includes('X-Amz-Signature=') || query.includes('X-Amz-Algorithm=')
}

/** Reads the signature's parameters from a query; `undefined` when one is missing or malformed. */
export function parsePresigned(query: string): PresignedClaim | undefined {
  const parameters = new Map(parseQuery(query) ?? [])
  const credential = parseCredential(parameters.get('X-Amz-Credential') ?? '')
  const signature = parameters.get('X-Amz-Signature') ?? ''
  const signedHeaders = parameters.get('X-Amz-SignedHeaders')
  const amzDate = parameters.get('X-Amz-Date')
  const expires = parameters.get('X-Amz-Expires') ?? ''
  if (parameters.get('X-Amz-Algorithm') !== algorithm || !credential || !signedHeaders || !amzDate) return undefined
  if (!/^[0-9a-f]{64}$/.test(signature) || !/^\d{1,6}$/.test(expires)) return undefined
  return {
    ...credential,
    signature,
    amzDate,
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    expiresSeconds: Number(expires),
    sessionToken: parameters.get('X-Amz-Security-Token'),
  }
}
