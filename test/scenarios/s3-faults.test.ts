import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ObjectLoad } from '../kit/object-load.ts'
import { codeOf, s3Request, type S3Answer } from '../kit/s3-request.ts'
import { spawnSideServices } from '../kit/side-services.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const md5 = (body: Buffer | string): string => createHash('md5').update(body).digest('hex')

function blobsIn(folder: string): string[] {
  return readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const rounds = Number(process.env['ZIPYARD_KILL_ROUNDS'] ?? 5)

test(
  `killed ${rounds} times under uploads, it has everything it answered, nothing by halves, and collects the rest`,
  { timeout: 600_000 + rounds * 60_000 },
  async () => {
    const folder = temporaryFolder()
    const load = new ObjectLoad()
    let services = await spawnSideServices(folder)
    expect(await load.createBucket(services.url)).toBe(200)
    for (let round = 0; round < rounds; round++) {
      const workers = ['a', 'b', 'c'].map((name) => load.work(services.url, name))
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 1500))
      await services.stop('SIGKILL')
      await Promise.all(workers)
      services = await spawnSideServices(folder)
      expect(await load.check(services.url)).toEqual([])
    }
    expect(readdirSync(join(folder, 'blobs/tmp'))).toEqual([])
    // What was put aside by uploads that never ended is still named by them; the rest goes.
    await load.abortUploads(services.url)
    await services.ask('collect')
    expect(
      blobsIn(folder)
        .map((path) => path.split('/').at(-1))
        .toSorted(),
    ).toEqual([...load.digests()].toSorted())
    for (const path of blobsIn(folder)) {
      expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(path.split('/').at(-1))
    }
  },
)

test('a full disk is answered as an error, what is stored is still served, and space makes it work again', async () => {
  const folder = join(temporaryFolder(), 'disk')
  mkdirSync(folder)
  // A file system of its own for the process alone: for root as for anybody.
  const mount = `mount -t tmpfs -o size=12m tmpfs '${folder}' && exec "$@"`
  const services = await spawnSideServices(folder, ['unshare', '-Urm', '/bin/sh', '-c', mount, 'sh'])
  const put = (key: string, bytes: number): Promise<S3Answer> =>
    s3Request(services.url, { method: 'PUT', target: `/bucket/${key}`, body: Buffer.alloc(bytes, key) })
  expect((await s3Request(services.url, { method: 'PUT', target: '/bucket' })).status).toBe(200)
  expect((await put('kept', 3_000_000)).status).toBe(200)
  const full = await put('too-much', 12_000_000)
  expect([full.status, codeOf(full)]).toEqual([507, 'InsufficientStorage'])
  // The temporary file of the failed upload is gone, so what fits still goes in.
  expect((await put('fits', 3_000_000)).status).toBe(200)
  // Now until not even a row fits, whichever write it is that fails.
  const answers: number[] = []
  for (let count = 0; count < 200 && answers.filter((status) => status === 507).length < 20; count++) {
    answers.push((await put(`more-${count}`, count < 60 ? 100_000 + count : 1000 + count)).status)
  }
  expect([...new Set(answers)].toSorted()).toEqual([200, 507])
  const kept = await s3Request(services.url, { target: '/bucket/kept' })
  expect([kept.status, md5(kept.body)]).toEqual([200, md5(Buffer.alloc(3_000_000, 'kept'))])
  expect((await s3Request(services.url, { target: '/bucket?list-type=2' })).status).toBe(200)
  // A full disk must not make it impossible to free it.
  expect((await s3Request(services.url, { method: 'DELETE', target: '/bucket/fits' })).status).toBe(204)
  await services.ask('collect')
  expect((await put('again', 1_000_000)).status).toBe(200)
})
