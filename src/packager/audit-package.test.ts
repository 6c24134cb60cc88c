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
