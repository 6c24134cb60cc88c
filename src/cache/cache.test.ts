import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { ManualClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { blobPath, openCache } from './cache.ts'
import { entryPath } from './entry-file.ts'
import { exportCache, importCache } from './cache-archive.ts'
import { cacheFolder } from './cache-folder.ts'
import { findSealedSync } from './find-sealed.ts'
import { cacheInfo, listCache } from './inventory.ts'
import { pruneCache } from './prune.ts'

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half')
  throw new Error('the cable was pulled')
}

test('a blob is found by its digest, byte for byte', async () => {
  const cache = openCache(temporaryFolder())
  const stored = await cache.storeBlob(chunks('hello ', 'world'), {
    hashes: { sha256: sha256('hello world') },
    sizeBytes: 11,
  })
  expect(stored).toMatchObject({ digest: sha256('hello world'), sizeBytes: 11 })
  const path = await cache.findBlob(stored.digest)
  expect(readFileSync(path!, 'utf8')).toBe('hello world')
  expect(statSync(path!).mode & 0o777).toBe(0o644)
  expect(await cache.findBlob(sha256('other'))).toBeUndefined()
})

test('what is not what was expected is refused and leaves nothing behind', async () => {
  const folder = temporaryFolder()
  const cache = openCache(folder)
  const name = 'a-1.0-py3-none-any.whl'
  await expect(cache.storeBlob(chunks('x'), { hashes: { sha256: sha256('y') }, name })).rejects.toThrow(
    `\`${name}\` is not the file that was locked: its sha256 is \`${sha256('x')}\`, expected \`${sha256('y')}\``,
  )
  await expect(cache.storeBlob(chunks('x'), { hashes: { md5: '0'.repeat(32) }, name })).rejects.toThrow('its md5 is')
  await expect(cache.storeBlob(chunks('xy'), { sizeBytes: 3, name })).rejects.toThrow(
    `\`${name}\` ended after 2 of 3 bytes`,
  )
  await expect(cache.storeBlob(chunks('xy', 'z'), { sizeBytes: 2, name })).rejects.toThrow(
    `\`${name}\` is larger than the 2 bytes that were announced`,
  )
  expect(await listCache(folder)).toEqual([])
})

test('a source that fails leaves nothing behind, and its error comes through', async () => {
  const folder = temporaryFolder()
  await expect(openCache(folder).storeBlob(failing())).rejects.toThrow('the cable was pulled')
  expect(await listCache(folder)).toEqual([])
})

test('a blob that was cut or changed on disk is noticed, removed, and can be stored again', async () => {
  const folder = temporaryFolder()
  const cache = openCache(folder)
  const { digest, path } = await cache.storeBlob(chunks('hello world'))
  truncateSync(path, 5)
  expect(await cache.findBlob(digest)).toBeUndefined()
  expect(existsSync(path)).toBe(false)
  await cache.storeBlob(chunks('hello world'))
  writeFileSync(path, 'HELLO WORLD')
  expect(await cache.findBlob(digest)).toBeUndefined()
  await cache.storeBlob(chunks('hello world'))
  // The same size and the same time: only reading it tells.
  const { mtime } = statSync(path)
  writeFileSync(path, 'HELLO WORLD')
  utimesSync(path, mtime, mtime)
  expect(await cache.findBlob(digest)).toBe(path)
  expect(await cache.findBlob(digest, { verify: true })).toBeUndefined()
})

test('a blob that was only touched, or lost its seal, is kept after one look', async () => {
  const cache = openCache(temporaryFolder())
  const { digest, path } = await cache.storeBlob(chunks('hello world'))
  utimesSync(path, 1, 1)
  expect(await cache.findBlob(digest)).toBe(path)
  writeFileSync(`${path}.seal`, 'nonsense')
  expect(await cache.findBlob(digest)).toBe(path)
  expect(JSON.parse(readFileSync(`${path}.seal`, 'utf8'))).toEqual({ sizeBytes: 11, mtimeMs: 1000 })
})

test('an entry comes back as written, and a damaged one counts as absent', async () => {
  const folder = temporaryFolder()
  const cache = openCache(folder)
  await cache.writeEntry('resolution', 'any key: ü/../x', '{"a":1}')
  expect((await cache.readEntry('resolution', 'any key: ü/../x'))?.toString()).toBe('{"a":1}')
  expect(await cache.readEntry('wheel-facts', 'any key: ü/../x')).toBeUndefined()
  const path = entryPath(folder, 'resolution', 'any key: ü/../x')
  const bytes = readFileSync(path)
  bytes[2] = bytes[2]! ^ 1
  writeFileSync(path, bytes)
  expect(await cache.readEntry('resolution', 'any key: ü/../x')).toBeUndefined()
  expect(existsSync(path)).toBe(false)
  writeFileSync(path, 'short')
  expect(await cache.readEntry('resolution', 'any key: ü/../x')).toBeUndefined()
})

