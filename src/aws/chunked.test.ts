import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { newChecksum } from './checksums.ts'
import { decodeAwsChunked, type ChunkedOptions } from './chunked.ts'
import { bodyLengthMismatch, checksumMismatch, chunkSignatureMismatch, malformedChunk } from './errors.ts'
import { emptyPayloadHash, signText } from './sigv4.ts'

const seed = {
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  amzDate: '20130524T000000Z',
  scope: { date: '20130524', region: 'us-east-1', service: 's3' },
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const signed: ChunkedOptions = { payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', seed, trailers: [] }
const unsigned: ChunkedOptions = { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', trailers: ['x-amz-checksum-crc32'] }

/** The documentation's example: 65 KiB of `a` in chunks of 64 KiB and 1 KiB. */
const documented =
  `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${'a'.repeat(65_536)}\r\n` +
  `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${'a'.repeat(1024)}\r\n` +
  `0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n`

async function decode(body: string, options: ChunkedOptions, pieceBytes = 1000): Promise<string> {
  const bytes = Buffer.from(body, 'latin1')
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  )
  const stream = Readable.from(pieces, { objectMode: false }).pipe(decodeAwsChunked(options))
  let text = ''
  for await (const chunk of stream) text += (chunk as Buffer).toString('latin1')
  return text
}

function withTrailer(crc: string): string {
  return `5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function crc32Of(text: string): string {
  const checksum = newChecksum('crc32')
  checksum.update(Buffer.from(text))
  return checksum.digest()
}

test('signed chunks give their bytes, however the network cuts them', async () => {
  for (const pieceBytes of [1, 7, 5000, 1_000_000])
    expect(await decode(documented, signed, pieceBytes)).toBe('a'.repeat(66_560))
})

test('a changed byte in a signed chunk is refused, and nothing of that chunk gets out', async () => {
  const changed = documented.replace('\r\naaa', '\r\naba')
  const stream = Readable.from([Buffer.from(changed)], { objectMode: false }).pipe(decodeAwsChunked(signed))
  let bytes = 0
  await expect(
    (async () => {
      for await (const chunk of stream) bytes += (chunk as Buffer).length
    })(),
  ).rejects.toSatisfy(chunkSignatureMismatch.is)
  expect(bytes).toBe(0)
})

test('a signed body with an unsigned chunk is refused', async () => {
  await expect(decode('1\r\na\r\n0\r\n\r\n', signed)).rejects.toSatisfy(chunkSignatureMismatch.is)
})

test('an unsigned body is checked against the checksum in its trailer', async () => {
  expect(await decode(withTrailer(crc32Of('hello!')), unsigned)).toBe('hello!')
  await expect(decode(withTrailer(crc32Of('hello?')), unsigned)).rejects.toSatisfy(checksumMismatch.is)
  await expect(decode('1\r\na\r\n0\r\n\r\n', unsigned)).rejects.toSatisfy(checksumMismatch.is)
})

test('a signed trailer is checked too', async () => {
  const link = (kind: string, previous: string, hashes: string): string =>
    signText(
      `${kind}\n${seed.amzDate}\n20130524/us-east-1/s3/aws4_request\n${previous}\n${hashes}`,
      seed.secretAccessKey,
      seed.scope,
    )
  const first = link('AWS4-HMAC-SHA256-PAYLOAD', seed.signature, `${emptyPayloadHash}\n${hash('hello')}`)
  const last = link('AWS4-HMAC-SHA256-PAYLOAD', first, `${emptyPayloadHash}\n${emptyPayloadHash}`)
  const trailer = `x-amz-checksum-crc32:${crc32Of('hello')}`
  const end = link('AWS4-HMAC-SHA256-TRAILER', last, hash(`${trailer}\n`))
  const body = (signature: string): string =>
    `5;chunk-signature=${first}\r\nhello\r\n0;chunk-signature=${last}\r\n${trailer}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`
  const options: ChunkedOptions = {
    ...signed,
    payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    trailers: ['x-amz-checksum-crc32'],
  }
  expect(await decode(body(end), options)).toBe('hello')
  await expect(decode(body('0'.repeat(64)), options)).rejects.toSatisfy(chunkSignatureMismatch.is)
})

const plain: ChunkedOptions = { ...unsigned, trailers: [] }
test.each([
  ['cut off in a chunk', '5\r\nhel', malformedChunk],
  ['cut off before the last chunk', '5\r\nhello\r\n', malformedChunk],
  ['a size that is no number', 'x\r\n', malformedChunk],
  ['a negative size', '-5\r\nhello\r\n', malformedChunk],
  ['a chunk longer than its size', '2\r\nhello\r\n0\r\n\r\n', malformedChunk],
  ['bytes after the end', '0\r\n\r\nmore', malformedChunk],
  ['a line without end', 'a'.repeat(9000), malformedChunk],
  ['another length than announced', '2\r\nhi\r\n0\r\n\r\n', bodyLengthMismatch],
])('refused: %s', async (_, body, error) => {
  await expect(decode(body, { ...plain, decodedLength: 5 })).rejects.toSatisfy(error.is)
})
