import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildProject, lockedProject, scratch } from '../../test/kit/packages.ts'
import { checkPackage } from '../audit/check-package.ts'
import { knownContent } from '../audit/known-package.ts'
import { openArchive } from '../zip/reader.ts'

test('what a build learned of its wheels serves a later check of the package, and nobody needs it', async () => {
  const folder = lockedProject({ 'app.py': 'import tool\ndef main(event, context): return 1\n' }, [
    { name: 'tool', files: { 'tool/__init__.py': 'import json\n' } },
  ])
  const report = await buildProject(folder, { noCheck: false })
  const cacheFolder = join(scratch, 'cache')
  const { source, listing } = openArchive(report.path)
  source.close()
  const { crc32, uncompressedBytes: bytes } = listing.entries.find(({ name }) => name === 'tool/__init__.py')!
  expect(knownContent(report.path, cacheFolder)?.contentOf({ path: 'tool/__init__.py', crc32, bytes, distribution: 'tool' })).toMatchObject({ imports: [{ module: 'json' }] }) // prettier-ignore

  const request = { path: report.path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }
  const found = checkPackage({ ...request, cacheFolder })
  rmSync(cacheFolder, { recursive: true })
  expect(checkPackage({ ...request, cacheFolder })).toEqual(found)
})

test('a build finds what a check finds that reads every file: in wheels that are whole, and in those that are not', async () => {
  const tests = {
    'tests/__init__.py': '',
    'tests/test_it.py': 'x = 1\n'.repeat(400_000),
    'it.c': 'int main;\n'.repeat(150_000),
  }
  const below = (folder: string): Record<string, string> =>
    Object.fromEntries(Object.entries(tests).map(([path, text]) => [`${folder}/${path}`, text]))
  const folder = lockedProject(
    { 'app.py': 'import tool, half\ndef main(event, context): return 1\n', 'half_more.py': '' },
    [
      { name: 'tool', files: { 'tool/__init__.py': 'import json\n', ...below('tool') } },
      {
        name: 'half',
        files: {
          'half/__init__.py': 'import json\n',
          'half-1.0.data/scripts/half': '#!python\n',
          'half-1.0.data/data/share/man/man1/half.1': 'manual',
          ...below('half'),
        },
      },
    ],
  )
  const report = await buildProject(folder, { noCheck: false, handler: 'app.main' })
  const request = { path: report.path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }
  const { findings } = checkPackage(request)
  expect(report.findings).toEqual(findings)
  const told = findings.filter(({ code }) => code === 'ZY1910').map(({ sentence }) => sentence)
  expect(told).toHaveLength(2) // tests and sources, of both together
})

test('a folder that pip filled is judged as its package is: what belongs to a distribution is not taken for own code', async () => {
  const folder = lockedProject(
    {
      'app.py': 'import tool\ndef main(event, context): return 1\n',
      'tool/__init__.py': 'def old():\n    import imp\n',
      'tool-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n',
      'tool-1.0.dist-info/RECORD': 'tool/__init__.py,,\ntool-1.0.dist-info/METADATA,,\ntool-1.0.dist-info/RECORD,,\n',
    },
    [],
  )
  const report = await buildProject(folder, { noCheck: false, handler: 'app.main' })
  const request = { path: report.path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }
  expect(report.findings).toEqual(checkPackage(request).findings)
  expect(report.findings.map(({ code }) => code)).not.toContain('ZY1402')
})
