import { array, assert, asyncProperty, constantFrom, dictionary, oneof, option, record, string } from 'fast-check'
import { expect, test } from 'vitest'
import { refusedSubresources, s3Operations } from '../../src/api/s3/s3-operations.ts'
import { seed } from '../kit/cases.ts'
import { s3Request } from '../kit/s3-request.ts'
import { startSideServices } from '../kit/side-services.ts'

const runs = Number(process.env['ZIPYARD_FUZZ_RUNS'] ?? 300)

const methods = constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS')
const subresources = [
  ...new Set([...s3Operations.flatMap((one) => [one.subresource, one.needs?.query]), ...refusedSubresources]),
].filter((name) => name !== undefined)
const parameters = [
  ...subresources,
  'prefix',
  'delimiter',
  'marker',
  'max-keys',
  'start-after',
  'continuation-token',
  'encoding-type',
  'versionId',
  'key-marker',
  'version-id-marker',
  'max-uploads',
  'part-number-marker',
  'response-content-type',
  'max-buckets',
  'bucket-region',
]
const values = oneof(
  string(),
  string({ unit: 'binary' }),
  constantFrom(
    '',
    '0',
    '-1',
    '1',
    '2',
    '99999999999',
    'null',
    'url',
    '../..',
    '%',
    '\u0000',
    'true',
    '\ud7ff',
    'a'.repeat(3000),
  ),
)
const headerValues = oneof(
  string({ unit: constantFrom(...' !"#$%&\'()*+,-./0129:;<=>?@AZaz[]^_{|}~') }),
  constantFrom(
    'bytes=0-',
    'bytes=-1',
    'bytes=5-1',
    '*',
    'COPY',
    'REPLACE',
    '/bucket/k',
    'bucket/k?versionId=null',
    'CRC32',
    'SHA512',
    'COMPOSITE',
    'Sun, 22 Nov 2026 12:00:00 GMT',
    'AAAAAA==',
    'true',
    '-1',
    'x'.repeat(5000),
  ),
)
const headerNames = constantFrom(
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'content-md5',
  'content-type',
  'content-encoding',
  'expires',
  'x-amz-acl',
  'x-amz-copy-source',
  'x-amz-copy-source-range',
  'x-amz-metadata-directive',
  'x-amz-tagging',
  'x-amz-tagging-directive',
  'x-amz-storage-class',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-crc32',
  'x-amz-checksum-sha1',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
  'x-amz-meta-a',
  'x-amz-expected-bucket-owner',
  'x-amz-mp-object-size',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'origin',
  'x-amz-bucket-object-lock-enabled',
)
const words = [
  'Delete',
  'Object',
  'Key',
  'VersionId',
  'Quiet',
  'Tagging',
  'TagSet',
  'Tag',
  'Value',
  'CompleteMultipartUpload',
  'Part',
  'PartNumber',
  'ETag',
  'VersioningConfiguration',
  'Status',
  'CORSConfiguration',
  'CORSRule',
  'AllowedOrigin',
  'AllowedMethod',
  'CreateBucketConfiguration',
  'LocationConstraint',
  'LifecycleConfiguration',
]
const documents = array(
  oneof(
    constantFrom(...words).map((word) => `<${word}>`),
    constantFrom(...words).map((word) => `</${word}>`),
    constantFrom(...words).map((word) => `<${word}/>`),
    string(),
    constantFrom('Enabled', '1', 'k', '&amp;', '<!DOCTYPE a>', '<![CDATA[x]]>', '<?xml version="1.0"?>'),
  ),
).map((parts) => parts.join(''))
const wellFormed = record({
  root: constantFrom(...words),
  inner: constantFrom(...words),
  leaf: constantFrom(...words),
  text: constantFrom('Enabled', 'Suspended', 'k', '1', '', 'true'),
}).map(
  ({ root, inner, leaf, text }) =>
    `<${root}><${inner}><${leaf}>${text}</${leaf}></${inner}><${leaf}>${text}</${leaf}></${root}>`,
)

const requests = record({
  method: methods,
  bucket: constantFrom('bucket', 'bucket', 'bucket', 'other', '', 'A', '..', 'a%00b'),
  key: option(
    oneof(
      constantFrom('k', 'k', 'a/b', '%2e%2e', '%00', '%ff'),
      string().map((text) => encodeURIComponent(Buffer.from(text).toString())),
    ),
    {
      nil: undefined,
    },
  ),
  query: dictionary(constantFrom(...parameters), values, { maxKeys: 3 }),
  headers: dictionary(headerNames, headerValues, { maxKeys: 3 }),
  body: oneof(constantFrom(''), string(), documents, wellFormed, constantFrom('{"Statement":[]}')),
})

test(
  `${runs} requests that no SDK would send are answered, none as a defect of ours`,
  { timeout: 60_000 + runs * 200 },
  async () => {
    const services = await startSideServices()
    await s3Request(services.url, { method: 'PUT', target: '/bucket' })
    await assert(
      asyncProperty(requests, async ({ method, bucket, key, query, headers, body }) => {
        const encoded = Object.entries(query).map(
          ([name, value]) => `${name}=${encodeURIComponent(Buffer.from(value).toString())}`,
        )
        const path = key === undefined ? `/${bucket}` : `/${bucket}/${key}`
        const answer = await s3Request(services.url, {
          method,
          target: encoded.length > 0 ? `${path}?${encoded.join('&')}` : path,
          headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim() || 'x'])),
          body,
        })
        expect([answer.status, answer.body]).toSatisfy(([status]: [number, string]) => status < 500 || status === 501)
        await s3Request(services.url, { method: 'PUT', target: '/bucket/k', body: 'k' })
      }),
      { numRuns: runs, ...seed },
    )
    expect((await s3Request(services.url, { target: '/bucket/k' })).status).toBeLessThan(500)
  },
)
