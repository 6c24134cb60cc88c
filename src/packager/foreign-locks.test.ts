import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answer, indexServer, projectPage, type IndexServer } from '../../test/kit/index-server.ts'
import type { ZipyardError } from '../base/errors.ts'
import { buildProject, contents, scratch } from '../../test/kit/packages.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { projectFolder, pylockOf, wheel, type MadeWheel, type WheelSpec } from '../../test/kit/wheel.ts'

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

const pipfileEntry = (one: MadeWheel, index: string): object => ({
  hashes: [`sha256:${one.sha256}`],
  index,
  version: '==1.0',
})

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
    default: { secret: pipfileEntry(secret, 'ours'), open: pipfileEntry(open, 'pypi') },
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

/** A uv.lock of a workspace: members by folder with what they need, and wheels that lie on a server. */
const uvLock = (
  server: string,
  members: Readonly<Record<string, { readonly folder: string; readonly needs: readonly string[] }>>,
  wheels: readonly MadeWheel[],
): string => {
  const names = Object.keys(members)
  const ofMembers = Object.entries(members).map(
    ([name, { folder, needs }]) => `[[package]]
name = "${name}"
version = "0.1.0"
source = { virtual = "${folder}" }
dependencies = [${needs.map((need) => `{ name = "${need}" }`).join(', ')}]
`,
  )
  const ofWheels = wheels.map(({ filename, sha256, sizeBytes }) => {
    const [name, version] = filename.split('-')
    return `[[package]]
name = "${name}"
version = "${version}"
source = { registry = "${server}/private" }
wheels = [{ url = "${server}/files/${filename}", hash = "sha256:${sha256}", size = ${sizeBytes} }]
`
  })
  const manifest =
    names.length > 1 ? `[manifest]\nmembers = [\n${names.map((name) => `    "${name}",\n`).join('')}]\n` : ''
  return ['version = 1\nrevision = 3\nrequires-python = ">=3.9"\n', manifest, ...ofMembers, ...ofWheels].join('\n')
}

const pyproject = (name: string, needs: readonly string[], rest = ''): string =>
  `[project]\nname = "${name}"\nversion = "0.1.0"\ndependencies = ${JSON.stringify(needs)}\n${rest}`

async function servedWheels(...wheels: readonly MadeWheel[]): Promise<IndexServer> {
  return indexServer(
    Object.fromEntries(wheels.map((one) => [`/files/${one.filename}`, answer(200, readFileSync(one.path))])),
  )
}

test('a member of a uv workspace is packaged from the lock above it, with what it needs alone', async () => {
  const [a, b] = [made({ name: 'ofworker' }), made({ name: 'ofother' })]
  const server = await servedWheels(a, b)
  const members = {
    root: { folder: '.', needs: [] },
    other: { folder: 'services/other', needs: ['ofother'] },
    worker: { folder: 'services/worker', needs: ['ofworker'] },
  }
  const folder = projectFolder({
    'pyproject.toml': pyproject('root', [], '[tool.uv.workspace]\nmembers = ["services/*"]\n'),
    'uv.lock': uvLock(server.url, members, [a, b]),
    'services/worker/pyproject.toml': pyproject('worker', ['ofworker']),
    'services/worker/app.py': '',
    'services/stranger/pyproject.toml': pyproject('stranger', []),
    'services/stranger/app.py': '',
  })
  const report = await buildProject(join(folder, 'services/worker'))
  expect(Object.keys(contents(report.path)).filter((name) => name.endsWith('.py'))).toEqual(['app.py', 'ofworker.py'])
  expect(report.notes).toEqual([])
  const other = await buildProject(join(folder, 'services/stranger'))
  expect(Object.keys(contents(other.path))).toEqual(['app.py'])
})

test('a lock that does not have what the project declares is told, and refused with --locked', async () => {
  const lib = made({ name: 'lib' })
  const server = await servedWheels(lib)
  const files = {
    'app.py': '',
    'uv.lock': uvLock(server.url, { app: { folder: '.', needs: ['lib'] } }, [lib]),
  }
  const changed = projectFolder({
    ...files,
    'pyproject.toml': pyproject('app', ['lib>=2', 'added; python_version > "3"']),
  })
  const sentence = '`uv.lock` is stale: the project asks for `lib>=2`, it has `1.0`; `added`, which it does not have'
  expect((await buildProject(changed)).notes).toMatchObject([
    { message: sentence, hint: 'Run `uv lock`, and build again' },
  ])
  const refused: unknown = await buildProject(changed, { locked: true }).catch((error: unknown) => error)
  expect((refused as ZipyardError).message).toBe(`${sentence}, and \`--locked\` forbids to build from it`)
  const same = projectFolder({
    ...files,
    'pyproject.toml': pyproject('app', ['lib>=1', 'other; sys_platform == "win32"']),
  })
  expect((await buildProject(same, { locked: true })).notes).toEqual([])
})

