import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { computeSignature, emptyPayloadHash, parseAuthorization, parseQuery, signRequest } from './sigv4.ts'

// The keys and requests of the examples in AWS's documentation of Signature Version 4 for S3.
const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const date = new Date('2013-05-24T00:00:00Z')
const scope = { date: '20130524', region: 'us-east-1', service: 's3' }
const host = 'examplebucket.s3.amazonaws.com'

test('a GET with a range is signed as in the documentation', () => {
  const signature = computeSignature(
    {
      method: 'GET',
      path: '/test.txt',
      query: '',
      headers: { host, range: 'bytes=0-9', 'x-amz-content-sha256': emptyPayloadHash, 'x-amz-date': '20130524T000000Z' },
    },
    { scope, signedHeaders: ['host', 'range', 'x-amz-content-sha256', 'x-amz-date'] },
    '20130524T000000Z',
    emptyPayloadHash,
    credentials.secretAccessKey,
  )
  expect(signature).toBe('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
})

test('a query is signed in the order of its names, a name without a value too', () => {
  for (const query of ['lifecycle', 'lifecycle=']) {
    const headers = signRequest(
      { method: 'GET', path: '/', query, headers: { host } },
      { credentials, region: 'us-east-1', service: 's3', date, payloadHash: emptyPayloadHash },
    )
    expect(parseAuthorization(headers['authorization']!)?.signature).toBe(
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    )
  }
  const list = signRequest(
    { method: 'GET', path: '/', query: 'prefix=J&max-keys=2', headers: { host } },
    { credentials, region: 'us-east-1', service: 's3', date, payloadHash: emptyPayloadHash },
  )
  expect(parseAuthorization(list['authorization']!)?.signature).toBe(
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  )
})

test('a body is signed by its hash', () => {
  const payloadHash = createHash('sha256').update('Welcome to Amazon S3.').digest('hex')
  const headers = signRequest(
    {
      method: 'PUT',
      path: '/test%24file.text',
      query: '',
      headers: { host, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    },
    { credentials, region: 'us-east-1', service: 's3', date, payloadHash },
  )
  expect(parseAuthorization(headers['authorization']!)?.signature).toBe(
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  )
})

test('an Authorization header that lacks a part or names another algorithm is not one', () => {
  const whole = `AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=${'a'.repeat(64)}`
  expect(parseAuthorization(whole)?.accessKeyId).toBe('AK')
  expect(parseAuthorization(whole.replace('SignedHeaders=host,', ''))).toBeUndefined()
  expect(parseAuthorization(whole.replace('aws4_request', 'aws5_request'))).toBeUndefined()
  expect(parseAuthorization(whole.replace('HMAC-SHA256', 'ECDSA-P256-SHA256'))).toBeUndefined()
  expect(parseAuthorization('Bearer x')).toBeUndefined()
})

test('a query with a percent sign that encodes nothing has no parameters', () => {
  expect(parseQuery('a=%zz')).toBeUndefined()
  expect(parseQuery('a=1+2&b&=c')).toEqual([
    ['a', '1 2'],
    ['b', ''],
    ['', 'c'],
  ])
})
