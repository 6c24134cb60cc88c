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

const distribution = (name: string, files: Files, requires = ''): Files => ({
  ...files,
  [`${name}-1.0.dist-info/METADATA`]: `Name: ${name}\nVersion: 1.0\n${requires}`,
  [`${name}-1.0.dist-info/RECORD`]: `${Object.keys(files).join(',,\n')},,\n`,
})

test('what would make it fit is named with what it saves, most first, and no byte twice', () => {
  const files = (bytes: number): Files => ({
    'app.py': 'import used\n\n\ndef main(event, context):\n    pass\n',
    ...distribution(
      'used',
      { 'used/__init__.py': '', 'used/lib.so': claims(bytes), 'used/tests/data.bin': claims(30_000_000) },
      'Requires-Dist: needed\n',
    ),
    ...distribution('needed', { 'needed/lib.bin': claims(10_000_000) }),
    ...distribution('unused', { 'unused/lib.bin': claims(50_000_000), 'unused/tests/x.bin': claims(20_000_000) }),
    ...distribution(
      'botocore',
      { 'botocore/__init__.py': '', 'botocore/data.json': claims(20_000_000) },
      'Requires-Dist: used\n',
    ),
    ...distribution('boto3', { 'boto3/__init__.py': 'import botocore\n' }),
  })
  const hintOf = (bytes: number): string | undefined =>
    check(
      { ...files(bytes), 'app.py': 'import boto3, used\n\n\ndef main(event, context):\n    pass\n' },
      { handler: 'app.main' },
    ).findings.find(({ code }) => code === 'ZY1001')?.hint
  const steps =
    'What helps, most first: leave out `unused`, which nothing imports (66.8 MB); build with `--slim safe` (28.6 MB); leave the AWS SDK to the runtime with `--sdk runtime` (19.1 MB).'
  expect(hintOf(200_000_000)).toContain(`${steps} 200.3 MB would be left, which fits`)
  expect(hintOf(260_000_000)).toContain(
    `${steps} 257.5 MB would be left, still too much: split the function, or use a container image`,
  )
  // Without a handler nobody can say what nothing imports.
  expect(check(files(200_000_000)).findings.find(({ code }) => code === 'ZY1001')?.hint).not.toContain('unused`, which')
  const alone = check({ a: claims(262_144_000) }).findings.find(({ code }) => code === 'ZY1001')!
  expect(alone.hint).toContain('Leave out what the function does not need, split')
})

test('a zip above 50 MB needs S3', () => {
  expect(sizes({ a: { bytes: Buffer.alloc(52_428_701), method: 0 } })).toEqual(['ZY1003'])
  expect(sizes({ a: { bytes: Buffer.alloc(52_428_000), method: 0 } })).toEqual([])
})

test('a package without files is an error', () => {
  expect(sizes({})).toEqual(['ZY1004'])
})
