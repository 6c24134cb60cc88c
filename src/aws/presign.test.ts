import { expect, test } from 'vitest'
import { parsePresigned, presignUrl } from './presign.ts'

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }

test('a URL is presigned as in the documentation of S3', () => {
  const url = presignUrl({
    method: 'GET',
    url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
    credentials,
    region: 'us-east-1',
    service: 's3',
    date: new Date('2013-05-24T00:00:00Z'),
    expiresSeconds: 86_400,
  })
  expect(url).toContain('X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404')
  const claim = parsePresigned(url.split('?')[1]!)
  expect(claim).toMatchObject({
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    amzDate: '20130524T000000Z',
    expiresSeconds: 86_400,
  })
})

test('a query without an expiry is not a presigned one', () => {
  expect(parsePresigned('X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00')).toBeUndefined()
})
