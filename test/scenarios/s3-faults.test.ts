import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codeOf, s3Request, type S3Answer } from '../kit/s3-request.ts'
import { spawnSideServices, type SideServicesProcess } from '../kit/side-services.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const md5 = (body: Buffer | string): string => createHash('md5').update(body).digest('hex')

/** What every key may hold: the last body that was answered, and one that was sent and not answered yet. Absent is ''. */
interface Expectation {
  answered: string
  pending: string | undefined
}

const random = (limit: number): number => Math.floor(Math.random() * limit)

function bodyOf(text: string): Buffer {
  // From small enough for one step to large enough for the worker.
  return Buffer.alloc([10, 5000, 200_000, 1_500_000][text.length % 4]!, text)
}

/** Puts, removes and uploads in parts to keys of its own until the service is gone. */
async function work(url: string, name: string, expectations: Map<string, Expectation>): Promise<void> {
  for (let count = 0; ; count++) {
    const key = `${name}/${random(5)}`
    const expectation = expectations.get(key) ?? { answered: '', pending: undefined }
    expectations.set(key, expectation)
    const text = random(4) === 0 ? '' : `${name} ${count} ${'.'.repeat(random(9))}`
    expectation.pending = text
    const answer = await (
      text === ''
        ? s3Request(url, { method: 'DELETE', target: `/bucket/${key}` })
        : random(3) === 0
          ? putInParts(url, key, bodyOf(text))
          : s3Request(url, { method: 'PUT', target: `/bucket/${key}`, body: bodyOf(text) })
    ).catch(() => undefined)
    if (!answer) return
    if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.body}`)
    expectation.answered = text
    expectation.pending = undefined
  }
}

async function putInParts(url: string, key: string, body: Buffer): Promise<S3Answer> {
  const begun = await s3Request(url, { method: 'POST', target: `/bucket/${key}?uploads` })
  const uploadId = /<UploadId>([^<]+)/.exec(begun.body)![1]
  const part = await s3Request(url, { method: 'PUT', target: `/bucket/${key}?partNumber=1&uploadId=${uploadId}`, body })
  const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${String(part.headers.etag)}</ETag></Part></CompleteMultipartUpload>`
  return s3Request(url, { method: 'POST', target: `/bucket/${key}?uploadId=${uploadId}`, body: list })
}

/** Every key holds what was answered last, or what was on its way when the service died; then that is what counts. */
async function check(url: string, expectations: Map<string, Expectation>): Promise<string[]> {
  const wrong: string[] = []
  for (const [key, expectation] of expectations) {
    const got = await s3Request(url, { target: `/bucket/${key}` })
    const found = [expectation.answered, expectation.pending].find((text) =>
      text === ''
        ? got.status === 404
        : text !== undefined && got.status === 200 && got.body === bodyOf(text).toString(),
    )
    if (found === undefined)
      wrong.push(`${key}: ${got.status} ${got.body.slice(0, 40)}, expected \`${expectation.answered}\``)
    else Object.assign(expectation, { answered: found, pending: undefined })
  }
  return wrong
}

function blobsIn(folder: string): string[] {
  return readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const rounds = Number(process.env['ZIPYARD_KILL_ROUNDS'] ?? 5)

test(
  `killed ${rounds} times under uploads, it has everything it answered, nothing by halves, and collects the rest`,
  { timeout: 60_000 + rounds * 10_000 },
  async () => {
    const folder = temporaryFolder()
    const expectations = new Map<string, Expectation>()
    let services = await spawnSideServices(folder)
    expect((await s3Request(services.url, { method: 'PUT', target: '/bucket' })).status).toBe(200)
    for (let round = 0; round < rounds; round++) {
      const workers = ['a', 'b', 'c'].map((name) => work(services.url, name, expectations))
      await new Promise((resolve) => setTimeout(resolve, 100 + random(1500)))
      await services.stop('SIGKILL')
      await Promise.all(workers)
      services = await spawnSideServices(folder)
      expect(await check(services.url, expectations)).toEqual([])
    }
    expect(readdirSync(join(folder, 'blobs/tmp'))).toEqual([])
    // What was put aside by uploads that never ended is still named by them; the rest goes.
    await abortUploads(services)
    await services.ask('collect')
    const live = [...expectations.values()].filter(({ answered }) => answered !== '')
    const digests = new Set(live.map(({ answered }) => createHash('sha256').update(bodyOf(answered)).digest('hex')))
    expect(
      blobsIn(folder)
        .map((path) => path.split('/').at(-1))
        .toSorted(),
    ).toEqual([...digests].toSorted())
    for (const path of blobsIn(folder)) {
      expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(path.split('/').at(-1))
    }
  },
)

async function abortUploads(services: SideServicesProcess): Promise<void> {
  const { body } = await s3Request(services.url, { target: '/bucket?uploads' })
  for (const [, key, uploadId] of body.matchAll(/<Key>([^<]+)<\/Key><UploadId>([^<]+)/g)) {
    await s3Request(services.url, { method: 'DELETE', target: `/bucket/${key}?uploadId=${uploadId}` })
  }
}

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
