import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { samples } from '../../test/kit/arbitrary-pypa.ts'
import * as fc from 'fast-check'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { selectDistributions } from './locked-selection.ts'
import { parseMarker } from './marker.ts'
import { isPylockName, parsePylock } from './pylock.ts'
import { formatPylock, type PylockContent } from './pylock-writer.ts'
import { parseSpecifierSet } from './specifier.ts'
import { compatibleTags } from './tag.ts'
import { targetEnvironment, type PythonTarget } from './target-environment.ts'
import { selectWheel } from './wheel-selection.ts'

const sha = 'ab'.repeat(32)
const content: PylockContent = {
  createdBy: 'zipyard',
  requiresPython: parseSpecifierSet('==3.13.*'),
  environments: [parseMarker("sys_platform == 'linux'")],
  distributions: [
    {
      name: 'zeta',
      version: '1.0',
      marker: parseMarker("python_version < '3.14' or extra == 'x'"),
      index: 'https://me:secret@index.example/simple',
      wheels: [
        {
          filename: 'zeta-1.0-py3-none-any.whl',
          url: 'https://me:secret@index.example/z%2B.whl',
          sizeBytes: 10,
          hashes: { sha512: 'cd', sha256: sha },
        },
        { filename: 'a"\\\u0001.whl', path: 'wheels/a.whl', hashes: { sha256: sha } },
      ],
      sdist: { filename: 'zeta-1.0.tar.gz', url: 'https://index.example/zeta-1.0.tar.gz', hashes: { sha256: sha } },
      dependencies: [
        { name: 'beta', version: '2', extras: ['x'] },
        { name: 'beta', version: '2', extras: [] },
        { name: 'alpha', extras: [] },
      ],
    },
    {
      name: 'alpha',
      wheels: [],
      vcs: {
        type: 'git',
        url: 'https://me:secret@git.example/r',
        commit: 'f'.repeat(40),
        requestedRevision: 'main',
        subdirectory: 's',
      },
      dependencies: [],
    },
    {
      name: 'beta',
      version: '2',
      wheels: [],
      archive: {
        filename: 'beta-2.zip',
        url: 'https://x.example/beta-2.zip',
        hashes: { sha256: sha },
        subdirectory: 'b',
      },
      dependencies: [],
    },
    { name: 'gamma', wheels: [], directory: { path: 'libs/gamma', editable: true }, dependencies: [] },
  ],
  tool: { inputs: sha, resolver: 'uv 0.13.9', target: { python: '3.13', arch: 'arm64' }, 'with space': ['a', 'b'] },
}

test('a lock that was written is read back as it was, without credentials', () => {
  const text = formatPylock(content)
  expect(text).not.toContain('secret')
  const lock = parsePylock(text)
  expect(lock.distributions.map(({ name }) => name)).toEqual(['alpha', 'beta', 'gamma', 'zeta'])
  const zeta = lock.distributions[3]!
  expect(zeta.wheels.map(({ filename, url, path, sizeBytes }) => [filename, url, path, sizeBytes])).toEqual([
    ['a"\\\u0001.whl', undefined, 'wheels/a.whl', undefined],
    ['zeta-1.0-py3-none-any.whl', 'https://index.example/z%2B.whl', undefined, 10],
  ])
  expect(zeta.dependencies.map(({ name, version }) => [name, version])).toEqual([
    ['alpha', undefined],
    ['beta', '2'],
  ])
  expect(lock.tool.at('zipyard').at('target').at('arch').string()).toBe('arm64')
  expect(formatPylock({ ...content, distributions: lock.distributions })).toBe(text)
})

test('the order in which distributions were found does not change the bytes', () => {
  const reversed = content.distributions
    .map((distribution) => ({
      ...distribution,
      wheels: distribution.wheels.toReversed(),
      dependencies: distribution.dependencies.toReversed(),
    }))
    .toReversed()
  expect(formatPylock({ ...content, distributions: reversed })).toBe(formatPylock(content))
})

test('a lock of nothing is a lock', () => {
  expect(
    parsePylock(formatPylock({ createdBy: 'zipyard', distributions: [], tool: { inputs: sha } })).distributions,
  ).toEqual([])
})

test('names that PEP 751 allows', () => {
  expect(['pylock.toml', 'pylock.zipyard-py313-arm64.toml'].every(isPylockName)).toBe(true)
  expect(['pylock.a.b.toml', 'zipyard.lock', 'my-pylock.toml', 'pylock..toml'].some(isPylockName)).toBe(false)
})

