import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageOf, type Files } from '../../test/kit/check.ts'
import type { RawEntry } from '../../test/kit/raw-zip.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { permissionsOf } from '../zip/entry.ts'
import { openArchive } from '../zip/reader.ts'
import { checkPackage } from './check-package.ts'
import { repairPackage } from './repair.ts'

async function repair(files: Files | readonly RawEntry[], handler?: string) {
  const out = join(temporaryFolder(), 'right.zip')
  const { changes, dropped } = await repairPackage({ path: packageOf(files), out, handler })
  const { source, listing } = openArchive(out)
  source.close()
  expect(listing.hazards.filter((hazard) => hazard.code !== 'symbolic-link')).toEqual([])
  return {
    out,
    dropped: dropped.map(({ name }) => name),
    changes: changes.map((change) => change.sentence),
    files: Object.fromEntries(listing.entries.map((entry) => [entry.name, permissionsOf(entry).toString(8)])),
  }
}

const main = 'def main(event, context): ...'

test('a package from Windows gets folders and bits', async () => {
  const { files, changes, out } = await repair([
    { name: 'app.py', bytes: main, creator: 0, mode: 0 },
    { name: 'pkg\\', creator: 0, mode: 0 },
    { name: 'pkg\\mod.py', creator: 0, mode: 0 },
  ])
  expect(files).toEqual({ 'app.py': '644', 'pkg/mod.py': '644' })
  expect(changes).toEqual(['turned backslashes into folders in one name'])
  expect(
    checkPackage({ path: out, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }).findings,
  ).toEqual([])
})

test('bits that keep the function out are opened, programs stay programs', async () => {
  const { files, changes } = await repair({ 'app.py': { mode: 0o100600 }, 'bin/run': { mode: 0o100700 }, 'ok.py': '' })
  expect(files).toEqual({ 'app.py': '644', 'bin/run': '755', 'ok.py': '644' })
  expect(changes).toEqual(['gave everyone read permission to 2 files'])
})

test('a root that lies too deep is moved up, by the handler or by what is there', async () => {
  const files = { 'my-fn/app.py': main, 'my-fn/lib/x.py': '' }
  expect((await repair(files, 'app.main')).files).toEqual({ 'app.py': '644', 'lib/x.py': '644' })
  expect((await repair(files)).changes).toEqual(['moved what is in `my-fn` to the root'])
  expect((await repair({ 'pkg/__init__.py': '', 'pkg/app.py': main })).changes).toEqual([])
  expect((await repair(files, 'my-fn/app.main')).changes).toEqual([])
  expect((await repair({ 'python/requests.py': '' })).changes).toEqual([])
})

test('absolute, untidy and doubled names, and what a Mac leaves behind', async () => {
  const { files, changes, dropped } = await repair([
    { name: '/abs.py' },
    { name: './a//b.py' },
    { name: 'twice.py', bytes: '1' },
    { name: 'twice.py', bytes: '22' },
    { name: '__MACOSX/._app.py' },
    { name: '../out.py' },
    { name: 'broken.py', bytes: 'x', directory: { crc32: 1 } },
    { name: 'packed.py', method: 93 },
    { name: 'link', bytes: 'abs.py', mode: 0o120777 },
  ])
  expect(Object.keys(files)).toEqual(['a/b.py', 'abs.py', 'link', 'twice.py'])
  expect(dropped.sort()).toEqual(['../out.py', 'broken.py', 'packed.py'])
  expect(changes).toEqual([
    'made one name relative',
    'tidied one name',
    'left out one file of the development machine',
    'kept the last of one file that was there twice',
  ])
})

test('a package that is right is written again without a change to tell', async () => {
  expect(
    (await repair({ 'app.py': main, 'bin/run': { bytes: '#!/bin/sh', mode: 0o100755 } }, 'app.main')).changes,
  ).toEqual([])
})

test('a package with nothing to keep is refused', async () => {
  await expect(repair([{ name: '../x' }])).rejects.toThrow('holds no file that could be kept')
})
