import { readFileSync, utimesSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { packageOf, type Files } from '../../test/kit/check.ts'
import { elf } from '../../test/kit/elf.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { sha256 } from '../base/digest.ts'
import { openCache } from '../cache/cache.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import { openArchive } from '../zip/reader.ts'
import { decodeWheelIndex, encodeWheelIndex } from '../zip/wheel-index.ts'
import { checkPackage } from './check-package.ts'
import { openFacts } from './collect.ts'
import { gatherWheelFacts, wheelFactsKey } from './gather-wheel-facts.ts'
import { knownContent, rememberPackage } from './known-package.ts'

const bytesOf = (files: Files, name: string): string | Uint8Array => files[name] as string | Uint8Array

/** A wheel of these files, with a RECORD that names each of them. */
function wheel(name: string, files: Files, metadata = ''): Files {
  const info = `${name}-1.dist-info`
  const all = { ...files, [`${info}/METADATA`]: `Name: ${name}\nVersion: 1\n${metadata}\n`, [`${info}/RECORD`]: '' }
  return { ...all, [`${info}/RECORD`]: Object.keys(all).map((path) => `${path},,\n`).join('') } // prettier-ignore
}

const a = wheel(
  'a',
  {
    'a/__init__.py': 'from . import one, _c, two\nimport b.part, absent_one\nfrom b import part as p, nothing\n',
    'a/one.py':
      'try:\n  from ._other import x\n  import guarded_absence\nexcept ImportError: pass\ndef f():\n  import b.lazy, a.missing\n',
    'a/two/__init__.py': 'from ..one import f\nfrom .deep import *\nimport os, json\n',
    'a/two/deep.py': 'from ... import beyond\nfrom .. import _d\nimport own_helper, six\n',
    'a/unreached.py': 'import never_told\n',
    'a/_c.cpython-313-x86_64-linux-gnu.so': elf({
      extension: true,
      needed: ['liba.so.1'],
      runpath: '$ORIGIN/../a.libs',
    }),
    'a/_d.cpython-311-x86_64-linux-gnu.so': elf({ extension: true }),
    'a.libs/liba.so.1': elf({ needed: ['libc.so.6'] }),
    'a/tests/test_a.py': 'import pytest\n',
  },
  'Requires-Dist: b\nRequires-Dist: gone\n',
)
const b = wheel('b', {
  'b/__init__.py': '',
  'b/part.py': 'import a.one\n',
  'b/lazy.py': 'import boto3\n',
  'b/data/x.json': '{}',
  'b/tool': elf({ machine: 183 }),
})
const six = wheel('six', { 'six.py': 'import functools, c.namespace.inner\n' })
const c = wheel('c', { 'c/namespace/inner.py': 'from . import nothing\nimport string\n' })
const app = { 'app.py': 'import a\ndef main(event, context): ...\n', 'own_helper.py': 'import c.namespace\n' }

/** What a check finds, by what is known of the wheels and without; and how many wheels it took as a whole. */
async function checked(
  files: Files,
  wheels: readonly (readonly [string, Files])[],
  target: { readonly runtime?: string; readonly architecture?: string; readonly handler?: string } = {},
) {
  const cache = openCache(temporaryFolder())
  const path = packageOf(files)
  utimesSync(path, 1e9, 1e9)
  for (const [name, contents] of wheels) {
    const file = packageOf(contents, `${name}.whl`)
    const { source, listing } = openArchive(file)
    source.close()
    const facts = gatherWheelFacts(file, decodeWheelIndex(encodeWheelIndex(listing)).entries)
    await cache.writeEntry('wheel-facts', wheelFactsKey(sha256(name)), facts)
  }
  await rememberPackage(cache, {
    path,
    digest: sha256(readFileSync(path)),
    wheels: wheels.map(([name]) => [name, sha256(name)]),
  })
  const request = { path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main', ...target }
  const { facts, close } = openFacts(path, {
    target: { runtime: parsePythonRuntime(request.runtime), architecture: 'x86_64' },
    handler: request.handler,
    knownIn: (of) => knownContent(of, cache.folder),
  })
  close()
  const names = (facts.package.wheels?.wheels ?? []).map(({ name }) => name).sort()
  return {
    cold: checkPackage(request),
    known: checkPackage({ ...request, cacheFolder: cache.folder }),
    wheels: names,
    facts,
  }
}

const all = [['a', a], ['b', b], ['six', six], ['c', c]] as const // prettier-ignore
const everything: Files = { ...a, ...b, ...six, ...c, ...app }

test.each([{}, { architecture: 'arm64' }, { runtime: 'python3.11' }, { handler: 'own_helper.main' }])(
  'wheels that are there to the last file are taken as a whole, and nothing else is found: %o',
  async (target) => {
    const { cold, known, wheels } = await checked(everything, all, target)
    expect(wheels).toEqual(['a', 'b', 'c', 'six'])
    expect(known).toEqual(cold)
    if (target.handler === undefined)
      expect(cold.findings.map(({ sentence }) => sentence).join()).toContain('absent_one')
  },
)

test('in whatever order the files of wheels lie, and with those of others between them', async () => {
  const names = Object.keys(everything)
  for (const order of [
    names.toSorted(),
    names.toReversed(),
    names.toSorted((x, y) => (sha256(x) < sha256(y) ? -1 : 1)),
  ]) {
    const { cold, known, wheels } = await checked(
      Object.fromEntries(order.map((name) => [name, bytesOf(everything, name)])),
      all,
    )
    expect(wheels).toHaveLength(4)
    expect(known).toEqual(cold)
  }
})

const without = (name: string): Files =>
  Object.fromEntries(Object.entries(everything).filter(([each]) => each !== name))
test.each([
  ['a file of a wheel is missing', without('a/one.py'), ['b', 'c', 'six']],
  ['a file of a wheel is another one', { ...everything, 'b/part.py': 'import toml\n' }, ['a', 'c', 'six']],
  ['an own file lies in the folder of a wheel', { ...everything, 'a/_d.py': '' }, ['b', 'c', 'six']],
  ['an own file has the name of a wheel but for case', { ...everything, 'B/x.py': '' }, []],
  ['an own module has the name of one of a wheel', { ...everything, 'c.py': 'import zzz\n' }, []],
  [
    'a file cannot be read by everybody',
    { ...everything, 'b/part.py': { bytes: bytesOf(b, 'b/part.py'), mode: 0o640 } },
    ['a', 'c', 'six'],
  ],
  [
    'a file is a link',
    { ...everything, 'b/part.py': { bytes: bytesOf(b, 'b/part.py'), mode: 0o120777 } },
    ['a', 'c', 'six'],
  ],
  [
    'a file of a wheel became a program',
    { ...everything, 'b/tool': { bytes: bytesOf(b, 'b/tool'), mode: 0o100755 } },
    ['a', 'b', 'c', 'six'],
  ],
  [
    'RECORD of another distribution claims a file of a wheel',
    { ...everything, 'z-1.dist-info/METADATA': 'Name: z\nVersion: 1\n', 'z-1.dist-info/RECORD': 'b/part.py,,\n' },
    [],
  ],
  ['another distribution has no RECORD', { ...everything, 'z-1.dist-info/METADATA': 'Name: z\nVersion: 1\n' }, []],
  [
    'another distribution has the name of a wheel',
    { ...everything, 'b-2.dist-info/METADATA': 'Name: b\nVersion: 2\n', 'b-2.dist-info/RECORD': '' },
    [],
  ],
  ['a folder of a wheel is searched for modules', { ...everything, 'more.pth': 'b\n' }, []],
  ['a wheel brings own modules of its own', { ...everything, 'lib/__init__.py': 'import a\n' }, ['a', 'b', 'c', 'six']],
] as const)('where %s, the same is found', async (_, files, expected) => {
  const { cold, known, wheels } = await checked(files as Files, all)
  expect(wheels).toEqual(expected)
  expect(known).toEqual(cold)
})

test('all files are there for who asks for them, as without anything known', async () => {
  const { facts } = await checked(everything, all)
  const found = openFacts(packageOf(everything), { target: facts.target, handler: 'app.main' })
  const plain = [...found.facts.package.files.values()]
  const files = [...facts.package.files.values()]
  const view = (file: (typeof files)[number]) => [file.path, file.bytes, file.packedBytes, file.permissions, file.kind, file.crc32, file.distribution, file.interest, file.content, file.damage, file.names] // prettier-ignore
  expect(files.map(view)).toEqual(plain.map(view))
  expect(facts.package.files.size).toBe(plain.length)
  expect([...facts.package.files.keys()]).toEqual([...found.facts.package.files.keys()])
  expect(facts.package.files.get('a/none.py')).toBeUndefined()
  expect(facts.package.distributions).toEqual(found.facts.package.distributions)
  expect(basename(facts.package.name)).toBe('package.zip')
  found.close()
})