test('default groups are in unless nothing says so, extras when asked for', () => {
  const lock = parsePylock(`lock-version = "1.0"
created-by = "x"
extras = ["cli"]
dependency-groups = ["main", "dev"]
default-groups = ["main"]
[[packages]]
name = "a"
version = "1"
marker = "'main' in dependency_groups"
wheels = [{ name = "a-1-py3-none-any.whl", url = "https://x.example/a-1-py3-none-any.whl", hashes = { sha256 = "${sha}" } }]
[[packages]]
name = "b"
version = "1"
marker = "'cli' in extras and 'dev' not in dependency_groups"
wheels = [{ name = "b-1-py3-none-any.whl", url = "https://x.example/b-1-py3-none-any.whl", hashes = { sha256 = "${sha}" } }]
`)
  const environment = targetEnvironment({ python: '3.13', glibc: [2, 34], machine: 'x86_64' })
  const names = (asked: object): string[] =>
    selectDistributions(lock, { environment, ...asked }).map(({ name }) => name)
  expect(names({})).toEqual(['a'])
  expect(names({ extras: ['cli'] })).toEqual(['a', 'b'])
  expect(names({ extras: ['cli'], groups: ['dev'] })).toEqual(['a'])
})

test.runIf(hasPackaging)('packaging finds what was written valid', () => {
  // Names of files are checked, and one above was made up to be hard to write.
  const distributions = content.distributions.map((distribution) => ({
    ...distribution,
    wheels: distribution.wheels
      .filter(({ url }) => url !== undefined)
      .map((wheel) => ({ ...wheel, url: 'https://x.example/zeta-1.0-py3-none-any.whl' })),
  }))
  const [answer] = askPackaging<string[]>(
    'import tomllib\nfrom packaging.pylock import Pylock',
    '    return sorted(p.name for p in Pylock.from_dict(tomllib.loads(q)).packages)',
    [formatPylock({ ...content, distributions })],
  )
  expect(answer).toEqual(['alpha', 'beta', 'gamma', 'zeta'])
})

test.runIf(hasPackaging)(
  'packaging selects the same distributions and files from a lock of uv, for every target',
  () => {
    const text = readFileSync(join(resolve(import.meta.dirname, '../../test/fixtures/locks'), 'uv/pylock.toml'), 'utf8')
    const lock = parsePylock(text)
    const targets = ['3.10', '3.11', '3.12', '3.13', '3.14'].flatMap((python): PythonTarget[] =>
      (['x86_64', 'aarch64'] as const).flatMap((machine) =>
        (
          [
            [2, 26],
            [2, 34],
          ] as const
        ).map((glibc) => ({ python, machine, glibc })),
      ),
    )
    const answers = askPackaging<[string, string][]>(
      `import tomllib
from packaging.pylock import Pylock
from packaging.tags import Tag
lock = Pylock.from_dict(tomllib.loads(json.loads(${JSON.stringify(JSON.stringify(text))})))`,
      `    tags = [Tag(*t.split("-")) for t in q["tags"]]
    return sorted([p.name, getattr(a, "filename", "") or ""] for p, a in lock.select(environment=q["environment"], tags=tags))`,
      targets.map((target) => ({ environment: targetEnvironment(target), tags: compatibleTags(target) })),
    )
    for (const [index, target] of targets.entries()) {
      const environment = targetEnvironment(target)
      const mine = selectDistributions(lock, { environment }).map((distribution) => {
        const wheel = selectWheel(distribution.wheels, {
          tags: compatibleTags(target),
          pythonFullVersion: environment.python_full_version,
        }).wheel
        return [distribution.name, (wheel ?? distribution.sdist)?.filename ?? '']
      })
      expect(mine).toEqual(answers[index])
    }
  },
)

test('whatever text stands in a lock, TOML reads it back', () => {
  for (const name of samples(fc.string({ unit: 'binary', maxLength: 12 }), 2000)) {
    if (/[\ud800-\udfff]/.test(name)) continue
    const text = formatPylock({
      createdBy: name,
      distributions: [],
      tool: { [name]: name, list: [name], table: { [name]: name } },
    })
    expect(parsePylock(text).createdBy).toBe(name)
    expect(parsePylock(text).tool.at('zipyard').at('table').entries()[0]![0]).toBe(name)
  }
})
