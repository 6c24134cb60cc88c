import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildAll, buildProject, contents, lockedProject, scratch } from '../../test/kit/packages.ts'
import { projectFolder } from '../../test/kit/wheel.ts'
import { findInterpreters } from '../interpreters/find-interpreters.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { readEntry } from '../zip/entry-data.ts'
import { openArchive } from '../zip/reader.ts'
import { oneOutForSeveral, planBuilds } from './plan-builds.ts'

test('both architectures in one command: two packages, named for them', async () => {
  const folder = projectFolder({ 'app.py': '' })
  const reports = await buildAll(folder, { architectures: ['x86_64,arm64'] })
  expect(reports.map(({ path }) => path.slice(folder.length + 1))).toEqual([
    expect.stringMatching(/^dist\/.*-x86_64\.zip$/),
    expect.stringMatching(/^dist\/.*-arm64\.zip$/),
  ])
})

test('several runtimes in one command: a package for each, and for each architecture of it', async () => {
  const folder = projectFolder({ 'app.py': '' })
  const names = async (request: Parameters<typeof buildAll>[1]): Promise<string[]> =>
    (await buildAll(folder, { name: 'shop', ...request })).map(({ path }) => path.slice(folder.length + 1))
  expect(await names({ runtime: 'python3.13, 3.11,python3.13' })).toEqual([
    'dist/shop-python3.13.zip',
    'dist/shop-python3.11.zip',
  ])
  expect(await names({ runtime: 'python3.12,python3.13', architectures: ['arm64,x86_64'], out: 'out/f.zip' })).toEqual([
    'out/f-python3.12-x86_64.zip',
    'out/f-python3.12-arm64.zip',
    'out/f-python3.13-x86_64.zip',
    'out/f-python3.13-arm64.zip',
  ])
})

test('several functions of one project get a package each, with what differs between them', async () => {
  const folder = projectFolder({ 'a/app.py': 'a = 1', 'b/app.py': 'b = 1', 'a/requirements.txt': '' })
  const functions = { alpha: { source: 'a', handler: 'app.main' }, beta: { source: 'b', runtime: 'python3.12' } }
  const reports = await buildAll(folder, { functions })
  expect(reports.map(({ name, runtime, path }) => [name, runtime, contents(path)])).toEqual([
    ['alpha', 'python3.13', { 'app.py': 'a = 1' }],
    ['beta', 'python3.12', { 'app.py': 'b = 1' }],
  ])
  expect(planBuilds({ workingDirectory: folder, functions, only: ['beta'] })).toHaveLength(1)
  expect(() => planBuilds({ workingDirectory: folder, functions, out: 'x.zip' })).toThrow(
    expect.toSatisfy(oneOutForSeveral.is),
  )
})

test('a layer holds the dependencies below `python`, a split also leaves the code in a package of its own', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib' }])
  const layer = await buildProject(folder, { layer: true, name: 'shop' })
  expect(layer.path).toBe(join(folder, 'dist/shop-layer.zip'))
  expect(Object.keys(contents(layer.path))).toContain('python/lib.py')
  const split = await buildAll(folder, { split: true, name: 'shop', layerRoot: 'site-packages', runtime: '3.12' })
  expect(Object.keys(contents(split[0]!.path))).toContain('python/lib/python3.12/site-packages/lib.py')
  expect(Object.keys(contents(split[1]!.path))).toEqual(['app.py'])
})

test('--slim safe leaves out tests, stubs and C sources, never metadata, licences or data', async () => {
  const files = {
    'lib/__init__.py': '',
    'lib/tests/test_x.py': '',
    'lib/testing.py': '',
    'lib/core.pyi': '',
    'lib/_fast.c': '',
    'lib/data.json': '{}',
    '.dist-info/licenses/LICENSE': '',
  }
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib', files }])
  const slim = await buildProject(folder, { slim: 'safe' })
  expect(Object.keys(contents(slim.path)).filter((path) => path.startsWith('lib'))).toEqual([
    'lib-1.0.dist-info/METADATA',
    'lib-1.0.dist-info/RECORD',
    'lib-1.0.dist-info/WHEEL',
    'lib-1.0.dist-info/licenses/LICENSE',
    'lib/__init__.py',
    'lib/data.json',
    'lib/testing.py',
  ])
  expect(slim.leftOut.map(({ because }) => because).sort()).toEqual(['source-code', 'tests', 'type-stubs'])
})

