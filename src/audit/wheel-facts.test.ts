import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageOf, type Files } from '../../test/kit/check.ts'
import { elf } from '../../test/kit/elf.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { sha256 } from '../base/digest.ts'
import { openCache } from '../cache/cache.ts'
import { openArchive } from '../zip/reader.ts'
import { decodeWheelIndex, encodeWheelIndex } from '../zip/wheel-index.ts'
import { checkPackage, type CheckResult } from './check-package.ts'
import { gatherWheelFacts, wheelFactsKey } from './gather-wheel-facts.ts'
import { rememberPackage } from './known-package.ts'
import { decodeWheelFacts, encodeWheelFacts } from './wheel-facts.ts'

const wheel = {
  'dep/__init__.py': 'from . import _c\nimport yaml\n',
  'dep/_c.so': elf({ extension: true, machine: 183 }),
  'dep-1.dist-info/METADATA': 'Name: dep\nVersion: 1\nRequires-Dist: yaml\n\nBody: no header',
  'dep-1.dist-info/RECORD': 'dep/__init__.py,,\ndep/_c.so,,\n',
}
const app = { 'app.py': 'import dep\ndef main(event, context): ...' }

function gather(files: Files): Uint8Array {
  const path = packageOf(files, 'dep.whl')
  const { source, listing } = openArchive(path)
  source.close()
  return gatherWheelFacts(path, decodeWheelIndex(encodeWheelIndex(listing)).entries)
}

const entryOf = (files: Files, name: string) => {
  const { source, listing } = openArchive(packageOf(files))
  source.close()
  const { crc32, uncompressedBytes } = listing.entries.find((entry) => entry.name === name)!
  return [name, crc32, uncompressedBytes] as const
}

/** A package that was built with a cache, which knows `facts` of its only wheel. */
async function built(options: { readonly files?: Files; readonly facts?: Uint8Array; readonly old?: boolean } = {}) {
  const cache = openCache(temporaryFolder())
  const path = packageOf(options.files ?? { ...wheel, ...app })
  if (options.old ?? true) utimesSync(path, 1e9, 1e9)
  await cache.writeEntry('wheel-facts', wheelFactsKey(sha256('dep')), options.facts ?? gather(wheel))
  await rememberPackage(cache, { path, digest: sha256(readFileSync(path)), wheels: [['dep', sha256('dep')]] })
  const check = (
    more: { readonly cacheFolder?: string; readonly digest?: string } = { cacheFolder: cache.folder },
  ): CheckResult => checkPackage({ path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main', ...more })
  return { path, cache, check }
}
const codes = ({ findings }: CheckResult): readonly string[] => findings.map(({ code }) => code)
/** Facts of the wheel's very files that say that nothing is in them: whoever believes them finds nothing. */
const forged = (): Uint8Array =>
  encodeWheelFacts(
    { requires: [], tags: [] },
    ['dep/__init__.py', 'dep/_c.so'].map((file) => {
      const [name, crc32, bytes] = entryOf(wheel, file)
      return { name, crc32, bytes, content: null }
    }),
  )

test('what is kept of a wheel is what its files say', () => {
  const files = { ...wheel, 'dep/__init__.py': `${wheel['dep/__init__.py']}from é import ü as x, y\n` }
  const facts = decodeWheelFacts(gather(files))!
  expect(facts).toMatchObject({ requires: ['yaml'], requiresPython: undefined, tags: [] })
  expect(facts.contentOf(...entryOf(files, 'dep/__init__.py'))).toEqual({
    kind: 'python',
    imports: [
      { module: '', level: 1, names: ['_c'], line: 1, context: 'always' },
      { module: 'yaml', level: 0, names: undefined, line: 2, context: 'always' },
      { module: 'é', level: 0, names: ['ü', 'y'], line: 3, context: 'always' },
    ],
  })
  expect(facts.contentOf(...entryOf(wheel, 'dep/_c.so'))).toMatchObject({ kind: 'elf', elf: { machine: 183 } })
  expect(facts.contentOf('dep/other.py', 1, 1)).toBeUndefined()
})

test('a file with another checksum or size is another file', () => {
  const facts = decodeWheelFacts(gather(wheel))!
  for (const name of ['dep/__init__.py', 'dep/_c.so'] as const) {
    const [, crc32, bytes] = entryOf(wheel, name)
    expect(facts.contentOf(name, crc32 + 1, bytes)).toBeUndefined()
    expect(facts.contentOf(name, crc32, bytes + 1)).toBeUndefined()
  }
})

test('facts that are cut short or of another version are gathered again', () => {
  const bytes = gather(wheel)
  for (const length of [0, 4, 31, 40, bytes.length - 1])
    expect(decodeWheelFacts(bytes.slice(0, length))).toBeUndefined()
  const other = Uint8Array.from(bytes)
  other[4]! += 1
  expect(decodeWheelFacts(other)).toBeUndefined()
  expect(decodeWheelFacts(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3))).toBeDefined()
})

test('a check of a built package finds what one without the cache finds, and unpacks no file of a wheel', async () => {
  const { check } = await built()
  expect(codes(check())).toEqual(['ZY1301', 'ZY1401', 'ZY1406'])
  expect(check()).toEqual(check({}))
  // The facts are what counts: with others it finds something else.
  expect(codes((await built({ facts: forged() })).check())).not.toContain('ZY1401')
})

test('a package that is not the one that was built is read itself', async () => {
  const { check, path } = await built({ facts: forged() })
  const bytes = readFileSync(path)
  writeFileSync(path, bytes)
  expect(codes(check()), 'the same bytes, written again').not.toContain('ZY1401')
  const changed = Buffer.from(bytes)
  changed[10]! ^= 1
  writeFileSync(path, changed)
  utimesSync(path, 1e9, 1e9)
  expect(codes(check()), 'other bytes, of the old time').toContain('ZY1401')
})

test('a file that was written just now is known by its digest alone', async () => {
  const { check, path } = await built({ facts: forged(), old: false })
  expect(codes(check())).not.toContain('ZY1401')
  const { mtimeMs } = statSync(path)
  const bytes = readFileSync(path)
  bytes[10]! ^= 1
  writeFileSync(path, bytes)
  utimesSync(path, mtimeMs / 1000, mtimeMs / 1000)
  expect(codes(check())).toContain('ZY1401')
})

test('a caller that knows the digest need not have it read again; another digest is another package', async () => {
  const { check, path, cache } = await built({ facts: forged() })
  utimesSync(path, 2e9, 2e9)
  const cacheFolder = cache.folder
  expect(codes(check({ cacheFolder, digest: sha256(readFileSync(path)) }))).not.toContain('ZY1401')
  expect(codes(check({ cacheFolder, digest: sha256('other') }))).toContain('ZY1401')
})

test('own files are always read, also where a distribution had one of their name', async () => {
  const { check } = await built({ files: { ...wheel, ...app, 'dep/__init__.py': 'import toml\n' } })
  expect(check().findings.find(({ code }) => code === 'ZY1401')?.sentence).toContain('`toml`')
  expect(check()).toEqual(check({}))
})

test('a cache without the facts, or that is not there, changes nothing', async () => {
  const { check, cache } = await built()
  await cache.removeEntry('wheel-facts', wheelFactsKey(sha256('dep')))
  expect(check()).toEqual(check({}))
  expect(check({ cacheFolder: join(temporaryFolder(), 'none') })).toEqual(check({}))
})
