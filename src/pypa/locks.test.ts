import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parsePdmLock } from './pdm-lock.ts'
import { parsePipfileLock } from './pipfile-lock.ts'
import { parsePoetryLock } from './poetry-lock.ts'
import { parsePylock } from './pylock.ts'
import { parsePyproject, type Pyproject } from './pyproject.ts'
import { parseUvLock } from './uv-lock.ts'
import type { Lock, LockedDistribution } from './locked-distribution.ts'
import { selectDistributions, type LockSelection } from './locked-selection.ts'
import { declaredRequirements, unaskedDistributions, uncoveredRequirements } from './lock-coverage.ts'
import { needsAddresses, addressFiles } from './locked-files.ts'
import { targetEnvironment } from './target-environment.ts'

/** Written by uv 0.13.9, poetry 2.5.1 and 1.8.5, pdm 2.29.3 and pipenv 2026.10.3 for one and the same project; hosts replaced. */
const fixture = (path: string): string =>
  readFileSync(join(resolve(import.meta.dirname, '../../test/fixtures/locks'), path), 'utf8')
const pyproject = (folder: string): Pyproject => parsePyproject(fixture(`${folder}/pyproject.toml`))

const locks: Readonly<Record<string, () => Lock>> = {
  'uv.lock': () => parseUvLock(fixture('uv/uv.lock')),
  'poetry.lock 2.1': () => parsePoetryLock(fixture('poetry-2/poetry.lock'), undefined),
  'poetry.lock 2.1 without a private index': () =>
    parsePoetryLock(
      fixture('poetry-2/poetry.lock').replaceAll(
        /\[package.source\]\ntype = "legacy"\nurl = .*\nreference = .*\n/g,
        '',
      ),
      undefined,
    ),
  'poetry.lock 2.0': () => parsePoetryLock(fixture('poetry-1/poetry.lock'), pyproject('poetry-1')),
  'pdm.lock': () => parsePdmLock(fixture('pdm/pdm.lock'), undefined),
  'pdm.lock with static URLs': () => parsePdmLock(fixture('pdm-static-urls/pdm.lock'), undefined),
  'pdm.lock without groups': () => parsePdmLock(fixture('pdm-plain/pdm.lock'), pyproject('pdm-plain')),
}

const select = (lock: Lock, python: string, asked: Partial<LockSelection> = {}): LockedDistribution[] => [
  ...selectDistributions(lock, {
    environment: targetEnvironment({ python, glibc: [2, 34], machine: 'aarch64' }),
    ...asked,
  }),
]
const names = (distributions: readonly LockedDistribution[]): string[] => distributions.map(({ name }) => name)

const base = [
  'anyio',
  'certifi',
  'click',
  'gitlib',
  'h11',
  'httpcore',
  'httpx',
  'idna',
  'mylib',
  'six',
  'sniffio',
  'socksio',
  'typing-extensions',
]
const old = ['backports-strenum', 'exceptiongroup']

test.each(Object.entries(locks))('%s: what the target needs, its markers evaluated for the target', (_name, read) => {
  const lock = read()
  expect(names(select(lock, '3.13'))).toEqual(base)
  expect(names(select(lock, '3.10'))).toEqual([...base, ...old].sort())
  expect(names(select(lock, '3.13', { extras: ['Templates'] }))).toEqual([...base, 'psutil'].sort())
  expect(names(select(lock, '3.13', { groups: ['dev'] }))).toEqual([...base, 'iniconfig'].sort())
})

test.each(Object.entries(locks))('%s: versions, files, folders, repositories and direct URLs', (_name, read) => {
  const byName = new Map(
    select(read(), '3.13', { extras: ['templates'] }).map((distribution) => [distribution.name, distribution]),
  )
  const httpx = byName.get('httpx')!
  expect(httpx.version).toBe('0.28.1')
  expect(httpx.wheels.map(({ filename, hashes }) => [filename, hashes['sha256']])).toEqual([
    ['httpx-0.28.1-py3-none-any.whl', 'd909fcccc110f8c7faf814ca82a9a4d816bc5a6dbfea25d6591d6985b8ba59ad'],
  ])
  expect(httpx.sdist?.filename).toBe('httpx-0.28.1.tar.gz')
  expect(byName.get('psutil')!.wheels.length).toBeGreaterThan(15)
  expect(byName.get('gitlib')!.vcs).toMatchObject({
    type: 'git',
    url: 'https://git.example.org/gitlib',
    commit: '198f36ae278b5250094df43ef3aaa4573d9ed4a1',
    requestedRevision: 'v1',
  })
  expect(byName.get('mylib')!.directory?.path).toMatch(/^(?:\.\/)?libs\/mylib$/)
  expect(byName.get('sniffio')!.archive).toMatchObject({
    filename: 'sniffio-1.3.1-py3-none-any.whl',
    url: expect.stringMatching(/^https:\/\/files\.example\.org\/.*\/sniffio-1\.3\.1-py3-none-any\.whl$/),
    hashes: { sha256: '2f6da418d1f1e0fddd844478f41680e794e6051915791a034ff65e5f100525a2' },
  })
  expect(byName.get('httpcore')).toMatchObject({ requestedBy: ['httpx'] })
  expect(byName.get('six')).toMatchObject({ requestedBy: ['mylib'] })
})