test('what the project overrides does not make its lock stale', async () => {
  const lib = made({ name: 'lib' })
  const server = await servedWheels(lib)
  const folder = projectFolder({
    'app.py': '',
    'uv.lock': uvLock(server.url, { app: { folder: '.', needs: ['lib'] } }, [lib]),
    'pyproject.toml': pyproject('app', ['lib>=2'], '[tool.uv]\noverride-dependencies = ["lib==1.0"]\n'),
  })
  expect((await buildProject(folder, { locked: true })).notes).toEqual([])
})

test('files of a named uv index are fetched with the credentials of that name', async () => {
  const lib = made({ name: 'lib' })
  const server = await servedWheels(lib)
  const index = `[[tool.uv.index]]\nname = "ours"\nurl = "${server.url}/private"\nexplicit = true\n`
  const folder = projectFolder({
    'app.py': '',
    'uv.lock': uvLock(server.url, { app: { folder: '.', needs: ['lib'] } }, [lib]),
    'pyproject.toml': pyproject('app', ['lib'], index),
  })
  const secrets = { UV_INDEX_OURS_USERNAME: 'ana', UV_INDEX_OURS_PASSWORD: 'hidden' }
  await buildProject(folder, {}, { ...elsewhere, ...secrets, ZIPYARD_CACHE_DIR: temporaryFolder() })
  expect(server.headers[0]!.authorization).toBe(`Basic ${Buffer.from('ana:hidden').toString('base64')}`)
})

test('the source of poetry.lock is opened by what Poetry is told of its name, by variables or by its configuration', async () => {
  const secret = made({ name: 'secret' })
  const server = await privateIndex(secret)
  const files = {
    'app.py': '',
    'poetry.lock': poetryLock(secret, `${server.url}/private`),
    'pyproject.toml': `[project]\nname = "app"\ndependencies = ["secret"]\n[[tool.poetry.source]]\nname = "our-own"\nurl = "${server.url}/private"\npriority = "explicit"\n`,
  }
  const variables = { POETRY_HTTP_BASIC_OUR_OWN_USERNAME: 'ana', POETRY_HTTP_BASIC_OUR_OWN_PASSWORD: 'hidden' }
  const configured = projectFolder({ 'auth.toml': '[http-basic.our-own]\nusername = "ana"\npassword = "hidden"\n' })
  for (const environment of [variables, { POETRY_CONFIG_DIR: configured }]) {
    server.headers.length = 0
    await buildProject(projectFolder(files), {}, { ...elsewhere, ...environment, ZIPYARD_CACHE_DIR: temporaryFolder() })
    expect(server.headers.map(({ authorization }) => authorization)).toEqual(
      Array(2).fill(`Basic ${Buffer.from('ana:hidden').toString('base64')}`),
    )
  }
})

const pipfileLock = (url: string, entries: Readonly<Record<string, object>>): string =>
  JSON.stringify({
    _meta: {
      hash: { sha256: '0' },
      'pipfile-spec': 6,
      requires: {},
      sources: [{ name: 'ours', url, verify_ssl: true }],
    },
    default: entries,
    develop: {},
  })

test('the source of Pipfile.lock is opened by the variables that stand in its address', async () => {
  const secret = made({ name: 'secret' })
  const server = await privateIndex(secret)
  const url = `${server.url.replace('//', '//${INDEX_USER}:$INDEX_PASSWORD@')}/private`
  const folder = projectFolder({
    'app.py': '',
    'Pipfile.lock': pipfileLock(url, { secret: pipfileEntry(secret, 'ours') }),
  })
  const secrets = { INDEX_USER: 'ana', INDEX_PASSWORD: 'hidden' }
  await buildProject(folder, {}, { ...elsewhere, ...secrets, ZIPYARD_CACHE_DIR: temporaryFolder() })
  expect(server.headers[0]!.authorization).toBe(`Basic ${Buffer.from('ana:hidden').toString('base64')}`)
})

test('the sources of pdm in pyproject.toml are asked for what pdm.lock names', async () => {
  const secret = made({ name: 'secret' })
  const server = await privateIndex(secret)
  const folder = projectFolder({
    'app.py': '',
    'pyproject.toml': pyproject(
      'app',
      ['secret'],
      `[[tool.pdm.source]]\nname = "ours"\nurl = "${server.url.replace('//', '//ana:${INDEX_PASSWORD}@')}/private"\n`,
    ),
    'pdm.lock': `[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\ncontent_hash = "sha256:0"\n\n[[package]]\nname = "secret"\nversion = "1.0"\nsummary = ""\ngroups = ["default"]\nfiles = [{file = "${secret.filename}", hash = "sha256:${secret.sha256}"}]\n`,
  })
  const mirror = await indexServer({})
  const environment = { PIP_INDEX_URL: `${mirror.url}/simple`, INDEX_PASSWORD: 'hidden' }
  await buildProject(folder, {}, { ...environment, ZIPYARD_CACHE_DIR: temporaryFolder() })
  expect(server.requests[0]).toBe('GET /private/secret/')
  expect(server.headers[0]!.authorization).toBe(`Basic ${Buffer.from('ana:hidden').toString('base64')}`)
})

