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
import { incompleteSignature } from './errors.ts'
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
  expectIncomplete(() => admit(presigned(604_801), unsignedPayload), '`X-Amz-Expires` is over a week')
})