test('uv.lock and pdm.lock with static URLs say where files lie; the others are addressed by the index', () => {
  for (const [name, read] of Object.entries(locks)) {
    const httpx = select(read(), '3.13').find((distribution) => distribution.name === 'httpx')!
    const hasAddresses = name === 'uv.lock' || name.includes('static')
    expect([name, needsAddresses(httpx)]).toEqual([name, !hasAddresses])
    const offered = {
      filename: 'httpx-0.28.1-py3-none-any.whl',
      url: 'https://index.example.org/h.whl',
      hashes: { sha256: 'd909fcccc110f8c7faf814ca82a9a4d816bc5a6dbfea25d6591d6985b8ba59ad' },
      yanked: false,
    } as const
    const [wheel] = addressFiles(httpx, [offered]).wheels
    expect(wheel!.url).toMatch(/^https:/)
    if (!hasAddresses) {
      expect(() => addressFiles(httpx, [{ ...offered, hashes: { sha256: 'f'.repeat(64) } }])).toThrow(
        'No package index has the files of `httpx 0.28.1` that the lock gives digests of: what it lists has other digests',
      )
      expect(() => addressFiles(httpx, [], 'requirements.txt')).toThrow('that `requirements.txt` gives digests of')
      expect(() => addressFiles(httpx, [{ ...offered, hashes: {} }])).toThrow('without SHA-256')
      expect(() => addressFiles(httpx, [])).toThrow('it lists no file of that version')
    }
  }
})

test('Pipfile.lock: exact versions with digests, each category a group', () => {
  const lock = parsePipfileLock(fixture('pipenv/Pipfile.lock'))
  expect(lock.lockedPython).toBe('3.11')
  const selected = select(lock, '3.13')
  expect(names(selected)).toEqual(base.filter((name) => name !== 'sniffio'))
  expect(selected.find(({ name }) => name === 'httpx')).toMatchObject({
    version: '0.28.1',
    acceptedHashes: expect.arrayContaining(['sha256:d909fcccc110f8c7faf814ca82a9a4d816bc5a6dbfea25d6591d6985b8ba59ad']),
  })
  expect(names(select(lock, '3.13', { groups: ['dev'] }))).toContain('iniconfig')
  expect(names(select(lock, '3.13', { groups: ['docs'] }))).toContain('psutil')
})

test('Pipfile.lock leaves out what its own Python did not need; a target that needs it is refused by name', () => {
  expect(() => select(parsePipfileLock(fixture('pipenv/Pipfile.lock')), '3.10')).toThrow(
    '`Pipfile.lock` has no version of `backports-strenum`, which Python `3.10` needs: it was locked with Python `3.11`',
  )
})

test('pylock.toml as uv exports it selects what uv.lock does', () => {
  const lock = parsePylock(fixture('uv/pylock.toml'))
  // The export was made with all extras and the default group, and says so by having no markers for them.
  expect(names(select(lock, '3.13'))).toEqual([...base, 'iniconfig', 'psutil'].sort())
  expect(names(select(lock, '3.10'))).toEqual([...base, ...old, 'iniconfig', 'psutil'].sort())
})

test('a member of a workspace is packaged with what it needs, other members as folders', () => {
  const lock = parseUvLock(fixture('uv-workspace/uv.lock'))
  expect(lock.members).toEqual(['root', 'shared', 'worker'])
  expect(names(select(lock, '3.13'))).toEqual([])
  const worker = select(lock, '3.13', { project: 'Worker' })
  expect(names(worker)).toEqual(['click', 'jinja2', 'markupsafe', 'shared', 'six'])
  expect(worker.find(({ name }) => name === 'shared')!.directory).toMatchObject({
    path: 'packages/shared',
    editable: true,
  })
  expect(names(select(lock, '3.13', { project: 'shared', groups: ['dev'] }))).toEqual(['pluggy', 'six'])
})