test('a Pipfile.lock and a pylock.toml that no longer fit the project are told, and refused with --locked', async () => {
  const lib = made({ name: 'lib' })
  const server = await privateIndex(lib)
  const pipenv = projectFolder({
    'app.py': '',
    Pipfile: '[packages]\nlib = "==1.0"\nadded = "*"\nwinonly = { version = "*", sys_platform = "== \'win32\'" }\n',
    'Pipfile.lock': pipfileLock(`${server.url}/private`, { lib: pipfileEntry(lib, 'ours') }),
  })
  const pylock = projectFolder({
    'app.py': '',
    'pyproject.toml': pyproject('app', ['lib>=2']),
    'pylock.toml': pylockOf([lib]).replace('created-by = "test"', 'created-by = "uv"'),
  })
  const byPip = projectFolder({
    'app.py': '',
    'requirements.txt': 'lib\nadded[more]>=1\nwinonly; sys_platform == "win32"\n',
    'pylock.toml': pylockOf([lib]).replace('created-by = "test"', 'created-by = "pip"'),
  })
  for (const [folder, sentence, remedy] of [
    [pipenv, '`Pipfile.lock` is stale: the project asks for `added`, which it does not have', 'Run `pipenv lock`'],
    [
      pylock,
      '`pylock.toml` is stale: the project asks for `lib>=2`, it has `1.0`',
      'Run `uv export --format pylock.toml',
    ],
    [
      byPip,
      '`pylock.toml` is stale: the project asks for `added[more]>=1`, which it does not have',
      'Run `pip lock -r requirements.txt`',
    ],
  ] as const) {
    const { notes } = await buildProject(folder)
    expect(notes).toMatchObject([{ message: sentence, hint: expect.stringContaining(remedy) as string }])
    const refused = (await buildProject(folder, { locked: true }).catch((error: unknown) => error)) as ZipyardError
    expect(refused.message).toBe(`${sentence}, and \`--locked\` forbids to build from it`)
  }
  writeFileSync(join(pipenv, 'Pipfile'), '[packages]\nlib = "*"\n')
  expect((await buildProject(pipenv, { locked: true })).notes).toEqual([])
})

test.each([
  ['uv', '# This file was autogenerated by uv via the following command:\n#    uv pip compile wanted.in -c c.in --generate-hashes -o requirements.txt\n', 'uv pip compile wanted.in -c c.in --generate-hashes -o requirements.txt'], // prettier-ignore
  ['pip-compile', '#\n# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n#\n#    pip-compile --generate-hashes --output-file=requirements.txt wanted.in\n#\n', 'pip-compile --generate-hashes --output-file=requirements.txt wanted.in'], // prettier-ignore
  ['nobody who says so', '', 'uv pip compile requirements.in --generate-hashes -o requirements.txt'],
])(
  'hashed requirements compiled by %s are told, and refused with --locked, when their source asks for what they do not hold',
  async (_, header, command) => {
    const lib = made({ name: 'lib' })
    const server = await privateIndex(lib)
    const source = header === '' ? 'requirements.in' : 'wanted.in'
    const files = {
      'app.py': '',
      'requirements.txt': `${header}--index-url ${server.url}/private\nlib==1.0 --hash=sha256:${lib.sha256}\n`,
      // Of another platform, what is only constrained, and included files.
      'c.in': 'lib<3\nnever\n',
      'more.in': 'lib>=1\n',
    }
    const fresh = projectFolder({ ...files, [source]: '-r more.in\nother; sys_platform == "win32"\n' })
    const variables = { ...elsewhere, ZIPYARD_CACHE_DIR: temporaryFolder() }
    expect((await buildProject(fresh, { locked: true }, variables)).notes).toEqual([])
    const stale = projectFolder({ ...files, [source]: 'lib>=2\nadded\n' })
    const sentence =
      '`requirements.txt` is stale: the project asks for `lib>=2`, it has `1.0`; `added`, which it does not have'
    expect((await buildProject(stale, {}, variables)).notes).toMatchObject([
      { message: sentence, hint: `Run \`${command}\`, and build again` },
    ])
    const refused: unknown = await buildProject(stale, { locked: true }, variables).catch((error: unknown) => error)
    expect((refused as ZipyardError).message).toBe(`${sentence}, and \`--locked\` forbids to build from it`)
  },
)
