import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { buildProject, contents, lockedProject, modes, scratch } from '../../test/kit/packages.ts'
import { projectFolder, pylockOf, wheel, type WheelSpec } from '../../test/kit/wheel.ts'
import { fileConflict, fileIsFolder } from './layout/merge.ts'
import { wheelLies } from './layout/wheel-paths.ts'
import { missingLock, staleLock } from './resolve/lock-file.ts'

const repository = resolve(import.meta.dirname, '../..')

test('a folder without dependencies becomes a zip with its code at the root', async () => {
  const folder = projectFolder({
    'lambda_function.py': 'def lambda_handler(event, context): return 1\n',
    'run.sh': '#!/bin/sh\n',
  })
  const report = await buildProject(folder)
  expect(Object.keys(contents(report.path))).toEqual(['lambda_function.py', 'run.sh'])
  expect(modes(report.path)).toEqual({ 'lambda_function.py': '644', 'run.sh': '755' })
  expect(report.entries).toBe(2)
  expect(report.codeSha256).toBe(Buffer.from(report.sha256, 'hex').toString('base64'))
})

test('an empty folder is refused, and nothing is written', async () => {
  const folder = projectFolder({ 'README.md': '' })
  await expect(buildProject(folder)).rejects.toThrow('has no file that belongs into a package')
  expect(existsSync(join(folder, 'dist'))).toBe(false)
})

test('wheels are laid out as an installer does, without what Lambda does not need', async () => {
  const folder = lockedProject({ 'app.py': '' }, [
    {
      name: 'tool',
      files: {
        'tool/__init__.py': 'x = 1\n',
        'tool/__pycache__/__init__.cpython-311.pyc': 'stale',
        'tool/helper': 'binary',
        '.data/scripts/tool': '#!python\nprint(1)\n',
        '.data/data/share/tool/data.txt': 'data',
        '.data/purelib/tool/pure.py': 'pure = 1\n',
        '.data/headers/tool.h': '',
        '.dist-info/entry_points.txt': '[console_scripts]\ntool-cli = tool:main\n',
        '.dist-info/licenses/LICENSE': 'MIT',
      },
      executable: ['tool/helper'],
    },
  ])
  const report = await buildProject(folder)
  const files = contents(report.path)
  expect(Object.keys(files)).toEqual([
    'app.py',
    'share/tool/data.txt',
    'tool-1.0.dist-info/METADATA',
    'tool-1.0.dist-info/RECORD',
    'tool-1.0.dist-info/WHEEL',
    'tool-1.0.dist-info/entry_points.txt',
    'tool-1.0.dist-info/licenses/LICENSE',
    'tool/__init__.py',
    'tool/helper',
    'tool/pure.py',
  ])
  expect(modes(report.path)['tool/helper']).toBe('755')
  // RECORD tells what is there, so that `importlib.metadata.files()` does.
  const recorded = files['tool-1.0.dist-info/RECORD']!.trim()
    .split('\n')
    .map((line) => line.split(',')[0])
  expect(recorded.sort()).toEqual(
    Object.keys(files)
      .filter((path) => path !== 'app.py')
      .sort(),
  )
  expect(report.leftOut.map(({ because, files }) => [because, files])).toEqual(
    expect.arrayContaining([
      ['script', 1],
      ['bytecode', 1],
      ['header', 1],
    ]),
  )
})

test('the report tells what each distribution weighs, and its parts add up to the archive', async () => {
  const folder = lockedProject({ 'app.py': 'print(1)\n' }, [
    { name: 'big', files: { 'big.py': 'x = 1\n'.repeat(5000) } },
    { name: 'small' },
  ])
  const report = await buildProject(folder)
  expect(report.shares.map(({ name }) => name)).toEqual(['big', 'small', undefined])
  expect(report.shares.reduce((sum, share) => sum + share.unzippedBytes, 0)).toBe(report.unzippedBytes)
  expect(report.shares.reduce((sum, share) => sum + share.files, 0)).toBe(report.entries)
  expect(report.zippedBytes).toBe(readFileSync(report.path).length)
  expect(report.stages.map(({ stage }) => stage)).toEqual(
    expect.arrayContaining(['sources', 'resolve', 'fetch', 'lay out', 'splice']),
  )
})

