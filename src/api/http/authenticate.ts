/**
 * Who sent a request: finds its signature in the `Authorization` header or in the query, and the key that must have made it.
 *
 * `readClaim` does all that can be done before the body is read (key known, time right, token right); `verifyClaim` compares the signature.
 */
import {
  algorithm,
  computeSignature,
  formatAmzDate,
  parseAmzDate,
  parseAuthorization,
  signaturesEqual,
  type SignableRequest,
  type SignatureClaim,
} from '../../aws/sigv4.ts'
import {
  isPresigned,
  longestExpirySeconds,
  parsePresigned,
  presignedParameters,
  type PresignedClaim,
} from '../../aws/presign.ts'
import { computeLegacySignature, isLegacyPresigned, parseLegacyPresigned } from '../../aws/sigv2.ts'
import {
  headersNotSigned,
  incompleteSignature,
  invalidSessionToken,
  legacyHeaderRefused,
  legacySignatureRefused,
  malformedPresignedUrl,
  missingAuthentication,
  presignedUrlExpired,
  signatureExpired,
  signatureMismatch,
  signatureNotYetValid,
  unknownAccessKey,
} from './errors.ts'
import type { AccessKey, KeyRing } from './key-ring.ts'

export interface Claim {
  readonly signature: SignatureClaim
  readonly amzDate: string
  readonly key: AccessKey
  readonly presigned: boolean
  /** Of Signature Version 2: when it expires, as sent. */
  readonly legacyExpires?: string | undefined
}

/** Services that allow a clock to be off by 15 minutes; the others allow 5. Source: the texts of their errors. */
const tolerant: ReadonlySet<string> = new Set(['s3', 'sts', 'iam'])

/** Reads the claim of a request and checks all but the signature itself. Throws an error of `errors.ts`. */
export function readClaim(request: SignableRequest, keyRing: KeyRing, now: number): Claim {
  const authorization = single(request.headers['authorization'])
  if (authorization === undefined && isPresigned(request.query)) return readPresigned(request, keyRing, now)
  if (authorization === undefined && isLegacyPresigned(request.query)) return readLegacy(request, keyRing, now)
  if (!authorization) throw missingAuthentication({ path: request.path })
  if (authorization.startsWith('AWS ')) throw legacyHeaderRefused({})
  const signature = parseAuthorization(authorization)
  if (!signature)
    throw incompleteSignature({ because: 'the `Authorization` header is not a whole one of AWS4-HMAC-SHA256' })
  const amzDate = single(request.headers['x-amz-date']) ?? amzDateOf(single(request.headers['date']))
  const signedAt = parseAmzDate(amzDate ?? '')
  if (amzDate === undefined || signedAt === undefined)
    throw incompleteSignature({ because: '`X-Amz-Date` is missing or malformed' })
  const key = findKey(signature, keyRing)
  checkSkew(signature.scope.service, amzDate, signedAt, now)
  checkClaim(signature, amzDate, key, single(request.headers['x-amz-security-token']))
  return { signature, amzDate, key, presigned: false }
}

/**
 * Throws `signatureMismatch` unless the request was signed with the claim's key.
 * @param payloadHash as it stands in the signed request
 * @param hostBucket the bucket that is named by `Host` and not by the path
 */
export function verifyClaim(
  request: SignableRequest,
  claim: Claim,
  payloadHash: string,
  hostBucket?: string | undefined,
): void {
  if (claim.legacyExpires !== undefined) {
    const expected = computeLegacySignature(request, claim.legacyExpires, claim.key.secret, hostBucket)
    if (signaturesEqual(expected, claim.signature.signature)) return
    throw signatureMismatch({ accessKeyId: claim.signature.accessKeyId })
  }
  if (claim.signature.scope.service === 's3') checkAllSigned(request, claim)
  const expected = computeSignature(request, claim.signature, claim.amzDate, payloadHash, claim.key.secret)
  if (!signaturesEqual(expected, claim.signature.signature)) {
    throw signatureMismatch({ accessKeyId: claim.signature.accessKeyId })
  }
}

/**
 * S3 refuses what could change a request behind its signer's back: any header `x-amz-*` that is not signed, but for the body's hash, which
 * is part of the signature in another way. Source: "Authenticating Requests", S3 API reference, and answers in public issues.
 */
function checkAllSigned(request: SignableRequest, claim: Claim): void {
  const unsigned = Object.keys(request.headers).filter(
    (name) =>
      name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && !claim.signature.signedHeaders.includes(name),
  )
  if (unsigned.length > 0) throw headersNotSigned({ headers: unsigned })
}

