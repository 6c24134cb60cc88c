import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const large = Buffer.alloc(1_100_000, 'x')
const dist = (name: string, files: Files, metadata = '', version = '1'): Files => ({
  ...files,
  [`${name}-${version}.dist-info/METADATA`]: `Name: ${name}\nVersion: ${version}\n${metadata}`,
  [`${name}-${version}.dist-info/RECORD`]: Object.keys(files)
    .map((path) => `${path},,\n`)
    .join(''),
})
const waste = (files: Files, source = 'import a'): readonly string[] =>
  check({ 'app.py': `${source}\ndef main(event, context): ...`, ...files }, { handler: 'app.main' })
    .findings.filter((finding) => finding.code.startsWith('ZY191'))
    .map((finding) => `${finding.code} ${finding.sentence}`)

test('tests and stubs of dependencies are summed up when they are worth it', () => {
  expect(waste(dist('a', { 'a/__init__.py': '', 'a/tests/data.bin': large, 'a/tests/x.py': '' }))).toEqual([
    'ZY1910 tests take 1.0 MB in 2 files, most of them in `a`',
  ])
  expect(waste(dist('a', { 'a/__init__.py': '', 'a/tests/x.py': '' }))).toEqual([])
})

test('a distribution that nothing reaches', () => {
  const a = dist('a', { 'a/__init__.py': '' })
  const b = dist('b', { 'b/__init__.py': '', 'b/data.bin': large })
  expect(waste({ ...a, ...b })).toEqual(['ZY1911 nothing imports `b` (1.0 MB)'])
  expect(waste({ ...a, ...b }, 'import a\ndef f():\n  import b')).toEqual([])
  expect(
    waste({ ...dist('a', { 'a/__init__.py': '' }, 'Requires-Dist: b>=1\n'), ...b }),
    'native code may use it',
  ).toEqual([])
  expect(waste({ ...a, ...b }, 'import sys\nsys.path.append("x")\nimport a')).toEqual([])
})

test('two versions of one distribution', () => {
  expect(waste({ ...dist('a', { 'a/__init__.py': '' }), ...dist('a', { 'a/new.py': '' }, '', '2') })).toEqual([
    'ZY1912 `a` is there in versions 1 and 2',
  ])
})

test('an installer that nobody asked for', () => {
  const pip = dist('pip', { 'pip/__init__.py': '' })
  expect(waste({ ...dist('a', { 'a/__init__.py': '' }), ...pip })).toEqual(['ZY1913 `pip` takes 39 B and is not used'])
  expect(waste({ ...dist('a', { 'a/__init__.py': 'import pip' }), ...pip })).toEqual([])
  expect(waste({ ...dist('a', { 'a/__init__.py': '' }, 'Requires-Dist: pip\n'), ...pip })).toEqual([])
})

test('folders of the development machine', () => {
  expect(
    waste({ ...dist('a', { 'a/__init__.py': '' }), '.git/HEAD': 'x'.repeat(2048), '.venv/pyvenv.cfg': '' }),
  ).toEqual(['ZY1914 `.git` (2.0 KB) belongs to the development machine, and 1 more'])
})