test('a folder that cannot be written is told by name', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), '')
  await expect(openCache(join(folder, 'file')).storeBlob(chunks('x'))).rejects.toThrow(
    /The cache `.*file.*` cannot be written \(`ENOTDIR`\)/,
  )
})

const mount = promisify(execFile)
const canMount = process.platform === 'linux' && process.getuid?.() === 0

test.runIf(canMount)('a full disk is told as such, and nothing half-written stays', async () => {
  const folder = temporaryFolder()
  try {
    await mount('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder])
  } catch {
    // A container may be root and still not mount.
    return
  }
  try {
    const large = openCache(folder).storeBlob(chunks(...Array.from({ length: 40 }, () => 'x'.repeat(10_000))))
    await expect(large).rejects.toThrow(`The disk of the cache \`${folder}\` is full`)
    expect(await listCache(folder)).toEqual([])
  } finally {
    await mount('umount', [folder])
  }
})

test.runIf(canMount)('a cache that may only be read is read, and what is damaged in it counts as absent', async () => {
  const folder = temporaryFolder()
  try {
    await mount('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  } catch {
    // As above.
    return
  }
  try {
    const cache = openCache(folder)
    const [good, touched, bad] = [
      await cache.storeBlob(chunks('a')),
      await cache.storeBlob(chunks('b')),
      await cache.storeBlob(chunks('c')),
    ]
    utimesSync(touched.path, 1, 1)
    writeFileSync(bad.path, 'cc')
    await mount('mount', ['-o', 'remount,ro', folder])
    expect(await cache.findBlob(good.digest)).toBe(good.path)
    expect(await cache.findBlob(touched.digest)).toBe(touched.path)
    expect(await cache.findBlob(bad.digest)).toBeUndefined()
    await expect(cache.storeBlob(chunks('c'))).rejects.toThrow(`The cache \`${folder}\` cannot be written (\`EROFS\`)`)
  } finally {
    await mount('umount', [folder])
  }
})

test('three processes that store the same blobs at once end with one whole copy of each', async () => {
  const folder = temporaryFolder()
  const program = `
import { openCache } from ${JSON.stringify(resolve(import.meta.dirname, 'cache.ts'))}
async function* bytes(n) { for (let i = 0; i < 40; i++) { yield Buffer.alloc(10_000, n); await new Promise((done) => setImmediate(done)) } }
const cache = openCache(${JSON.stringify(folder)})
for (let n = 0; n < 10; n++) {
  const { digest } = await cache.storeBlob(bytes(n), { sizeBytes: 400_000 })
  if (!await cache.findBlob(digest, { verify: true })) throw new Error('not found')
  await cache.writeEntry('resolution', 'key', 'value')
  if ((await cache.readEntry('resolution', 'key'))?.toString() !== 'value') throw new Error('no entry')
}
`
  const script = join(temporaryFolder(), 'store.mts')
  writeFileSync(script, program)
  const run = promisify(execFile)
  const tsx = resolve(import.meta.dirname, '../../node_modules/tsx/dist/cli.mjs')
  await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, [tsx, script])))
  const info = await cacheInfo(folder)
  expect(info.kinds).toEqual([
    { kind: 'blobs', files: 10, sizeBytes: 4_000_000 },
    { kind: 'resolution', files: 1, sizeBytes: 5 + 32 },
  ])
})

test('pruning takes what was not used for so long, then what was used longest ago, and what dead processes left', async () => {
  const folder = temporaryFolder()
  const cache = openCache(folder)
  const day = 24 * 60 * 60 * 1000
  const clock = new ManualClock(Date.now())
  const paths: string[] = []
  for (const [index, text] of ['old', 'middle', 'young'].entries()) {
    const { path } = await cache.storeBlob(chunks(text.padEnd(100)))
    const used = (clock.now() - (30 - index * 10) * day) / 1000
    utimesSync(path, used, used)
    paths.push(path)
  }
  mkdirSync(join(folder, 'tmp'), { recursive: true })
  writeFileSync(join(folder, 'tmp', 'fresh'), 'being written')
  writeFileSync(join(folder, 'tmp', 'dead'), 'abandoned')
  utimesSync(join(folder, 'tmp', 'dead'), 1, 1)
  expect(await pruneCache(folder, { unusedMs: 25 * day, clock })).toEqual({ files: 2, sizeBytes: 109 })
  expect(paths.map((path) => existsSync(path))).toEqual([false, true, true])
  expect(readdirSync(join(folder, 'tmp'))).toEqual(['fresh'])
  expect(await pruneCache(folder, { maximumBytes: 150, clock })).toEqual({ files: 1, sizeBytes: 100 })
  expect(paths.map((path) => existsSync(path))).toEqual([false, false, true])
  await pruneCache(folder, { unusedMs: 0, clock })
  expect((await listCache(folder)).map(({ kind }) => kind)).toEqual(['tmp'])
  expect(existsSync(`${paths[2]}.seal`)).toBe(false)
})

