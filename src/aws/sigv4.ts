/**
 * AWS Signature Version 4: signs requests and recomputes the signatures of received ones.
 *
 * The canonical request is built from the path and query *as sent*. Every service but S3 signs the path percent-encoded once
 * more (a function's ARN in a path arrives as `arn%3Aaws…` and is signed as `arn%253Aaws…`); S3 signs it as it is.
 *
 * @see "Signature Version 4 signing process" in the AWS General Reference
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { sha256 } from '../base/digest.ts'
import { recalling } from '../base/recall.ts'
import { HmacKey } from './hmac-key.ts'

export const algorithm = 'AWS4-HMAC-SHA256'

/** The payload hash of a request whose body is not signed (S3 only). */
export const unsignedPayload = 'UNSIGNED-PAYLOAD'

/** SHA-256 of no bytes. */
export const emptyPayloadHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** `20261122/us-east-1/lambda/aws4_request` */
export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string
  readonly region: string
  readonly service: string
}

/** The part of a request that is signed. Header names are lower-case; a repeated header has several values. */
export interface SignableRequest {
  readonly method: string
  /** As sent: percent-encoded, without the query. */
  readonly path: string
  /** As sent, without `?`; empty when there is none. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What a request says about its own signature. */
export interface SignatureClaim {
  readonly accessKeyId: string
  readonly scope: CredentialScope
  readonly signedHeaders: readonly string[]
  /** 64 hexadecimal digits. */
  readonly signature: string
}

/** `20261122T120000Z` */
export function formatAmzDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

/** Milliseconds since the epoch of `20261122T120000Z`, or `undefined` when it is not such a text. */
export function parseAmzDate(text: string): number | undefined {
  return recallDate(text)?.time
}

const recallDate = recalling((text) => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return { time: Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) }
})

export function formatScope(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`
}

/** Reads `KEY/20261122/us-east-1/lambda/aws4_request`; a key id may hold slashes. */
export function parseCredential(text: string): { accessKeyId: string; scope: CredentialScope } | undefined {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(text)
  if (!match) return undefined
  return { accessKeyId: match[1]!, scope: { date: match[2]!, region: match[3]!, service: match[4]! } }
}

/** Reads an `Authorization` header; `undefined` when it is not a complete one of this algorithm. */
export function parseAuthorization(header: string): SignatureClaim | undefined {
  if (!header.startsWith(`${algorithm} `)) return undefined
  const usual = usualAuthorization.exec(header)
  if (usual) return claimOf(usual[1]!, usual[2]!, usual[3]!)
  let credential = ''
  let signedHeaders = ''
  let signature = ''
  for (const part of header.slice(algorithm.length + 1).split(',')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(0, equals)).trim()
    const value = part.slice(equals + 1).trim()
    if (name === 'Credential') credential = value
    else if (name === 'SignedHeaders') signedHeaders = value
    else if (name === 'Signature') signature = value
  }
  if (signedHeaders === '' || !/^[0-9a-f]{64}$/.test(signature)) return undefined
  return claimOf(credential, signedHeaders, signature)
}

/** As every SDK writes it. */
const usualAuthorization = /^AWS4-HMAC-SHA256 Credential=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})$/

function claimOf(credential: string, signedHeaders: string, signature: string): SignatureClaim | undefined {
  const { accessKeyId, scope } = recallCredential(credential) ?? {}
  if (accessKeyId === undefined || !scope) return undefined
  return { accessKeyId, scope, signedHeaders: recallHeaderList(signedHeaders), signature }
}

function parseHeaderList(text: string): readonly string[] {
  return text.toLowerCase().split(';')
}

/** A client says the same about itself in each of its requests. */
const recallCredential = recalling(parseCredential)
const recallHeaderList = recalling(parseHeaderList)

/** The signature that a request with this claim must carry. `amzDate` as in `X-Amz-Date`. */
export function computeSignature(
  request: SignableRequest,
  claim: Pick<SignatureClaim, 'scope' | 'signedHeaders'>,
  amzDate: string,
  payloadHash: string,
  secretAccessKey: string,
): string {
  const canonical = canonicalRequest(request, claim.signedHeaders, payloadHash, claim.scope.service === 's3')
  // Header values were read as latin1, so latin1 gives back the bytes that were sent. Most have none but ASCII.
  const isAscii = Buffer.byteLength(canonical) === canonical.length
  const hash = sha256(isAscii ? canonical : Buffer.from(canonical, 'latin1'))
  return signText(`${algorithm}\n${amzDate}\n${formatScope(claim.scope)}\n${hash}`, secretAccessKey, claim.scope)
}

/** HMAC of a string to sign, as hexadecimal digits. */
export function signText(text: string, secretAccessKey: string, scope: CredentialScope): string {
  return signingKey(secretAccessKey, scope).sign(text)
}

/** Compares two signatures in constant time. */
export function signaturesEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

/**
 * Signs a request: returns the headers to add (`x-amz-date`, `authorization`, and the session token's).
 *
 * All headers given are signed; give `host` and those that the service needs. For S3, `x-amz-content-sha256` is added too.
 * @example signRequest({ method: 'GET', path: '/', query: '', headers: { host } }, { credentials, region, service: 'sts', date, payloadHash })
 */
export function signRequest(
  request: SignableRequest,
  options: {
    readonly credentials: SigningCredentials
    readonly region: string
    readonly service: string
    readonly date: Date
    /** SHA-256 of the body in hexadecimal digits, or `unsignedPayload`. */
    readonly payloadHash: string
  },
): Record<string, string> {
  const amzDate = formatAmzDate(options.date)
  const added: Record<string, string> = { 'x-amz-date': amzDate }
  if (options.credentials.sessionToken) added['x-amz-security-token'] = options.credentials.sessionToken
  if (options.service === 's3') added['x-amz-content-sha256'] = options.payloadHash
  const headers = { ...request.headers, ...added }
  const signedHeaders = Object.keys(headers)
    .filter((name) => headers[name] !== undefined)
    .map((name) => name.toLowerCase())
    .sort()
  const scope = { date: amzDate.slice(0, 8), region: options.region, service: options.service }
  const signature = computeSignature(
    { ...request, headers },
    { scope, signedHeaders },
    amzDate,
    options.payloadHash,
    options.credentials.secretAccessKey,
  )
  const credential = `${options.credentials.accessKeyId}/${formatScope(scope)}`
  added['authorization'] =
    `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return added
}

