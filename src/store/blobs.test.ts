import { EventEmitter, once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { Blobs, ownerlessGraceMs } from './blobs.ts'
import { blobMismatch, blobMissing, storeFull } from './errors.ts'
import { realFiles } from './files.ts'
import { inlineLimit } from './hashing.ts'

const clock = new ManualClock()
const openIn = (folder: string): Promise<Blobs> => Blobs.open({ folder, clock })
const filesIn = (folder: string): string[] =>
  readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
const textOf = async (stream: Readable): Promise<string> => Buffer.concat(await stream.toArray()).toString()

test('a body is kept under its own digest and read back, whole or in part', async () => {
  const blobs = await openIn(temporaryFolder())
  const { digest, bytes } = await blobs.put(Readable.from([Buffer.from('hello '), Buffer.from('world')]))
  expect({ digest, bytes }).toEqual({ digest: sha256('hello world'), bytes: 11 })
  expect(await textOf(await blobs.read(digest))).toBe('hello world')
  expect(await textOf(await blobs.read(digest, 6))).toBe('world')
  expect(await textOf(await blobs.read(digest, 3, 5))).toBe('lo wo')
  expect(await textOf(await blobs.read(digest, 3, 0))).toBe('')
  expect(await readFile(blobs.localPath(digest), 'utf8')).toBe('hello world')
  expect(await blobs.has(digest)).toBe(true)
  await blobs.close()
})

test.each([
  ['empty', 0],
  ['just what is digested inline', inlineLimit],
  ['one byte more', inlineLimit + 1],
  ['many chunks', 5 * inlineLimit + 12_345],
])('a body of %s bytes has the digests of its bytes', async (_, size) => {
  const blobs = await openIn(temporaryFolder())
  const body = Buffer.from(Array.from({ length: 1021 }, (_, index) => index & 255))
  const whole = Buffer.alloc(size, body)
  // In pieces of many sizes, as a socket gives them.
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0, length = 1; at < size; at += length, length = (length * 3) % 200_003)
      yield whole.subarray(at, at + length)
  }
  const stored = await blobs.put(Readable.from(pieces()), { also: ['md5', 'crc32'] })
  expect(stored.bytes).toBe(size)
  expect(stored.digest).toBe(sha256(whole))
  expect(stored.digests.md5).toHaveLength(32)
  expect(await blobs.put(whole, { also: ['md5', 'crc32'] })).toEqual(stored)
  expect(Buffer.compare(await readFile(blobs.localPath(stored.digest)), whole)).toBe(0)
  await blobs.close()
})

test('many large bodies at once do not mix', async () => {
  const blobs = await openIn(temporaryFolder())
  const bodies = Array.from({ length: 6 }, (_, index) => Buffer.alloc(2 * inlineLimit + index, index + 1))
  const stored = await Promise.all(bodies.map((body) => blobs.put(body)))
  expect(stored.map((blob) => blob.digest)).toEqual(bodies.map((body) => sha256(body)))
  await blobs.close()
})

test('a body that breaks off leaves no trace, and its error is told', async () => {
  const folder = temporaryFolder()
  const blobs = await openIn(folder)
  const broken = Readable.from(
    (async function* () {
      yield Buffer.alloc(3 * inlineLimit)
      throw new Error('aborted')
    })(),
  )
  await expect(blobs.put(broken)).rejects.toThrow('aborted')
  expect(filesIn(folder)).toEqual([])
  await blobs.close()
})

test('a body that fails before anybody reads it is an error of the upload and not of the process', async () => {
  const folder = temporaryFolder()
  const blobs = await openIn(folder)
  const body = new PassThrough()
  const put = blobs.put(body)
  body.destroy(new Error('gone at once'))
  await expect(put).rejects.toThrow('gone at once')
  expect(filesIn(folder)).toEqual([])
  await blobs.close()
})

test('a full disk is told as one, and the body is let go of', async () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
  const files = { ...realFiles, create: () => Promise.reject(full) }
  const blobs = await Blobs.open({ folder: temporaryFolder(), clock, files })
  const body = new PassThrough()
  await expect(blobs.put(body)).rejects.toSatisfy(storeFull.is)
  expect(body.destroyed).toBe(true)
  await blobs.close()
})

