import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { SentPackage } from '../../functions/sent-package.ts'
import { requestTooLarge } from '../http/errors.ts'
import { readCodeBody } from './code-body.ts'
import { malformedJson } from './validation/read-input.ts'

const zip = randomBytes(100_003)
const base64 = zip.toString('base64')

async function read(text: string, pieceBytes = 10_000): Promise<Record<string, unknown>> {
  const bytes = Buffer.from(text)
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  )
  const body = Readable.from(pieces, { objectMode: false })
  return { ...(await readCodeBody(body, () => new SentPackage())).input }
}

async function bytesOf(value: unknown): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0)
  await (value as SentPackage).accept(async (body) => {
    for await (const piece of body) bytes = Buffer.concat([bytes, piece])
    return { digest: '', bytes: bytes.length, digests: {} }
  })
  return bytes
}

test('the package is taken out wherever the network cuts the body', async () => {
  for (const pieceBytes of [7, 4096, 1_000_000]) {
    const input = await read(JSON.stringify({ FunctionName: 'f', Code: { ZipFile: base64 }, Timeout: 3 }), pieceBytes)
    expect(input).toMatchObject({ FunctionName: 'f', Timeout: 3 })
    expect((await bytesOf((input['Code'] as { ZipFile: unknown }).ZipFile)).equals(zip)).toBe(true)
  }
})

test('escaped slashes and line ends in the base64 are undone', async () => {
  const escaped = base64.replaceAll(/(.{76})/g, '$1\\n').replaceAll('/', '\\/')
  const input = await read(`{"ZipFile":"${escaped}"}`, 13)
  expect((await bytesOf(input['ZipFile'])).equals(zip)).toBe(true)
})

test('a string of that name anywhere else stays a string', async () => {
  const input = await read(
    JSON.stringify({ Environment: { Variables: { ZipFile: 'eA==' } }, Tags: { a: '"ZipFile":"x"', b: '\\' } }),
  )
  expect(input).toEqual({ Environment: { Variables: { ZipFile: 'eA==' } }, Tags: { a: '"ZipFile":"x"', b: '\\' } })
})

test('of a repeated member the last wins, as in any JSON', async () => {
  const input = await read(
    `{"ZipFile":"${Buffer.from('one').toString('base64')}","ZipFile":"${Buffer.from('two').toString('base64')}"}`,
  )
  expect((await bytesOf(input['ZipFile'])).toString()).toBe('two')
})

test('an object in place of the package is left for the types to refuse', async () => {
  expect(await read('{"ZipFile":{"chunks":[]}}')).toEqual({ ZipFile: { chunks: [] } })
})

test.each(['{"ZipFile":"eA=="', '{"ZipFile":"eA==}', '{"a":tru}', '[}', '\u0000'])('not JSON: %j', async (text) => {
  await expect(read(text)).rejects.toSatisfy(malformedJson.is)
})

test('a large body around the package is refused before it is held', async () => {
  await expect(read(JSON.stringify({ Description: 'x'.repeat(2_000_000) }))).rejects.toSatisfy(requestTooLarge.is)
})