const isUnreserved = /^[A-Za-z0-9_.~-]*$/
const isPlainPath = /^[A-Za-z0-9_.~/-]+$/

/** Percent-encodes all but the unreserved characters of RFC 3986. */
export function encodeRfc3986(text: string): string {
  if (isUnreserved.test(text)) return text
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Decoded names and values of a query, in the order sent; `undefined` when a percent sign encodes nothing. `+` is a space. */
export function parseQuery(query: string): [name: string, value: string][] | undefined {
  if (query === '') return []
  try {
    return query
      .split('&')
      .filter((part) => part !== '')
      .map((part) => {
        const equals = part.indexOf('=')
        return equals < 0
          ? [decodeParameter(part), '']
          : [decodeParameter(part.slice(0, equals)), decodeParameter(part.slice(equals + 1))]
      })
  } catch {
    return undefined
  }
}

function decodeParameter(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function canonicalRequest(
  request: SignableRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
  isS3: boolean,
): string {
  let headers = ''
  for (const name of signedHeaders) headers += `${name}:${canonicalHeader(request.headers[name])}\n`
  const path = isS3 ? request.path || '/' : recallPath(request.path).canonical
  return `${request.method}\n${path}\n${canonicalQuery(request.query)}\n${headers}\n${signedHeaders.join(';')}\n${payloadHash}`
}

function canonicalPath(sent: string): string {
  const path = removeDotSegments(sent)
  return isPlainPath.test(path) ? path : encodeRfc3986(path).replaceAll('%2F', '/')
}

const recallPath = recalling((sent) => ({ canonical: canonicalPath(sent) }))

function canonicalHeader(value: string | readonly string[] | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'string' && !hasSpaceToTrim.test(value)) return value
  const values = typeof value === 'string' ? [value] : value
  return values.map((one) => one.trim().replaceAll(/\s+/g, ' ')).join(',')
}

/** White space at an end, or more than one between words. */
const hasSpaceToTrim = /^\s|\s\s|\s$|[^\S ]/

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = (parseQuery(query) ?? []).filter(([name]) => name !== 'X-Amz-Signature')
  return pairs
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function removeDotSegments(path: string): string {
  if (!path.includes('/.') && !path.includes('//')) return path || '/'
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`
}

/** A signing key serves a day; four HMACs per request are saved by keeping the recent ones. */
const signingKeys = new Map<string, HmacKey>()
const signingKeysKept = 512

function signingKey(secretAccessKey: string, scope: CredentialScope): HmacKey {
  if (lastKey.scope === scope && lastKey.secretAccessKey === secretAccessKey) return lastKey.key
  const key = recallSigningKey(secretAccessKey, scope)
  lastKey = { scope, secretAccessKey, key }
  return key
}

/** A client says its scope in the same words each time, which are read once: the very object comes again. */
let lastKey: { readonly scope?: CredentialScope; readonly secretAccessKey: string; readonly key: HmacKey } = {
  secretAccessKey: '',
  key: new HmacKey(Buffer.alloc(0)),
}

function recallSigningKey(secretAccessKey: string, scope: CredentialScope): HmacKey {
  const name = `${scope.date}/${scope.region}/${scope.service}/${secretAccessKey}`
  const known = signingKeys.get(name)
  if (known) return known
  const day = hmac(`AWS4${secretAccessKey}`, scope.date)
  const key = new HmacKey(hmac(hmac(hmac(day, scope.region), scope.service), 'aws4_request'))
  if (signingKeys.size >= signingKeysKept) signingKeys.delete(signingKeys.keys().next().value!)
  signingKeys.set(name, key)
  return key
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