test('a body that is not what was announced leaves no trace', async () => {
  const folder = temporaryFolder()
  const blobs = await openIn(folder)
  await expect(blobs.put(Buffer.from('abc'), { expected: { bytes: 4 } })).rejects.toSatisfy(blobMismatch.is)
  await expect(blobs.put(Buffer.from('abc'), { expected: { digest: sha256('abd') } })).rejects.toSatisfy(
    blobMismatch.is,
  )
  const refused = blobs.put(Buffer.from('abc'), {
    check() {
      throw new Error('wrong MD5')
    },
  })
  await expect(refused).rejects.toThrow('wrong MD5')
  expect(filesIn(folder)).toEqual([])
  await blobs.close()
})

test('what a killed service left half-written is removed at the next open', async () => {
  const folder = temporaryFolder()
  const blobs = await openIn(folder)
  const gate = new EventEmitter()
  const stuck = Readable.from(
    (async function* () {
      yield Buffer.alloc(3 * inlineLimit)
      gate.emit('reached')
      await once(gate, 'release')
    })(),
  )
  const reached = once(gate, 'reached')
  const put = blobs.put(stuck)
  await reached
  expect(filesIn(folder)).toHaveLength(1)
  const next = await openIn(folder)
  expect(filesIn(folder)).toEqual([])
  gate.emit('release')
  await expect(put).rejects.toThrow('ENOENT')
  await Promise.all([blobs.close(), next.close()])
})

test('only a digest names a blob', async () => {
  const blobs = await openIn(temporaryFolder())
  for (const name of ['../catalog.db', '', 'A'.repeat(64), `${'a'.repeat(63)}/`]) {
    expect(() => blobs.localPath(name)).toThrow(expect.toSatisfy(blobMissing.is))
    await expect(blobs.read(name)).rejects.toSatisfy(blobMissing.is)
  }
  await expect(blobs.read(sha256('never stored'))).rejects.toSatisfy(blobMissing.is)
  await blobs.close()
})

test('collecting removes what nobody owns, once it is older than any request', async () => {
  const folder = temporaryFolder()
  const time = new ManualClock()
  const blobs = await Blobs.open({ folder, clock: time })
  const owned = await blobs.put(Buffer.from('owned'))
  const ownerless = await blobs.put(Buffer.from('ownerless'))
  const owners = async (): Promise<Set<string>> => new Set([owned.digest])
  expect(await blobs.collect(owners)).toEqual([])
  await time.advance(ownerlessGraceMs)
  expect(await blobs.collect(owners)).toEqual([ownerless.digest])
  expect([await blobs.has(owned.digest), await blobs.has(ownerless.digest)]).toEqual([true, false])
  await blobs.close()
})

test('storing bytes again saves their blob from a collection that already chose it', async () => {
  const time = new ManualClock()
  const blobs = await Blobs.open({ folder: temporaryFolder(), clock: time })
  const { digest } = await blobs.put(Buffer.from('again'))
  await time.advance(2 * ownerlessGraceMs)
  const removed = await blobs.collect(async (candidates) => {
    expect(candidates).toEqual([digest])
    await blobs.put(Buffer.from('again'))
    return new Set()
  })
  expect(removed).toEqual([])
  expect(await blobs.has(digest)).toBe(true)
  await blobs.close()
})

test('touching a blob before naming it again saves it too, and says when it is gone', async () => {
  const time = new ManualClock()
  const blobs = await Blobs.open({ folder: temporaryFolder(), clock: time })
  const { digest } = await blobs.put(Buffer.from('named again'))
  await time.advance(2 * ownerlessGraceMs)
  expect(await blobs.touch(digest)).toBe(true)
  expect(await blobs.collect(async () => new Set())).toEqual([])
  await blobs.remove(digest)
  expect(await blobs.touch(digest)).toBe(false)
  await blobs.close()
})

test('a reader keeps what it opened when the blob is removed', async () => {
  const blobs = await openIn(temporaryFolder())
  const { digest } = await blobs.put(Buffer.from('still here'))
  const stream = await blobs.read(digest)
  await blobs.remove(digest)
  expect(await textOf(stream)).toBe('still here')
  expect(await blobs.has(digest)).toBe(false)
  await blobs.close()
})

test('nobody but the owner of the data folder can read a blob', async () => {
  const blobs = await openIn(temporaryFolder())
  const { digest } = await blobs.put(Buffer.from('secret'))
  expect(statSync(blobs.localPath(digest)).mode & 0o077).toBe(0)
  await blobs.close()
})