test('using a blob keeps it from being pruned', async () => {
  const folder = temporaryFolder()
  const cache = openCache(folder)
  const { digest, path } = await cache.storeBlob(chunks('x'))
  utimesSync(path, 1000, 1000)
  await cache.findBlob(digest)
  await cache.findBlob(digest)
  await pruneCache(folder, { unusedMs: 60_000, clock: { now: () => Date.now() } })
  expect(existsSync(path)).toBe(true)
})

test('an exported cache is a tar file that another machine takes in, and equal caches give equal files', async () => {
  const [one, two, three] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  for (const folder of [one, two]) {
    const cache = openCache(folder)
    const texts = ['a', 'b'.repeat(512), 'c'.repeat(70_000), '']
    for (const text of folder === one ? texts : texts.toReversed()) await cache.storeBlob(chunks(text))
    await cache.writeEntry('wheel-facts', sha256('a'), 'facts')
  }
  mkdirSync(join(one, 'tool', 'uv'), { recursive: true })
  writeFileSync(join(one, 'tool', 'uv', 'uv'), 'binary of this machine')
  const files = [join(one, '..', `${sha256(one)}.tar`), join(two, 'export.tar')]
  const result = await exportCache(one, join(three, 'one.tar'))
  await exportCache(two, files[1]!)
  expect(readFileSync(join(three, 'one.tar')).equals(readFileSync(files[1]!))).toBe(true)
  expect((await promisify(execFile)('tar', ['tf', files[1]!])).stdout.trim().split('\n')).toHaveLength(5)
  const target = join(three, 'cache')
  expect(await importCache(target, join(three, 'one.tar'))).toEqual(result)
  const cache = openCache(target)
  expect(await cache.findBlob(sha256('c'.repeat(70_000)), { verify: true })).toBeDefined()
  expect((await cache.readEntry('wheel-facts', sha256('a')))?.toString()).toBe('facts')
})

test('an archive that lies is refused, and nothing of the lie is kept', async () => {
  const [source, folder] = [temporaryFolder(), temporaryFolder()]
  await openCache(source).storeBlob(chunks('hello'))
  const file = join(folder, 'x.tar')
  await exportCache(source, file)
  const whole = readFileSync(file)
  const changed = (change: (bytes: Buffer) => Buffer | void): string => {
    const bytes = Buffer.from(whole)
    writeFileSync(file, change(bytes) ?? bytes)
    return file
  }
  const target = join(folder, 'cache')
  await expect(
    importCache(
      target,
      changed((bytes) => void bytes.write('J', 512)),
    ),
  ).rejects.toThrow('is not the file that was locked')
  await expect(
    importCache(
      target,
      changed((bytes) => void bytes.write('x', 0)),
    ),
  ).rejects.toThrow('a header has a wrong checksum')
  await expect(
    importCache(
      target,
      changed((bytes) => bytes.subarray(0, 514)),
    ),
  ).rejects.toThrow('it ends within')
  await expect(
    importCache(
      target,
      changed((bytes) => bytes.subarray(0, 1024)),
    ),
  ).rejects.toThrow('it ends without an end mark')
  await expect(importCache(target, join(folder, 'missing.tar'))).rejects.toThrow('it does not exist')
  const outside = join(temporaryFolder(), 'evil')
  writeFileSync(outside, 'x')
  await promisify(execFile)('tar', ['cPf', file, outside])
  await expect(importCache(target, file)).rejects.toThrow(`it holds \`${outside}\``)
  expect((await listCache(target)).map(({ name }) => name)).toEqual([blobPath('', sha256('hello'))])
})

test('the cache lies where the variables say, else where the system has it', () => {
  expect(cacheFolder({ ZIPYARD_CACHE_DIR: '/x' }, 'linux', '/home/me')).toBe('/x')
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux', '/home/me')).toBe('/x/zipyard')
  expect(cacheFolder({}, 'linux', '/home/me')).toBe('/home/me/.cache/zipyard')
  expect(cacheFolder({}, 'darwin', '/Users/me')).toBe('/Users/me/Library/Caches/zipyard')
})

test('a blob is found in one go while it is as it was stored, and looked at closer when it is not', async () => {
  const folder = temporaryFolder()
  const cache = openCache(folder)
  const { digest, path } = await cache.storeBlob(chunks('content'))
  expect(findSealedSync(folder, digest)).toBe(path)
  expect(findSealedSync(folder, sha256('another'))).toBeUndefined()
  const { mtimeMs } = statSync(path)
  utimesSync(path, 1_600_000_000, mtimeMs / 1000)
  writeFileSync(`${path}.seal`, JSON.stringify({ sizeBytes: 7, mtimeMs }))
  expect(findSealedSync(folder, digest)).toBe(path)
  writeFileSync(path, 'CONTENT')
  utimesSync(path, 1_600_000_000, 1_600_000_000)
  expect(findSealedSync(folder, digest)).toBeUndefined()
  expect(await cache.findBlob(digest)).toBeUndefined()
  writeFileSync(`${path}.seal`, 'torn')
  expect(findSealedSync(folder, digest)).toBeUndefined()
})
