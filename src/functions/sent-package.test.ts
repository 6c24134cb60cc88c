import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { systemClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { Blobs } from '../store/blobs.ts'
import { realFiles } from '../store/files.ts'
import { SentPackage, type PutBlob } from './sent-package.ts'

const large = randomBytes(5_000_000)

async function openStore(): Promise<{ folder: string; blobs: Blobs; put: PutBlob }> {
  const folder = temporaryFolder()
  const blobs = await Blobs.open({ folder, clock: systemClock })
  onTestFinished(() => blobs.close())
  return { folder, blobs, put: (body, options) => blobs.put(body, options) }
}

/** As a request's body is decoded. */
async function send(sent: SentPackage, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 49_152) await sent.take(bytes.subarray(at, at + 49_152).toString('base64'))
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

test.each([
  ['small', large.subarray(0, 1000)],
  ['large', large],
])('a %s package is a blob once it was accepted', async (_, bytes) => {
  const { blobs, put } = await openStore()
  const sent = new SentPackage(put)
  await send(sent, bytes)
  sent.end()
  expect(sent.bytes).toBe(bytes.length)
  const { digest } = await sent.accept(put)
  expect(digest).toBe(sha256(bytes))
  expect(Buffer.compare(await readFile(blobs.localPath(digest)), bytes)).toBe(0)
  sent.discard()
  expect(await blobs.has(digest)).toBe(true)
})

test.each([1_100_000, 1_210_073, 2_200_000, 3_500_000])(
  'a package of %i bytes arrives when pieces come faster than the disk takes them, whoever of them is waited for',
  async (bytes) => {
    const { put } = await openStore()
    const sent = new SentPackage(put)
    const promises: (Promise<void> | undefined)[] = []
    for (let at = 0; at < bytes; at += 49_152) {
      promises.push(sent.take(large.subarray(at, Math.min(bytes, at + 49_152)).toString('base64')))
    }
    promises.push(sent.take(''))
    sent.end()
    await Promise.all(promises)
    expect((await sent.accept(put)).digest).toBe(sha256(large.subarray(0, bytes)))
  },
)

test('a large package is on its way to the disk before its last piece came', async () => {
  const { folder, put } = await openStore()
  const sent = new SentPackage(put)
  await send(sent, large)
  expect(filesIn(folder)).toHaveLength(1)
  sent.end()
  await sent.accept(put)
})

test.each([
  ['in the middle', false],
  ['when all of it had come', true],
])('a large package that is refused %s leaves nothing', async (_, isWhole) => {
  const { folder, put } = await openStore()
  const stores: Promise<unknown>[] = []
  const sent = new SentPackage((body, options) => {
    const stored = put(body, options)
    stores.push(stored)
    return stored
  })
  await send(sent, large)
  if (isWhole) sent.end()
  sent.discard()
  await Promise.allSettled(stores)
  expect(stores).toHaveLength(1)
  expect(filesIn(folder)).toEqual([])
})

test('a full disk does not hold up the request, and is told when the package is accepted', async () => {
  const folder = temporaryFolder()
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  const files = {
    ...realFiles,
    create: async (path: string) => {
      const file = await realFiles.create(path)
      return {
        write: () => Promise.reject(full),
        writeBack: () => file.writeBack(),
        touch: (ms: number) => file.touch(ms),
        sync: () => file.sync(),
        close: () => file.close(),
      }
    },
  }
  const blobs = await Blobs.open({ folder, clock: systemClock, files })
  onTestFinished(() => blobs.close())
  const put: PutBlob = (body, options) => blobs.put(body, options)
  const sent = new SentPackage(put)
  await send(sent, large)
  sent.end()
  await expect(sent.accept(put)).rejects.toThrow(/no space is left/)
  expect(filesIn(folder)).toEqual([])
})