test('conflicting extras of a workspace choose between versions as `uv export` does', () => {
  const lock = parseUvLock(fixture('uv-workspace/uv.lock'))
  const markupsafe = (extras: string[]): string | undefined =>
    select(lock, '3.13', { project: 'worker', extras }).find(({ name }) => name === 'markupsafe')?.version
  expect([markupsafe([]), markupsafe(['old']), markupsafe(['new'])]).toEqual(['3.0.2', '2.1.5', '3.0.2'])
  expect(() => markupsafe(['old', 'new'])).toThrow(
    'selects `markupsafe` in several versions for this target: `2.1.5`, `3.0.2`',
  )
})

test('what is asked for and not there is refused with what is', () => {
  const lock = parseUvLock(fixture('uv/uv.lock'))
  expect(() => select(lock, '3.13', { extras: ['cli'] })).toThrow('`uv.lock` has no extra `cli`')
  expect(() => select(lock, '3.13', { groups: ['test'] })).toThrow('`uv.lock` has no group `test`')
  expect(() => select(lock, '3.13', { project: 'other' })).toThrow('`uv.lock` has no project `other`')
  expect(() => select(lock, '3.9')).toThrow('`uv.lock` is for Python `>=3.10`, which excludes `3.9.')
})

test.each([
  [
    'uv.lock',
    (text: string) => parseUvLock(text),
    'version = 2',
    '`uv.lock` is of version `2`, and version `1` can be read',
  ],
  [
    'poetry.lock',
    (text: string) => parsePoetryLock(text, undefined),
    '[metadata]\nlock-version = "3.0"',
    '`poetry.lock` is of version `3.0`',
  ],
  [
    'poetry.lock',
    (text: string) => parsePoetryLock(text, undefined),
    '[metadata]\nlock-version = "2.0"',
    'its `pyproject.toml` is needed beside it',
  ],
  [
    'pdm.lock',
    (text: string) => parsePdmLock(text, undefined),
    '[metadata]\nlock_version = "5.0"',
    '`pdm.lock` is of version `5.0`',
  ],
  [
    'Pipfile.lock',
    (text: string) => parsePipfileLock(text),
    '{"_meta":{"pipfile-spec":7}}',
    '`Pipfile.lock` is of version `pipfile-spec 7`',
  ],
  ['Pipfile.lock', (text: string) => parsePipfileLock(text), '{', '`Pipfile.lock` is not JSON'],
  ['pylock.toml', (text: string) => parsePylock(text), 'lock-version = "2.0"', '`pylock.toml` is of version `2.0`'],
  [
    'pylock.toml',
    (text: string) => parsePylock(text),
    'lock-version = "1.0"\n[[packages]]\nname = "a"\nwheels = [{ url = "x" }]',
    '`pylock.toml`: `packages[0].wheels[0]` has no `hashes`',
  ],
  [
    'uv.lock',
    (text: string) => parseUvLock(text),
    'version = 1\n[[package]]\nname = "a"\ndependencies = [{ name = "b", marker = "nonsense" }]',
    '`uv.lock`: `package[0].dependencies[0].marker` cannot be read',
  ],
  [
    'uv.lock',
    (text: string) => parseUvLock(text),
    'version = 1\n[[package]\n',
    /`uv.lock` is not TOML: line 2, column \d+/,
  ],
])('%s that cannot be read is told with its place', (_name, read, text, message) => {
  expect(() => read(text)).toThrow(message)
})

test('poetry.lock of Poetry 1.1: versions chosen by the edges that accept them, files told apart by version', () => {
  const lock = parsePoetryLock(fixture('poetry-1.1/poetry.lock'), pyproject('poetry-1.1'))
  const iniconfig = (python: string): LockedDistribution =>
    select(lock, python).find(({ name }) => name === 'iniconfig')!
  expect([iniconfig('3.8').version, iniconfig('3.12').version]).toEqual(['1.1.1', '2.1.0'])
  expect(iniconfig('3.12').wheels.map(({ filename }) => filename)).toEqual(['iniconfig-2.1.0-py3-none-any.whl'])
  expect(iniconfig('3.8').sdist?.filename).toBe('iniconfig-1.1.1.tar.gz')
  const own = ['certifi', 'charset-normalizer', 'click', 'idna', 'iniconfig', 'pysocks', 'requests', 'urllib3']
  expect(names(select(lock, '3.12'))).toEqual(own)
  expect(names(select(lock, '3.12', { groups: ['dev'], extras: ['compat'] }))).toEqual([...own, 'pluggy', 'six'].sort())
})