function readPresigned(request: SignableRequest, keyRing: KeyRing, now: number): Claim {
  const claim = readPresignedClaim(request.query)
  const signedAt = parseAmzDate(claim.amzDate)
  if (signedAt === undefined) {
    throw malformedPresignedUrl({ because: "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"" })
  }
  const key = findKey(claim, keyRing)
  const expiresAt = signedAt + claim.expiresSeconds * 1000
  if (now > expiresAt) {
    const [expiredAt, current] = [new Date(expiresAt).toISOString(), new Date(now).toISOString()]
    throw presignedUrlExpired({ expiredAt, now: current, expiresSeconds: claim.expiresSeconds })
  }
  if (signedAt > now) checkSkew('s3', claim.amzDate, signedAt, now)
  checkClaim(claim, claim.amzDate, key, claim.sessionToken)
  return { signature: claim, amzDate: claim.amzDate, key, presigned: true }
}

/** Signature Version 2 knows no region, no service and no longest life. */
function readLegacy(request: SignableRequest, keyRing: KeyRing, now: number): Claim {
  const claim = parseLegacyPresigned(request.query)
  if (!claim) {
    throw legacySignatureRefused({
      because: 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    })
  }
  const { accessKeyId, signature, expires, sessionToken } = claim
  if (!/^\d{1,12}$/.test(expires)) {
    throw legacySignatureRefused({ because: `Invalid date (should be seconds since epoch): ${expires}` })
  }
  const scope = { date: '', region: 'us-east-1', service: 's3' }
  const asClaim: SignatureClaim = { accessKeyId, scope, signedHeaders: [], signature }
  const key = findKey(asClaim, keyRing)
  const expiresAt = Number(expires) * 1000
  if (now > expiresAt) {
    const [expiredAt, current] = [new Date(expiresAt).toISOString(), new Date(now).toISOString()]
    throw presignedUrlExpired({ expiredAt, now: current, expiresSeconds: 0 })
  }
  checkToken(accessKeyId, key, sessionToken)
  return { signature: asClaim, amzDate: '', key, presigned: true, legacyExpires: expires }
}

/** The texts are those of S3. */
function readPresignedClaim(query: string): PresignedClaim {
  const parameters = new URLSearchParams(query)
  if (presignedParameters.some((name) => !parameters.get(name))) {
    const because = `Query-string authentication version 4 requires the ${presignedParameters.slice(0, -1).join(', ')}, and X-Amz-Expires parameters.`
    throw malformedPresignedUrl({ because })
  }
  if (parameters.get('X-Amz-Algorithm') !== algorithm) {
    throw malformedPresignedUrl({ because: `X-Amz-Algorithm only supports "${algorithm}"` })
  }
  const expires = parameters.get('X-Amz-Expires')!
  if (!/^-?\d+$/.test(expires)) throw malformedPresignedUrl({ because: 'X-Amz-Expires should be a number' })
  if (Number(expires) < 0) throw malformedPresignedUrl({ because: 'X-Amz-Expires must be non-negative' })
  if (Number(expires) > longestExpirySeconds) {
    throw malformedPresignedUrl({
      because: `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${longestExpirySeconds} seconds`,
    })
  }
  const claim = parsePresigned(query)
  if (!claim) throw incompleteSignature({ because: 'the credential or the signature in the query is malformed' })
  return claim
}

function findKey(claim: SignatureClaim, keyRing: KeyRing): AccessKey {
  const key = keyRing.find(claim.accessKeyId)
  if (!key) throw unknownAccessKey({ accessKeyId: claim.accessKeyId })
  return key
}

function checkSkew(service: string, amzDate: string, signedAt: number, now: number): void {
  const limitSeconds = tolerant.has(service) ? 900 : 300
  if (signedAt < now - limitSeconds * 1000) {
    throw signatureExpired({
      signedAt: amzDate,
      earliest: formatTime(now - limitSeconds * 1000),
      now: formatTime(now),
      limitSeconds,
    })
  }
  if (signedAt > now + limitSeconds * 1000) {
    throw signatureNotYetValid({
      signedAt: amzDate,
      latest: formatTime(now + limitSeconds * 1000),
      now: formatTime(now),
      limitSeconds,
    })
  }
}

function formatTime(time: number): string {
  return formatAmzDate(new Date(time))
}

function checkClaim(claim: SignatureClaim, amzDate: string, key: AccessKey, token: string | undefined): void {
  if (!claim.signedHeaders.includes('host')) throw incompleteSignature({ because: '`host` is not signed' })
  if (claim.scope.date !== amzDate.slice(0, 8)) throw incompleteSignature({ because: 'its scope is of another day' })
  if (!/^[a-z0-9-]{1,32}$/.test(claim.scope.region)) throw incompleteSignature({ because: 'its region is malformed' })
  checkToken(claim.accessKeyId, key, token)
}

function checkToken(accessKeyId: string, key: AccessKey, token: string | undefined): void {
  if (key.sessionToken === undefined ? token !== undefined : !token || !signaturesEqual(token, key.sessionToken)) {
    throw invalidSessionToken({ accessKeyId })
  }
}

function amzDateOf(date: string | undefined): string | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(time) ? undefined : formatAmzDate(new Date(time))
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0]
}
