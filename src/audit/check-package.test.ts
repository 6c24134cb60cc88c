import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check, packageOf } from '../../test/kit/check.ts'
import { rawZip } from '../../test/kit/raw-zip.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { auditInWorker, checkPackage } from './check-package.ts'
import { rules } from './rules.ts'

test('a plain package has nothing to find', () => {
  const { findings, summary } = check(
    { 'app.py': 'import json\ndef main(event, context): return json.dumps(1)\n' },
    { handler: 'app.main' },
  )
  expect(findings).toEqual([])
  expect(summary).toMatchObject({
    files: 1,
    errors: 0,
    warnings: 0,
    runtime: 'python3.13',
    architecture: 'x86_64',
    handler: 'app.main',
  })
})

test('a folder is checked like a zip', () => {
  const folder = join(temporaryFolder(), 'fn')
  mkdirSync(folder)
  writeFileSync(join(folder, 'app.py'), 'async def main(event, context): ...')
  const { findings } = checkPackage({ path: folder, runtime: '3.13', architecture: 'x86_64', handler: 'app.main' })
  expect(findings.map((finding) => finding.code)).toEqual(['ZY1106'])
})

test('what is no package is an error of its own, not a finding', () => {
  expect(() => checkPackage({ path: '/nowhere/x.zip', runtime: 'python3.13', architecture: 'x86_64' })).toThrow(
    'there is no package at `/nowhere/x.zip`',
  )
  const path = join(temporaryFolder(), 'x.zip')
  writeFileSync(path, 'text')
  expect(() => checkPackage({ path, runtime: 'python3.13', architecture: 'x86_64' })).toThrow(
    'is not a complete zip archive',
  )
})

test('distributions are told apart from own files, with and without RECORD', () => {
  const { summary } = check({
    'app.py': 'x',
    'requests/__init__.py': 'xx',
    'requests-2.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: requests\nVersion: 2.0\n',
    'six.py': 'xxx',
    'six-1.17.dist-info/METADATA': 'Name: six\nVersion: 1.17\n',
    'six-1.17.dist-info/RECORD': 'six.py,,\nsix-1.17.dist-info/METADATA,,\n',
  })
  expect(summary.distributions.map(({ name, version, files }) => [name, version, files])).toEqual([
    ['six', '1.17', 3],
    ['requests', '2.0', 2],
    [undefined, undefined, 1],
  ])
})

test('in a worker the answer is the same, and refusals arrive as they are', async () => {
  const request = {
    path: packageOf({ 'app.py': '' }),
    runtime: 'python3.13',
    architecture: 'x86_64',
    handler: 'app.main',
  }
  expect(await auditInWorker(request)).toEqual(checkPackage(request))
  await expect(auditInWorker({ ...request, runtime: 'python4' })).rejects.toMatchObject({ code: 'ZY0301' })
})

test('a hostile archive is a list of findings, each thing once', () => {
  const path = join(temporaryFolder(), 'x.zip')
  writeFileSync(
    path,
    rawZip([
      { name: '../x' },
      { name: 'a\\b.py' },
      { name: 'a\\c.py' },
      { name: 'z', method: 93 },
      { name: 'z', method: 93 },
    ]),
  )
  const { findings } = checkPackage({ path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' })
  expect(findings.map((finding) => finding.code)).toEqual(['ZY1601', 'ZY1604', 'ZY1102', 'ZY1602'])
  expect(findings[1]?.sentence).toBe('`a\\b.py` has backslashes where Linux needs `/`, and so on for 1 more')
})

test('codes are unique, and every finding of a rule is documented by a sample', () => {
  const all = rules.flatMap((rule) => rule.findings)
  expect(new Set(all.map((finding) => finding.code)).size).toBe(all.length)
  for (const { code, title, why, sample } of all) {
    expect(sample.code).toBe(code)
    expect(`${title}${why}${sample.sentence}${sample.hint}`).not.toMatch(/undefined|NaN|\[object/)
    expect(sample.sentence).not.toMatch(/\.$/)
  }
})