test('two distributions that differ about a file are named, and the same bytes twice are no conflict', async () => {
  const same = lockedProject({ 'app.py': '' }, [
    { name: 'one', files: { 'one.py': '', 'shared/__init__.py': '# same\n' } },
    { name: 'two', files: { 'two.py': '', 'shared/__init__.py': '# same\n' } },
  ])
  expect(Object.keys(contents((await buildProject(same)).path))).toContain('shared/__init__.py')
  const specs = [
    { name: 'one', files: { 'shared/__init__.py': '# of one\n' } },
    { name: 'two', files: { 'shared/__init__.py': '# of two\n' } },
  ]
  const different = lockedProject({ 'app.py': '' }, specs)
  const refusal = await buildProject(different).catch((error: unknown) => error)
  expect(fileConflict.is(refusal)).toBe(true)
  expect((refusal as Error).message).toBe('`shared/__init__.py` comes from `one` and, with other bytes, from `two`')
  expect(existsSync(join(different, 'dist'))).toBe(false)
  const report = await buildProject(different, { onConflict: 'last' })
  expect(contents(report.path)['shared/__init__.py']).toBe('# of two\n')
  expect(report.notes[0]?.message).toContain('that of `two` is packed')
})

test('a file where another distribution needs a folder is refused', async () => {
  const folder = lockedProject({ 'app.py': '' }, [
    { name: 'one', files: { a: 'file' } },
    { name: 'two', files: { 'a/b.py': '' } },
  ])
  await expect(buildProject(folder)).rejects.toSatisfy(fileIsFolder.is)
})

test("an own file wins over a distribution's, and both kinds of shadowing are told", async () => {
  const folder = lockedProject({ 'lib/__init__.py': '# mine\n', 'other.py': '' }, [
    { name: 'lib', files: { 'lib/__init__.py': '# theirs\n' } },
    { name: 'other', files: { 'other/__init__.py': '' } },
  ])
  const report = await buildProject(folder)
  expect(contents(report.path)['lib/__init__.py']).toBe('# mine\n')
  expect(report.notes.map(({ code }) => code)).toEqual(['ZY0424', 'ZY0425'])
})

test('a wheel whose metadata is of another distribution is refused', async () => {
  const folder = projectFolder({ 'app.py': '' })
  const made = wheel(join(folder, '.cache'), {
    name: 'honest',
    files: { 'x.py': '', 'liar-2.0.dist-info/METADATA': '' },
  })
  writeFileSync(join(folder, 'pylock.toml'), pylockOf([made]))
  await expect(buildProject(folder)).rejects.toSatisfy(wheelLies.is)
})

test('a wheel that was replaced is refused by its digest, and does not enter the cache', async () => {
  const folder = lockedProject({ 'app.py': '' }, [{ name: 'lib' }])
  const lock = readFileSync(join(folder, 'pylock.toml'), 'utf8')
  wheel(join(folder, '.cache'), { name: 'lib', files: { 'lib.py': "version = '666'\n" } })
  writeFileSync(join(folder, 'pylock.toml'), lock.replace(/size = \d+, /, ''))
  await expect(buildProject(folder)).rejects.toThrow('is not the file that was locked')
})

test('the same inputs give the same bytes in another folder and another order of wheels', async () => {
  const specs: WheelSpec[] = [{ name: 'one' }, { name: 'two', files: { 'two/__init__.py': 'x = 1\n' } }]
  const first = await buildProject(lockedProject({ 'app.py': 'print(1)\n', 'b.py': '' }, specs))
  const second = await buildProject(lockedProject({ 'b.py': '', 'app.py': 'print(1)\n' }, specs.toReversed()))
  expect(second.codeSha256).toBe(first.codeSha256)
})

test('requirements are resolved once: the lock is kept, honoured by --locked, and stale when they change', async () => {
  const links = join(scratch, 'links')
  wheel(links, { name: 'lib', version: '1.0', requires: ['needed>=1', "winonly; sys_platform == 'win32'"] })
  wheel(links, { name: 'needed' })
  const environment = { PIP_FIND_LINKS: links, PIP_NO_INDEX: '1', ...uvIfThere() }
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'lib\n' })
  await expect(buildProject(folder, { locked: true }, environment)).rejects.toSatisfy(missingLock.is)
  const first = await buildProject(folder, {}, environment)
  expect(first.shares.map(({ name }) => name).sort()).toEqual(['lib', 'needed', undefined])
  expect(first.lockFile).toEqual({ path: join(folder, 'pylock.zipyard.toml'), written: true })
  wheel(links, { name: 'lib', version: '2.0' })
  const second = await buildProject(folder, { locked: true }, environment)
  expect(second.codeSha256).toBe(first.codeSha256)
  expect(second.lockFile?.written).toBe(false)
  writeFileSync(join(folder, 'requirements.txt'), 'lib>=1\n')
  await expect(buildProject(folder, { locked: true }, environment)).rejects.toSatisfy(staleLock.is)
  const third = await buildProject(folder, {}, environment)
  expect(third.shares.find(({ name }) => name === 'lib')?.version).toBe('2.0')
})

/** uv as it was fetched for this repository; without it the tests below resolve with pip, which must come to the same. */
function uvIfThere(): Record<string, string> {
  const uv = process.env['UV']
  return uv ? { UV: uv } : { ZIPYARD_CACHE_DIR: join(repository, '.cache', 'zipyard') }
}
