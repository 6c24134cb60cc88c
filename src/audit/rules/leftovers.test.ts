import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const leftovers = (files: Files): readonly string[] =>
  check(files)
    .findings.filter((finding) => finding.code.startsWith('ZY171'))
    .map((finding) => `${finding.code} ${finding.sentence}`)

/** Head of a .pyc: magic number, flags, then time or hash. */
const pyc = (magic: number, flags: number): Buffer => {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt16LE(magic, 0)
  bytes.write('\r\n', 2)
  bytes.writeUInt32LE(flags, 4)
  return bytes
}

test('bytecode that the runtime will not use is counted, by reason', () => {
  expect(
    leftovers({
      '__pycache__/a.cpython-313.pyc': pyc(3571, 1),
      '__pycache__/b.cpython-313.pyc': pyc(3571, 3),
      '__pycache__/c.cpython-313.pyc': pyc(3571, 0),
      '__pycache__/d.cpython-313.pyc': pyc(3571, 0),
      '__pycache__/e.cpython-311.pyc': pyc(3495, 1),
      'f.pyc': pyc(3495, 1),
    }),
  ).toEqual([
    'ZY1710 2 bytecode files such as `__pycache__/c.cpython-313.pyc` are tied to the modification time of their source and will not be used',
    'ZY1710 1 bytecode files such as `__pycache__/e.cpython-311.pyc` are of Python 3.11 and will not be used',
    'ZY1710 1 bytecode files such as `f.pyc` are of another Python and will not be used',
  ])
})

test('pointers to folders of the build machine', () => {
  expect(leftovers({ '__editable__.mylib-1.0.pth': '/home/me/mylib/src\n' })).toEqual([
    'ZY1711 `__editable__.mylib-1.0.pth` points to `/home/me/mylib/src`, which is not in the package',
  ])
  expect(
    leftovers({
      '__editable__.mylib-1.0.pth': 'import __editable___mylib_finder; __editable___mylib_finder.install()',
    }),
  ).toHaveLength(1)
  expect(leftovers({ 'mylib.egg-link': '/home/me' })).toEqual([
    'ZY1713 `mylib.egg-link` is a pointer that nothing on Lambda follows',
  ])
})

test('.pth files that run code are warned about, those that add a folder of the package are not', () => {
  expect(leftovers({ 'distutils-precedence.pth': 'import os; os.getcwd()\n' })).toEqual([
    'ZY1712 `distutils-precedence.pth` runs code at each cold start',
  ])
  expect(leftovers({ 'vendor.pth': '# ours\nvendor\n', 'vendor/x.py': '' })).toEqual([])
})
