import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answer, indexServer, projectPage, type IndexServer } from '../../test/kit/index-server.ts'
import { buildProject, contents, scratch } from '../../test/kit/packages.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { projectFolder, wheel, type MadeWheel, type WheelSpec } from '../../test/kit/wheel.ts'

/** An index below `/private` that has one wheel. */
async function privateIndex(made: MadeWheel): Promise<IndexServer> {
  const [name] = made.filename.split('-')
  return indexServer({
    [`/private/${name}/`]: projectPage([
      { filename: made.filename, url: `/files/${made.filename}`, hashes: { sha256: made.sha256 } },
    ]),
    [`/files/${made.filename}`]: answer(200, readFileSync(made.path)),
  })
}

const poetryLock = (made: MadeWheel, source: string): string => {
  const [name, version] = made.filename.split('-')
  return `[[package]]
name = "${name}"
version = "${version}"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = [{file = "${made.filename}", hash = "sha256:${made.sha256}"}]

[package.source]
type = "legacy"
url = "${source}"
reference = "ours"

[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "0"
`
}

const elsewhere = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_RETRIES: '0' }

const made = (spec: WheelSpec): MadeWheel => wheel(join(scratch, 'made'), spec)

test('the private source that poetry.lock names is asked, whatever index is configured', async () => {
  const secret = made({ name: 'secret' })
  const server = await privateIndex(secret)
  const folder = projectFolder({ 'app.py': '', 'poetry.lock': poetryLock(secret, `${server.url}/private`) })
  const report = await buildProject(folder, {}, { ...elsewhere, ZIPYARD_CACHE_DIR: temporaryFolder() })
  expect(contents(report.path)['secret.py']).toBe("version = '1.0'\n")
  expect(server.requests).toEqual(['GET /private/secret/', `GET /files/${secret.filename}`])
})

test('the private source gets the credentials that are configured for its origin', async () => {
  const secret = made({ name: 'secret' })
  const server = await privateIndex(secret)
  const folder = projectFolder({ 'app.py': '', 'poetry.lock': poetryLock(secret, `${server.url}/private`) })
  const known = server.url.replace('//', '//ana:hidden@')
  await buildProject(folder, {}, { PIP_INDEX_URL: `${known}/other`, ZIPYARD_CACHE_DIR: temporaryFolder() })
  expect(server.headers.map(({ authorization }) => authorization)).toEqual(
    Array(2).fill(`Basic ${Buffer.from('ana:hidden').toString('base64')}`),
  )
})

test('the source that Pipfile.lock names is asked; the public one means what is configured', async () => {
  const secret = made({ name: 'secret' })
  const open = made({ name: 'open' })
  const [ours, mirror] = [await privateIndex(secret), await privateIndex(open)]
  const entry = (one: MadeWheel, index: string) => ({ hashes: [`sha256:${one.sha256}`], index, version: '==1.0' })
  const lock = {
    _meta: {
      hash: { sha256: '0' },
      'pipfile-spec': 6,
      requires: {},
      sources: [
        { name: 'pypi', url: 'https://pypi.org/simple', verify_ssl: true },
        { name: 'ours', url: `${ours.url}/private`, verify_ssl: true },
      ],
    },
    default: { secret: entry(secret, 'ours'), open: entry(open, 'pypi') },
    develop: {},
  }
  const folder = projectFolder({ 'app.py': '', 'Pipfile.lock': JSON.stringify(lock) })
  const environment = { PIP_INDEX_URL: `${mirror.url}/private`, ZIPYARD_CACHE_DIR: temporaryFolder() }
  const report = await buildProject(folder, {}, environment)
  expect(Object.keys(contents(report.path))).toEqual(expect.arrayContaining(['open.py', 'secret.py']))
  expect(mirror.requests).not.toContain('GET /private/secret/')
})

test('with --no-index no source of a lock is asked', async () => {
  const secret = made({ name: 'secret' })
  const server = await privateIndex(secret)
  const folder = projectFolder({ 'app.py': '' })
  writeFileSync(join(folder, 'poetry.lock'), poetryLock(secret, `${server.url}/private`))
  const links = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: join(scratch, 'made'), ZIPYARD_CACHE_DIR: temporaryFolder() }
  await buildProject(folder, {}, links)
  expect(server.requests).toEqual([])
})
