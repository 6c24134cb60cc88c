import { renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { packageOf } from '../../test/kit/check.ts'
import { elf } from '../../test/kit/elf.ts'
import { openArchive } from '../zip/reader.ts'
import { auditInWorker, checkPackage } from './check-package.ts'
import { LibraryThread } from './library-thread.ts'

const names = ['libm.so.6', 'libfoo.so.1', 'libbar.so.2', 'libbaz.so.3']
const files = Object.fromEntries([
  ...names.map((name, at) => [`${at}.so`, Buffer.concat([elf({ needed: [name] }), Buffer.alloc(12e6)])] as const),
  ['broken.so', 'no library'] as const,
])

test('a second thread reads the libraries that nobody has taken, and the audit those it has taken', async () => {
  const path = packageOf(files)
  const { source, listing } = openArchive(path)
  const thread = new LibraryThread()
  thread.read(path, source, listing.entries)
  const first = listing.entries[0]!
  const taken = thread.contentOf(first) === 'read'
  await expect.poll(() => thread.left).toBe(0)
  if (taken) expect(thread.contentOf(first), "what was taken stays the taker's").toBe('read')
  for (const [at, name] of names.entries()) {
    const entry = listing.entries.find((each) => each.name === `${at}.so`)!
    if (entry !== first || !taken)
      expect(thread.contentOf(entry)).toMatchObject({ content: { kind: 'elf', elf: { needed: [name] } } })
  }
  const broken = listing.entries.find((each) => each.name === 'broken.so')!
  expect(thread.contentOf(broken)).toEqual({ content: undefined })
  thread.stop()
  source.close()
})

test('a thread that finds another file under the name reads nothing of it', async () => {
  const path = packageOf(files)
  const { source, listing } = openArchive(path)
  renameSync(packageOf({ ...files, '0.so': elf({ needed: ['other'] }) }), path)
  const thread = new LibraryThread()
  thread.read(path, source, listing.entries)
  await new Promise((resolve) => setTimeout(resolve, 500))
  for (const entry of listing.entries) expect(thread.contentOf(entry)).toBe('read')
  thread.stop()
  source.close()
})

test('an audit with a second thread finds what one without finds', async () => {
  const request = {
    path: packageOf({ ...files, 'app.py': 'import json\ndef main(event, context): ...\n' }),
    runtime: 'python3.13',
    architecture: 'x86_64',
    handler: 'app.main',
  }
  const found = checkPackage(request)
  expect(found.findings.map(({ code }) => code)).toContain('ZY1304')
  // What is a thread already starts none.
  expect(await auditInWorker(request)).toEqual(found)
})
