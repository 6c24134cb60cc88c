import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { SentPackage } from '../../functions/sent-package.ts'
import { Blobs } from '../../store/blobs.ts'
import { requestTooLarge } from '../http/errors.ts'
import type { CodeBody } from './code-body.ts'
import { LargeCodeBodies } from './large-code-body.ts'
import { malformedJson } from './validation/read-input.ts'

const zip = randomBytes(7_654_321)
const base64 = zip.toString('base64')
const folder = mkdtempSync(join(tmpdir(), 'zipyard-large-'))
const bodies = new LargeCodeBodies()
let blobs: Blobs
beforeAll(async () => {
  blobs = await Blobs.open({ folder, clock: systemClock })
})
afterAll(async () => {
  await Promise.all([bodies.stop(), blobs.close()])
  rmSync(folder, { recursive: true })
})

const receive = (): SentPackage => new SentPackage((body, put) => blobs.put(body, put))
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/** Sends a body as the network cuts it; the pieces are given away. */
async function send(text: string, pieceBytes = 65_536): Promise<CodeBody> {
  const bytes = Buffer.from(text)
  const large = bodies.open()
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const piece = Buffer.from(new Uint8Array(bytes.subarray(from, from + pieceBytes)).buffer)
    await large.take(piece)
  }
  expect(await large.end()).toBe(sha256(bytes))
  return large.read(receive)
}

async function bytesOf(sent: unknown): Promise<Buffer> {
  const { digest } = await (sent as SentPackage).accept((body, put) => blobs.put(body, put))
  return readFile(blobs.localPath(digest))
}

const filesOnTheWay = (): string[] => readdirSync(join(folder, 'blobs', 'tmp'))

test('the package of a large body comes back decoded, and the rest of the JSON', async () => {
  for (const pieceBytes of [1013, 65_536, 3_000_000]) {
    const { input, discard } = await send(JSON.stringify({ FunctionName: 'f', Code: { ZipFile: base64 } }), pieceBytes)
    expect(input).toMatchObject({ FunctionName: 'f' })
    const { ZipFile } = input['Code'] as { ZipFile: SentPackage }
    expect(ZipFile.bytes).toBe(zip.length)
    expect((await bytesOf(ZipFile)).equals(zip)).toBe(true)
    discard()
  }
})

test('several bodies at once, with small packages and large ones, do not mix', async () => {
  const packages = [zip, zip.subarray(1), Buffer.from('small'), zip.subarray(0, 1_048_577)]
  const read = await Promise.all(packages.map((one) => send(JSON.stringify({ ZipFile: one.toString('base64') }))))
  for (const [index, { input }] of read.entries())
    expect((await bytesOf(input['ZipFile'])).equals(packages[index]!)).toBe(true)
})

test('of a repeated member the last wins, line ends and escapes are undone, and what was not accepted leaves nothing', async () => {
  const escaped = (base64.slice(0, 7600) + '\r\n' + base64.slice(7600)).replaceAll('/', String.raw`\/`).replace('\r\n', String.raw`\r\n`) // prettier-ignore
  const { input, discard } = await send(`{"ZipFile":"${base64.slice(400)}","ZipFile":"${escaped}"}`, 4099)
  expect((await bytesOf(input['ZipFile'])).equals(zip)).toBe(true)
  discard()
  await expect.poll(filesOnTheWay).toEqual([])
})

test.each([
  ['not JSON', `{"ZipFile":"${base64}"`, malformedJson],
  ['a string without an end', `{"ZipFile":"${base64}`, malformedJson],
  ['too much around the package', JSON.stringify({ ZipFile: base64, Description: 'x'.repeat(2_000_000) }), requestTooLarge], // prettier-ignore
])('%s is refused and leaves nothing', async (_, text, error) => {
  await expect(send(text)).rejects.toSatisfy(error.is)
  await expect.poll(filesOnTheWay).toEqual([])
})

test('who sends faster than the thread takes it waits, and is let go on when the body is discarded', async () => {
  const large = bodies.open()
  let waiting: Promise<void> | undefined
  for (let pieces = 0; !waiting && pieces < 10_000; pieces += 1)
    waiting = large.take(Buffer.from(new ArrayBuffer(65_536)))
  expect(waiting).toBeDefined()
  large.discard()
  await waiting
  large.discard()
  expect(large.take(Buffer.from('x'))).toBeUndefined()
})

test('when the thread ends, who waits for it is told, and the next body finds another', async () => {
  const [first, second] = [bodies.open(), bodies.open()]
  await first.take(Buffer.from(JSON.stringify({ ZipFile: base64 })))
  await first.end()
  // All in one turn: what it decodes has to be taken from it before it comes to the second, so it answers neither.
  const answers = [first.read(receive), second.end()]
  const told = answers.map((answer) => expect(answer).rejects.toThrow('the thread that reads packages ended'))
  await Promise.all([bodies.stop(), ...told])
  expect((await send(JSON.stringify({ ZipFile: base64 }))).input['ZipFile']).toBeInstanceOf(SentPackage)
})
