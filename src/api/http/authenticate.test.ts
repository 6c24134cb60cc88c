import { expect, test } from 'vitest'
import { presignUrl } from '../../aws/presign.ts'
import {
  algorithm,
  computeSignature,
  emptyPayloadHash,
  formatAmzDate,
  formatScope,
  unsignedPayload,
  type SignableRequest,
} from '../../aws/sigv4.ts'
import { readClaim, verifyClaim } from './authenticate.ts'
import { headersNotSigned, incompleteSignature, malformedPresignedUrl } from './errors.ts'
import type { KeyRing } from './key-ring.ts'

const now = Date.UTC(2026, 10, 22, 12)
const amzDate = formatAmzDate(new Date(now))
const credentials = { accessKeyId: 'ZYKEY', secretAccessKey: 'secret' }
const keyRing: KeyRing = {
  find: () => ({
    secret: 'secret',
    accountId: '123456789012',
    arn: 'arn:aws:iam::123456789012:user/any',
    kind: 'user',
  }),
}

/** Lets a request in as the front door does. */
function admit(request: SignableRequest, payloadHash: string): void {
  verifyClaim(request, readClaim(request, keyRing, now), payloadHash)
}

/** What is refused here carries a true signature of the right key: nothing else would keep it out. */
function expectIncomplete(admission: () => void, because: string): void {
  let thrown: unknown
  try {
    admission()
  } catch (error) {
    thrown = error
  }
  expect(incompleteSignature.is(thrown) && thrown.details.because).toBe(because)
}

/** A request signed by hand over the headers and for the day given. */
function signedBy(signedHeaders: readonly string[], day: string): SignableRequest {
  const headers = { host: '127.0.0.1:4570', 'x-amz-date': amzDate }
  const request = { method: 'GET', path: '/2015-03-31/functions', query: '', headers }
  const scope = { date: day, region: 'us-east-1', service: 'lambda' }
  const signature = computeSignature(request, { scope, signedHeaders }, amzDate, emptyPayloadHash, 'secret')
  const authorization = `${algorithm} Credential=ZYKEY/${formatScope(scope)}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return { ...request, headers: { ...headers, authorization } }
}

function presigned(expiresSeconds: number): SignableRequest {
  const url = presignUrl({
    method: 'GET',
    url: new URL('http://127.0.0.1:4570/bucket/key'),
    credentials,
    region: 'us-east-1',
    service: 's3',
    date: new Date(now),
    expiresSeconds,
  })
  const { host, pathname, search } = new URL(url)
  return { method: 'GET', path: pathname, query: search.slice(1), headers: { host } }
}

function expectMalformed(request: SignableRequest, because: string): void {
  let thrown: unknown
  try {
    admit(request, unsignedPayload)
  } catch (error) {
    thrown = error
  }
  expect(malformedPresignedUrl.is(thrown) && thrown.details.because).toContain(because)
}

test('a signature that leaves out `host` is refused: it would hold at any other service too', () => {
  expect(() => admit(signedBy(['host', 'x-amz-date'], '20261122'), emptyPayloadHash)).not.toThrow()
  expectIncomplete(() => admit(signedBy(['x-amz-date'], '20261122'), emptyPayloadHash), '`host` is not signed')
})

test('a signing key of another day than the request is refused', () => {
  expectIncomplete(
    () => admit(signedBy(['host', 'x-amz-date'], '20261121'), emptyPayloadHash),
    'its scope is of another day',
  )
})

test('a presigned URL may live for a week and not a second longer', () => {
  expect(() => admit(presigned(604_800), unsignedPayload)).not.toThrow()
  expectMalformed(
    presigned(604_801),
    'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
  )
})

test.each([
  ['X-Amz-Expires=600', 'X-Amz-Expires=-1', 'X-Amz-Expires must be non-negative'],
  ['X-Amz-Expires=600', 'X-Amz-Expires=soon', 'X-Amz-Expires should be a number'],
  ['X-Amz-Expires=600', 'X-Amz-Expires=99999999999', 'X-Amz-Expires must be less than a week (in seconds)'],
  ['X-Amz-Expires=600', '', 'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, '],
  ['AWS4-HMAC-SHA256', 'AWS4-HMAC-MD5', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'],
  [/X-Amz-Date=[^&]*/, 'X-Amz-Date=today', 'X-Amz-Date must be in the ISO8601 Long Format'],
])('a presigned URL whose %s became %s is told in the words of S3', (from, to, because) => {
  const request = presigned(600)
  expectMalformed({ ...request, query: request.query.replace(from, to) }, because)
})

test('a header `x-amz-…` that nobody signed is refused on S3, but for the hash of the body', () => {
  const unsigned = {
    'x-amz-acl': 'private',
    'x-amz-meta-a': '1',
    'x-amzn-trace-id': 'Root=1',
    'x-amz-content-sha256': 'x',
  }
  const request = presigned(600)
  let thrown: unknown
  try {
    admit({ ...request, headers: { ...request.headers, ...unsigned } }, unsignedPayload)
  } catch (error) {
    thrown = error
  }
  expect(headersNotSigned.is(thrown) && thrown.details.headers).toEqual(['x-amz-acl', 'x-amz-meta-a'])
  const { 'x-amz-content-sha256': hash, 'x-amzn-trace-id': trace } = unsigned
  const allowed = { ...request.headers, 'x-amz-content-sha256': hash, 'x-amzn-trace-id': trace }
  expect(() => admit({ ...request, headers: allowed }, unsignedPayload)).not.toThrow()
})
