import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

/** An entry that claims a size without having it: the rule counts what the directory says, as Lambda does first. */
const claims = (bytes: number) => ({
  directory: { uncompressedBytes: bytes, compressedBytes: 1_000_000 },
  dataDescriptor: true,
})
const sizes = (files: Files, layers: Files[] = []): readonly string[] =>
  check(files, { layers }).codes.filter((code) => code.startsWith('ZY10'))

test('unzipped sizes of package and layers together must stay below 262,144,000 bytes', () => {
  expect(sizes({ a: claims(262_144_000) })).toEqual(['ZY1001'])
  expect(sizes({ a: claims(262_143_999) })).toEqual(['ZY1002'])
  expect(sizes({ a: claims(200_000_000) }, [{ b: claims(62_144_000) }])).toEqual(['ZY1001'])
  expect(sizes({ a: claims(200_000_000) })).toEqual([])
})

test('the largest distributions are named', () => {
  const { findings } = check({
    'numpy/core.so': claims(200_000_000),
    'numpy-2.0.dist-info/METADATA': 'Name: numpy\nVersion: 2.0\n',
    'numpy-2.0.dist-info/RECORD': 'numpy/core.so,,\n',
    'data.bin': claims(70_000_000),
  })
  expect(findings.find((finding) => finding.code === 'ZY1001')?.hint).toContain(
    '`numpy` (190.7 MB), `data.bin` (66.8 MB)',
  )
})

test('a zip above 50 MB needs S3', () => {
  expect(sizes({ a: { bytes: Buffer.alloc(52_428_701), method: 0 } })).toEqual(['ZY1003'])
  expect(sizes({ a: { bytes: Buffer.alloc(52_428_000), method: 0 } })).toEqual([])
})

test('a package without files is an error', () => {
  expect(sizes({})).toEqual(['ZY1004'])
})