test('poetry.lock: what several groups share is in when one of them is asked for', () => {
  const lock = parsePoetryLock(fixture('poetry-2-versions/poetry.lock'), undefined)
  const versions = (python: string, asked = {}): string[] =>
    select(lock, python, asked).map(({ name, version }) => `${name} ${version}`)
  // Poetry itself installs colorama here: a group without a marker took the other group's away.
  expect(versions('3.10')).toEqual(['colorama 0.4.6', 'iniconfig 2.0.0'])
  expect(versions('3.13', { groups: ['dev'], extras: ['all'] })).toEqual([
    'colorama 0.4.6',
    'iniconfig 2.3.1',
    'pluggy 1.7.0',
    'six 1.17.0',
  ])
  expect(versions('3.10', { extras: ['all'] })).toEqual(['colorama 0.4.6', 'iniconfig 2.0.0'])
})

test('uv.lock: a flat index is a folder, a wheel may be named by path, and forks choose by their markers', () => {
  const lock = parseUvLock(fixture('uv-flat-index/uv.lock'))
  const [idna, iniconfig, six] = select(lock, '3.13')
  expect(idna!.wheels).toMatchObject([
    { filename: 'idna-3.7-py3-none-any.whl', path: '../flat/idna-3.7-py3-none-any.whl' },
  ])
  expect(six!.archive).toMatchObject({
    filename: 'six-1.16.0-py2.py3-none-any.whl',
    path: '../flat/six-1.16.0-py2.py3-none-any.whl',
    hashes: { sha256: '8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254' },
  })
  expect([iniconfig!.version, select(lock, '3.10')[1]!.version]).toEqual(['2.3.1', '2.0.0'])
})

const linux = targetEnvironment({ python: '3.13', glibc: [2, 34], machine: 'x86_64' })

test.each([
  ['uv', 'uv.lock'],
  ['poetry-2', 'poetry.lock 2.1'],
  ['poetry-1', 'poetry.lock 2.0'],
  ['pdm', 'pdm.lock'],
])('a fresh lock of %s has what its project declares, and nothing that nobody asks for', (folder, name) => {
  const scope = { extras: ['templates'], groups: ['dev'] }
  const declared = declaredRequirements(pyproject(folder), scope)
  expect(declared.length).toBeGreaterThanOrEqual(6)
  expect(uncoveredRequirements(declared, select(locks[name]!(), '3.13', scope), linux)).toEqual([])
  for (const asked of [{}, scope])
    for (const python of ['3.10', '3.13'])
      expect(unaskedDistributions([pyproject(folder)], select(locks[name]!(), python, asked))).toEqual([])
})

const changed = (from: string, to: string): Pyproject => parsePyproject(fixture('uv/pyproject.toml').replace(from, to))
const uncovered = (project: Pyproject): unknown[] =>
  uncoveredRequirements(declaredRequirements(project), select(parseUvLock(fixture('uv/uv.lock')), '3.13'), linux).map(
    (found) => [found.requirement.name, found.because, 'found' in found ? found.found : undefined],
  )

test('a stale lock says what is missing, and what is locked at a version that is no longer accepted', () => {
  expect(uncovered(changed('"click>=8",', '"click>=8", "boto3", "colorama; sys_platform == \'win32\'",'))).toEqual([
    ['boto3', 'missing', undefined],
  ])
  expect(uncovered(changed('"click>=8",', '"click<8",'))).toEqual([['click', 'version', expect.stringMatching(/^8\./)]])
})

test('what was taken out of the project is found in its lock', () => {
  const unasked = (project: Pyproject): unknown[] =>
    unaskedDistributions([project], select(parseUvLock(fixture('uv/uv.lock')), '3.13')).map((found) =>
      found.because === 'unasked' ? found.distribution.name : found,
    )
  expect(unasked(changed('"click>=8",', ''))).toEqual(['click'])
  // A group names it; only the build backend knows.
  const moved = fixture('uv/pyproject.toml')
    .replace('"click>=8",', '')
    .replace('"iniconfig>=2"', '"iniconfig>=2", "click"')
  expect(unasked(parsePyproject(moved))).toEqual([])
  expect(unasked(changed('dependencies = [', 'dynamic = ["dependencies"]\n[ignored]\nx = ['))).toEqual([])
})

test("extras that name the project's own extras are followed, once", () => {
  const project = parsePyproject(
    '[project]\nname = "App"\n[project.optional-dependencies]\nall = ["app[one,two]"]\none = ["a", "app[all]"]\ntwo = ["b"]\n',
  )
  expect(declaredRequirements(project, { extras: ['all'] }).map(({ name }) => name)).toEqual(['a', 'b'])
})
