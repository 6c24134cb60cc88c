/** What projects declare without a lock, in every form that pip and uv know, resolved by both; and the lock that is written, read by both. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { ZipyardError } from '../../src/base/errors.ts'
import { answer, indexServer } from '../kit/index-server.ts'
import { buildAll, buildProject, contents } from '../kit/packages.ts'
import { pipFolder, uvExecutable } from '../kit/real-tools.ts'
import { projectFolder, wheel } from '../kit/wheel.ts'

const uv = await uvExecutable()
const links = mkdtempSync(join(tmpdir(), 'zipyard-links-'))
const names = ['plain', 'nested', 'limited', 'hashed', 'fast', 'windows', 'late', 'by-path', 'by-url', 'grouped']
for (const name of names.filter((one) => one !== 'by-path' && one !== 'by-url')) wheel(links, { name })
wheel(links, { name: 'limited', version: '2.0' })
const extra = wheel(links, { name: 'with-extra', requires: ['fast; extra == "speed"', 'windows; sys_platform == "win32"', 'late; python_version < "3.11"'] }) // prettier-ignore
// A wheel tells its extras.
expect(extra.filename).toBe('with_extra-1.0-py3-none-any.whl')
const hashed = wheel(links, { name: 'hashed' })
const elsewhere = mkdtempSync(join(tmpdir(), 'zipyard-elsewhere-'))
const byPath = wheel(elsewhere, { name: 'by-path' })
const byUrl = wheel(elsewhere, { name: 'by-url' })
const environment = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: links, UV: uv }
const packed = (
  shares: readonly { readonly name?: string | undefined; readonly version?: string | undefined }[],
): string[] => shares.flatMap(({ name, version }) => (name === undefined ? [] : [`${name} ${version}`])).sort()

test.each([['uv'], ['pip']])(
  'a requirements file with -r, -c, --hash, extras, markers, a URL, a wheel by path, and a second file: by %s',
  async (resolver) => {
    const server = await indexServer({ [`/${byUrl.filename}`]: answer(200, readFileSync(byUrl.path)) })
    const folder = projectFolder({
      'app.py': '',
      'requirements.txt': `-r more/nested.txt
-c constraints.txt
plain>=1   # the rest of the line is a comment
limited
with-extra[speed]
windows; sys_platform == "win32"
by-url @ ${server.url}/${byUrl.filename}
${byPath.path}
`,
      'more/nested.txt': 'nested\n',
      'constraints.txt': 'limited<2\n',
      'second.txt': 'grouped\n',
    })
    const request = { requirements: ['requirements.txt', 'second.txt'], resolver, runtime: 'python3.10' }
    const report = await buildProject(folder, request, environment)
    expect(packed(report.shares)).toEqual(
      ['by-path', 'by-url', 'fast', 'grouped', 'late', 'limited', 'nested', 'plain', 'with-extra'].map(
        (name) => `${name} 1.0`,
      ),
    )
    expect(Object.keys(contents(report.path))).toContain('by_path.py')
  },
)

test('digests of requirements are kept to: another file of the same name is refused', async () => {
  const build = async (digest: string) =>
    buildProject(
      projectFolder({ 'app.py': '', 'requirements.txt': `hashed==1.0 --hash=sha256:${digest}\n` }),
      {},
      environment,
    )
  expect(packed((await build(hashed.sha256)).shares)).toEqual(['hashed 1.0'])
  await expect(build('0'.repeat(64))).rejects.toThrow(/`hashed(-1\.0-py3-none-any\.whl| 1\.0)`/)
})

test('a distribution that excludes the Python of the runtime is refused with the words of the resolver, and the way out', async () => {
  wheel(links, { name: 'newer', requiresPython: '>=3.14' })
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'newer\n' })
  const error = (await buildProject(folder, { resolver: 'uv', runtime: 'python3.12' }, environment).catch((reason: unknown) => reason)) as ZipyardError // prettier-ignore
  expect(error.message).toBe('The requirements of `requirements.txt` cannot be satisfied for `python3.12 on x86_64`')
  expect(String(error.cause)).toContain('Python >=3.14')
  expect(error.hint).toContain('--runtime')
})

const pyproject = `[project]
name = "app"
version = "0.1"
dependencies = ["plain"]
[project.optional-dependencies]
speed = ["fast"]
[dependency-groups]
jobs = ["grouped", { include-group = "more" }]
more = ["nested"]
`

test.each([['uv'], ['pip']])(
  'optional dependencies and dependency groups of pyproject.toml, and the metadata of a script: by %s',
  async (resolver) => {
    const folder = projectFolder({
      'app.py': '',
      'pyproject.toml': pyproject,
      'job.py': '# /// script\n# requires-python = ">=3.9"\n# dependencies = ["with-extra[speed]"]\n# ///\n',
    })
    const of = async (request: Parameters<typeof buildProject>[1]) =>
      packed((await buildProject(folder, { resolver, ...request }, environment)).shares)
    expect(await of({})).toEqual(['plain 1.0'])
    expect(await of({ extras: ['speed'], groups: ['jobs'] })).toEqual(['fast', 'grouped', 'nested', 'plain'].map((name) => `${name} 1.0`)) // prettier-ignore
    expect(await of({ script: 'job.py' })).toEqual(['fast 1.0', 'with-extra 1.0'])
  },
)

test('pip and uv read the lock that a build writes', async () => {
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': `plain\nwith-extra[speed]\nby-path @ ${pathToFileURL(byPath.path).href}\n` }) // prettier-ignore
  // The lock is for one Python, and uv and pip check theirs against it.
  const minor = String(execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])).trim()
  const report = await buildProject(folder, { resolver: 'uv', runtime: minor }, environment)
  const lock = join(folder, 'pylock.zipyard.toml')
  expect(report.lockFile?.path).toBe(lock)
  const target = join(folder, 'by-uv')
  execFileSync(uv, ['pip', 'install', '--quiet', '--preview', '--target', target, '--no-index', '--python-version', minor, '--python-platform', 'x86_64-manylinux_2_34', '-r', lock], { cwd: folder, stdio: 'pipe' }) // prettier-ignore
  const byPip = join(folder, 'by-pip')
  execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--no-index', '--target', byPip, '-r', lock], {
    cwd: folder,
    env: { ...process.env, PYTHONPATH: pipFolder(), PIP_FIND_LINKS: '' },
    stdio: 'pipe',
  })
  for (const path of ['plain.py', 'with_extra.py', 'fast.py', 'by_path.py']) {
    const expected = contents(report.path)[path]
    expect(readFileSync(join(target, path), 'utf8')).toBe(expected)
    expect(readFileSync(join(byPip, path), 'utf8')).toBe(expected)
  }
})

test('functions with the same dependencies and target share one resolution, also one that is made anew', async () => {
  // The resolver that counts how often it is asked.
  const folder = projectFolder({
    'counting-uv': `#!/bin/sh\ncase " $* " in *" compile "*) echo asked >> "$(dirname "$0")/asked" ;; esac\nexec '${uv}' "$@"\n`,
    'requirements.txt': 'plain\n',
    ...Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}/app.py`, `name = "${name}"\n`])),
    'd/requirements.txt': 'nested\n',
  })
  chmodSync(join(folder, 'counting-uv'), 0o755)
  const functions = {
    a: { source: 'a' },
    b: { source: 'b' },
    c: { source: 'c', architectures: ['arm64'] },
    d: { source: 'd', requirements: ['d/requirements.txt'] },
    e: { source: 'e', requirements: ['d/requirements.txt'] },
  }
  const counting = { ...environment, UV: join(folder, 'counting-uv') }
  const asked = (): number => readFileSync(join(folder, 'asked'), 'utf8').split('\n').length - 1
  const reports = await buildAll(folder, { functions }, counting)
  expect(reports.map(({ name, shares }) => [name, ...packed(shares)])).toEqual([
    ['a', 'plain 1.0'],
    ['b', 'plain 1.0'],
    ['c', 'plain 1.0'],
    ['d', 'nested 1.0'],
    ['e', 'nested 1.0'],
  ])
  expect(asked()).toBe(3)
  await buildAll(folder, { functions, locked: true }, counting)
  expect(asked()).toBe(3)
  await buildAll(folder, { functions, upgrade: true }, counting)
  expect(asked()).toBe(6)
})

test.each(['uv', 'pip'])('requirements that PowerShell wrote, in UTF-16, are read (%s)', async (resolver) => {
  const text = '\uFEFFplain==1.0\r\nlimited>=1\r\n'
  const bigEndian = Buffer.from(text, 'utf16le').swap16()
  for (const bytes of [Buffer.from(text, 'utf16le'), bigEndian]) {
    const folder = projectFolder({ 'app.py': '', 'requirements.txt': bytes })
    const report = await buildProject(folder, { resolver, upgrade: true }, environment)
    expect(packed(report.shares)).toEqual(['limited 2.0', 'plain 1.0'])
    expect((await buildProject(folder, { resolver, locked: true }, environment)).codeSha256).toBe(report.codeSha256)
  }
})
