import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { presignUrl } from '../../src/aws/presign.ts'
import { newChecksum } from '../../src/aws/checksums.ts'
import { codeOf, openS3Request, s3Request, type S3Answer } from '../kit/s3-request.ts'
import { otherKey, testKey } from '../kit/side-services-open.ts'
import { startSideServices, type SideServices } from '../kit/side-services.ts'

async function withBucket(): Promise<SideServices> {
  const services = await startSideServices()
  expect((await s3Request(services.url, { method: 'PUT', target: '/bucket' })).status).toBe(200)
  return services
}

const filesIn = (services: SideServices): string[] =>
  readdirSync(join(services.folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

async function expectNoTrace(services: SideServices): Promise<void> {
  expect((await s3Request(services.url, { target: '/bucket/k' })).status).toBe(404)
  expect((await s3Request(services.url, { target: '/bucket?uploads' })).body).not.toContain('<Upload>')
  await expect.poll(() => filesIn(services)).toEqual([])
}

test('a body that is cut off leaves no trace, and the service goes on', async () => {
  const services = await withBucket()
  for (const sent of [0, 1, 70_000, 3_000_000]) {
    const request = openS3Request(services.url, {
      method: 'PUT',
      target: '/bucket/k',
      headers: { 'content-length': '5000000' },
    })
    request.on('error', () => undefined)
    await new Promise<void>((resolve) => request.write(Buffer.alloc(sent, 'x'), () => resolve()))
    request.destroy()
  }
  await expectNoTrace(services)
})

test('a part that is cut off leaves the upload as it was', async () => {
  const services = await withBucket()
  const { body } = await s3Request(services.url, { method: 'POST', target: '/bucket/k?uploads' })
  const uploadId = /<UploadId>([^<]+)/.exec(body)![1]
  const target = `/bucket/k?partNumber=1&uploadId=${uploadId}`
  const request = openS3Request(services.url, { method: 'PUT', target, headers: { 'content-length': '5000000' } })
  request.on('error', () => undefined)
  await new Promise<void>((resolve) => request.write(Buffer.alloc(2_000_000), () => resolve()))
  request.destroy()
  await expect.poll(() => filesIn(services)).toEqual([])
  expect((await s3Request(services.url, { target: `/bucket/k?uploadId=${uploadId}` })).body).not.toContain('<Part>')
})

/** A body in `aws-chunked` encoding without chunk signatures, as SDKs send streams. */
function awsChunked(bytes: Buffer, trailer: Record<string, string>): Buffer {
  const chunks = [bytes.subarray(0, 65_536), bytes.subarray(65_536)].filter((chunk) => chunk.length > 0)
  const trailers = Object.entries(trailer).map(([name, value]) => `${name}:${value}\r\n`)
  return Buffer.concat([
    ...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
    Buffer.from(`0\r\n${trailers.join('')}\r\n`),
  ])
}

function putChunked(services: SideServices, body: Buffer, decodedLength: number): Promise<S3Answer> {
  return s3Request(services.url, {
    method: 'PUT',
    target: '/bucket/k?x-id=PutObject',
    payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: {
      'content-encoding': 'aws-chunked',
      'transfer-encoding': 'chunked',
      'x-amz-decoded-content-length': String(decodedLength),
      'x-amz-trailer': 'x-amz-checksum-crc32c',
      'x-amz-sdk-checksum-algorithm': 'CRC32C',
    },
    body,
  })
}

test('a streamed body with a checksum behind it is decoded, checked and kept with its checksum', async () => {
  const services = await withBucket()
  const bytes = Buffer.alloc(100_000, 'zipyard')
  const checksum = newChecksum('crc32c')
  checksum.update(bytes)
  const value = checksum.digest()
  const put = await putChunked(services, awsChunked(bytes, { 'x-amz-checksum-crc32c': value }), bytes.length)
  expect([put.status, put.headers['x-amz-checksum-crc32c']]).toEqual([200, value])
  const got = await s3Request(services.url, { target: '/bucket/k', headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  expect(got.body).toBe(bytes.toString())
  expect(got.headers['x-amz-checksum-crc32c']).toBe(value)
  expect(got.headers['content-encoding']).toBeUndefined()
  expect(got.headers.etag).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`)
})

test.each([
  [
    'a wrong checksum behind it',
    (bytes: Buffer) => awsChunked(bytes, { 'x-amz-checksum-crc32c': 'AAAAAA==' }),
    'BadDigest',
  ],
  ['no checksum behind it', (bytes: Buffer) => awsChunked(bytes, {}), 'BadDigest'],
  ['no end', (bytes: Buffer) => awsChunked(bytes, {}).subarray(0, 70_000), 'InvalidRequest'],
  ['a head that is no head', () => Buffer.from('hello'), 'InvalidRequest'],
])('a streamed body with %s is refused and leaves no trace', async (_, encode, code) => {
  const services = await withBucket()
  const bytes = Buffer.alloc(100_000, 'zipyard')
  const put = await putChunked(services, encode(bytes), bytes.length)
  expect([put.status, codeOf(put)]).toEqual([400, code])
  await expectNoTrace(services)
})

test('a streamed body shorter than announced is refused and leaves no trace', async () => {
  const services = await withBucket()
  const bytes = Buffer.from('short')
  const checksum = newChecksum('crc32c')
  checksum.update(bytes)
  const put = await putChunked(services, awsChunked(bytes, { 'x-amz-checksum-crc32c': checksum.digest() }), 6)
  expect([put.status, codeOf(put)]).toEqual([400, 'IncompleteBody'])
  await expectNoTrace(services)
})

test('a body whose signed hash is another leaves no trace', async () => {
  const services = await withBucket()
  const put = await s3Request(services.url, {
    method: 'PUT',
    target: '/bucket/k',
    body: 'changed on the way',
    payloadHash: createHash('sha256').update('what was signed').digest('hex'),
  })
  expect([put.status, codeOf(put)]).toEqual([400, 'XAmzContentSHA256Mismatch'])
  await expectNoTrace(services)
})

test.each([
  ['/bucket/..%2f..%2fcatalog.db', '../../catalog.db'],
  ['/bucket/../../etc/passwd', '../../etc/passwd'],
  ['/bucket/%2Fetc/passwd', '/etc/passwd'],
  ['/bucket/a//b', 'a//b'],
  ['/bucket/%2e%2e', '..'],
  ['/bucket/C:%5Cboot.ini', 'C:\\boot.ini'],
  ['/bucket/%0A%0D%09', '\n\r\t'],
  ['/bucket/%C3%BC%F0%9F%90%8D', 'ü🐍'],
])('the key of %s is a name and never a path', async (target, key) => {
  const services = await withBucket()
  const put = await s3Request(services.url, { method: 'PUT', target, body: 'here' })
  expect(put.status).toBe(200)
  expect((await services.objects.catalog.db.selectFrom('object_version').select('key').execute())[0]!.key).toBe(key)
  expect((await s3Request(services.url, { target })).body).toBe('here')
  expect(filesIn(services)).toEqual([createHash('sha256').update('here').digest('hex')])
  expect(readdirSync(services.folder).toSorted()).toEqual(
    expect.arrayContaining(['blobs', 'catalog.db', 'catalog.pid', 'logs.db']),
  )
})

test.each([
  ['a NUL in the key', { method: 'PUT', target: '/bucket/a%00b', body: 'x' }, 400, 'InvalidArgument'],
  ['a bucket name with a slash', { method: 'PUT', target: '/a%2Fb' }, 400, 'InvalidBucketName'],
  ['a bucket name that is a path', { method: 'PUT', target: '/..' }, 400, 'InvalidBucketName'],
  ['a bucket name that is an address', { method: 'PUT', target: '/127.0.0.1' }, 400, 'InvalidBucketName'],
  ['a document that is no XML', { method: 'PUT', target: '/bucket?versioning', body: '{' }, 400, 'MalformedXML'],
  [
    'an XML bomb',
    { method: 'POST', target: '/bucket?delete', body: '<!DOCTYPE d [<!ENTITY a "b">]><Delete>&a;</Delete>' },
    400,
    'MalformedXML',
  ],
  [
    'a document that is too large',
    { method: 'PUT', target: '/bucket?versioning', body: 'x'.repeat(100_000) },
    400,
    'MaxMessageLengthExceeded',
  ],
  ['a page size that is no number', { target: '/bucket?max-keys=abc' }, 400, 'InvalidArgument'],
  ['a token that is none of ours', { target: '/bucket?list-type=2&continuation-token=%21' }, 400, 'InvalidArgument'],
  [
    'a part number out of range',
    { method: 'PUT', target: '/bucket/k?partNumber=10001&uploadId=x', body: 'x' },
    400,
    'InvalidArgument',
  ],
  [
    'an upload that is not there',
    { method: 'PUT', target: '/bucket/k?partNumber=1&uploadId=x', body: 'x' },
    404,
    'NoSuchUpload',
  ],
  [
    'a public access control list',
    { method: 'PUT', target: '/bucket/k', body: 'x', headers: { 'x-amz-acl': 'public-read' } },
    400,
    'AccessControlListNotSupported',
  ],
  [
    'a key of the client for encryption',
    {
      method: 'PUT',
      target: '/bucket/k',
      body: 'x',
      headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    },
    501,
    'NotImplemented',
  ],
  [
    'an owner that is another',
    { target: '/bucket', headers: { 'x-amz-expected-bucket-owner': '000000000000' } },
    403,
    'AccessDenied',
  ],
  ['another account', { target: '/bucket', key: otherKey }, 403, 'AccessDenied'],
  ['a method that is not served', { method: 'PATCH', target: '/bucket/k' }, 405, 'MethodNotAllowed'],
  ['a sub-resource that is not served', { target: '/bucket?inventory&id=1' }, 501, 'NotImplemented'],
  ['a sub-resource under the wrong method', { method: 'DELETE', target: '/bucket/k?acl' }, 501, 'NotImplemented'],
  [
    'too much metadata',
    { method: 'PUT', target: '/bucket/k', body: 'x', headers: { 'x-amz-meta-a': 'x'.repeat(3000) } },
    400,
    'MetadataTooLarge',
  ],
  [
    'a negative length',
    { method: 'PUT', target: '/bucket/k?partNumber=-1&uploadId=x', body: 'x' },
    400,
    'InvalidArgument',
  ],
] as const)('%s is refused with the code of S3 and leaves no trace', async (_, request, status, code) => {
  const services = await withBucket()
  const answer = await s3Request(services.url, request)
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
  await expectNoTrace(services)
})

test('a bucket named by the host instead of the path is the same bucket', async () => {
  const services = await withBucket()
  const host = `bucket.s3.localhost:${new URL(services.url).port}`
  expect((await s3Request(services.url, { method: 'PUT', target: '/a/b', headers: { host }, body: 'x' })).status).toBe(
    200,
  )
  expect((await s3Request(services.url, { target: '/bucket/a/b' })).body).toBe('x')
  expect((await s3Request(services.url, { target: '/?list-type=2', headers: { host } })).body).toContain(
    '<Key>a/b</Key>',
  )
})

test('a page of another origin may call a bucket only by the rules that its owner put', async () => {
  const services = await withBucket()
  const page = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }
  await s3Request(services.url, { method: 'PUT', target: '/bucket/k', body: 'x' })
  expect(codeOf(await s3Request(services.url, { target: '/bucket/k', headers: page }))).toBe('AccessDenied')
  const rules =
    '<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>' +
    '<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>'
  expect((await s3Request(services.url, { method: 'PUT', target: '/bucket?cors', body: rules })).status).toBe(200)
  const got = await s3Request(services.url, { target: '/bucket/k', headers: page })
  expect([
    got.status,
    got.headers['access-control-allow-origin'],
    got.headers['access-control-expose-headers'],
  ]).toEqual([200, page.origin, 'ETag'])
  const preflight = await s3Request(services.url, {
    method: 'OPTIONS',
    target: '/bucket/k',
    headers: { ...page, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-amz-date' },
  })
  expect([
    preflight.status,
    preflight.headers['access-control-allow-headers'],
    preflight.headers['access-control-max-age'],
  ]).toEqual([200, 'x-amz-date', '60'])
  expect(codeOf(await s3Request(services.url, { method: 'DELETE', target: '/bucket/k', headers: page }))).toBe(
    'AccessDenied',
  )
  expect(
    codeOf(await s3Request(services.url, { target: '/bucket/k', headers: { origin: 'https://example.evil' } })),
  ).toBe('AccessDenied')
})

test.each(['DELETE', 'GET', 'HEAD'])(
  '%s of a version whose id no header can carry is refused, not left without an answer',
  async (method) => {
    const services = await withBucket()
    for (const id of ['%F3%BF%AD%AB', 'a%0D%0Ab', '%00', 'x'.repeat(3000)]) {
      expect((await s3Request(services.url, { method, target: `/bucket/k?versionId=${id}` })).status).toBe(400)
    }
  },
)

test('what a presigned URL does not cover cannot be added to it, nor can it live for more than a week', async () => {
  const services = await withBucket()
  const url = (expiresSeconds: number, target = '/bucket/k'): string =>
    presignUrl({
      method: 'PUT',
      url: new URL(target, services.url),
      credentials: testKey,
      region: 'us-east-1',
      service: 's3',
      date: new Date(),
      expiresSeconds,
    })
  const put = async (expiresSeconds: number, headers: Record<string, string>): Promise<[number, string]> => {
    const answer = await fetch(url(expiresSeconds), { method: 'PUT', body: 'k', headers })
    return [answer.status, await answer.text()]
  }
  const [status, text] = await put(600, { 'x-amz-tagging': 'a=b', 'x-amz-storage-class': 'STANDARD' })
  expect(status).toBe(403)
  expect(text).toContain(
    '<Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message><HeadersNotSigned>x-amz-tagging, x-amz-storage-class</HeadersNotSigned>',
  )
  const [tooLong, because] = await put(604_801, {})
  expect(tooLong).toBe(400)
  expect(because).toContain(
    '<Code>AuthorizationQueryParametersError</Code><Message>X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds</Message>',
  )
  await expectNoTrace(services)
  expect((await put(600, {}))[0]).toBe(200)
  // What it does cover counts, though the client does not send it: SDKs write signed headers into the query.
  const carrying = url(600, '/bucket/carried?x-amz-meta-a=b&x-amz-tagging=c%3Dd&x-amz-checksum-crc32=AAAAAA%3D%3D')
  expect((await fetch(carrying, { method: 'PUT', body: 'k' })).status).toBe(200)
  const { headers } = await s3Request(services.url, { target: '/bucket/carried' })
  expect([headers['x-amz-meta-a'], headers['x-amz-tagging-count']]).toEqual(['b', '1'])
})