test('--sdk runtime leaves boto3 to the runtime, and keeps what somebody else needs', async () => {
  const sdk = [
    { name: 'boto3', requires: ['botocore>=1'] },
    { name: 'botocore', requires: ['urllib3'] },
    { name: 'urllib3' },
    { name: 'requests', requires: ['urllib3>=1'] },
  ]
  const left = await buildProject(lockedProject({ 'app.py': '' }, sdk), { sdk: 'runtime' })
  expect(left.shares.map(({ name }) => name).sort()).toEqual(['requests', 'urllib3', undefined])
  expect(left.notes[0]?.message).toContain('`boto3 1.0`')
  const pinned = [...sdk, { name: 'aio', requires: ['botocore==1.0'] }]
  const kept = await buildProject(lockedProject({ 'app.py': '' }, pinned), { sdk: 'runtime' })
  expect(kept.shares.map(({ name }) => name)).toContain('boto3')
  expect(kept.notes[0]?.message).toContain('`aio` needs a particular `botocore`')
})

const pythons = await findInterpreters({ dataFolder: scratch, environment: process.env })

/** The newest Python here that a runtime has. */
const python = pythons
  .filter(({ minor }) => /^3\.(8|9|1\d)$/.test(minor))
  .sort((a, b) => Number(b.minor.slice(2)) - Number(a.minor.slice(2)))[0]!

test('--bytecode on packs what Python takes without looking at the source, and the same bytes again from elsewhere', async () => {
  const specs = [
    {
      name: 'lib',
      files: { 'lib/__init__.py': 'def where():\n    return 1\n', 'lib/template.py': 'def {{ name }}: pass\n' },
    },
  ]
  const build = async (): Promise<{ path: string; codeSha256: string }> =>
    buildProject(
      lockedProject({ 'app.py': 'import lib\n' }, specs),
      { bytecode: 'on', runtime: python.minor },
      { ZIPYARD_CACHE_DIR: temporaryFolder() },
    )
  const first = await build()
  const tag = `cpython-${python.minor.replace('.', '')}`
  expect(Object.keys(contents(first.path)).filter((path) => path.endsWith('.pyc'))).toEqual([
    `__pycache__/app.${tag}.pyc`,
    `lib/__pycache__/__init__.${tag}.pyc`,
  ])
  const { source, listing } = openArchive(first.path)
  const pyc = readEntry(
    source,
    listing.entries.find(({ name }) => name === `lib/__pycache__/__init__.${tag}.pyc`)!,
  )
  source.close()
  expect(pyc.readUInt32LE(4), 'flags: hash, unchecked').toBe(1)
  const file = join(temporaryFolder(), 'x.pyc')
  writeFileSync(file, pyc)
  const question = `import marshal; print(marshal.loads(open(${JSON.stringify(file)}, 'rb').read()[16:]).co_filename)`
  expect(execFileSync(python.executable, ['-c', question], { encoding: 'utf8' }).trim()).toBe(
    '/var/task/lib/__init__.py',
  )
  expect((await build()).codeSha256).toBe(first.codeSha256)
})

test('the bytecode is what the interpreter itself would load: a changed source beside it changes nothing', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib', files: { 'lib.py': 'answer = 42\n' } }])
  const report = await buildProject(folder, { bytecode: 'on', runtime: python.minor })
  const target = temporaryFolder()
  execFileSync('python3', [
    '-c',
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
    report.path,
    target,
  ])
  expect(readFileSync(join(target, 'lib.py'), 'utf8')).toBe('answer = 42\n')
  writeFileSync(join(target, 'lib.py'), 'answer = 0\n')
  expect(
    execFileSync(python.executable, ['-c', 'import lib; print(lib.answer)'], {
      cwd: target,
      encoding: 'utf8',
    }).trim(),
  ).toBe('42')
})
