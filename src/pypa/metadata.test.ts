import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toolsPython } from '../../test/kit/packaging-oracle.ts'
import { parseEntryPoints } from './entry-points.ts'
import { parseMetadata } from './metadata.ts'
import { formatRecord, parseRecord } from './record.ts'
import { formatSpecifierSet } from './specifier.ts'
import { parseWheelMetadata } from './wheel-metadata.ts'

test('name, version and requirements are read from METADATA', () => {
  const metadata = parseMetadata(
    'Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0-1\nRequires-Python: >=3.8, <4\nRequires-Dist: a (>=1)\nRequires-Dist: b; extra == "x"\nProvides-Extra: X_y\nDescription: one\n  two\n\nRequires-Dist: not-a-header\n',
  )
  expect(metadata).toMatchObject({ name: 'Foo.Bar', normalizedName: 'foo-bar', providesExtra: ['x-y'] })
  expect(metadata.version.text).toBe('1.0.post1')
  expect(formatSpecifierSet(metadata.requiresPython!)).toBe('>=3.8,<4')
  expect(metadata.requiresDist.map(({ name }) => name)).toEqual(['a', 'b'])
})

test('requirements that nobody can read are listed, not thrown', () => {
  const metadata = parseMetadata('Name: a\nVersion: 1\nRequires-Dist: b >dev\nRequires-Python: >=3.6.*\n')
  expect(metadata.unreadable.map(({ field }) => field)).toEqual(['Requires-Python', 'Requires-Dist'])
})

test('METADATA without a name or a version is refused', () => {
  expect(() => parseMetadata('Version: 1\n', 'a.dist-info/METADATA')).toThrow(
    '`a.dist-info/METADATA` is not core metadata: it has no `Name`',
  )
  expect(() => parseMetadata('Name: a\nVersion: new\n')).toThrow('`new` is not a version')
})

test('WHEEL says its tags, and a newer major version is refused', () => {
  expect(
    parseWheelMetadata('Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py2-none-any\nTag: py3-none-any\n'),
  ).toMatchObject({ rootIsPurelib: false, tags: ['py2-none-any', 'py3-none-any'] })
  expect(() => parseWheelMetadata('Wheel-Version: 2.0\n')).toThrow('is newer than `1.x`')
  expect(() => parseWheelMetadata('hello')).toThrow('it has no `Wheel-Version`')
})

test('entry points are read with groups, attributes and extras', () => {
  expect(
    parseEntryPoints('[console_scripts]\nfoo = foo.cli:main.run [x, y]\n# comment\n[other.group]\nbar=bar\n'),
  ).toEqual([
    { group: 'console_scripts', name: 'foo', module: 'foo.cli', attribute: 'main.run', extras: ['x', 'y'] },
    { group: 'other.group', name: 'bar', module: 'bar', attribute: undefined, extras: [] },
  ])
  expect(() => parseEntryPoints('a = b:c\n')).toThrow('stands before the first `[group]`')
  expect(() => parseEntryPoints('[x]\nnonsense\n')).toThrow('line 2: `nonsense` is not an entry point')
})

test('what importlib.metadata says of every distribution installed here is what these readers say', () => {
  const program = `
import importlib.metadata as m, json, sys
out = []
for d in m.distributions():
    p = getattr(d, "_path", None)
    if p is None or not str(p).endswith(".dist-info"): continue
    out.append({"path": str(p), "name": d.metadata["Name"], "version": d.version, "requires": len(d.metadata.get_all("Requires-Dist") or []),
      "extras": sorted(d.metadata.get_all("Provides-Extra") or []), "entry_points": sorted([e.group, e.name, e.value.replace(" ", "")] for e in d.entry_points),
      "files": sorted(str(f) for f in (d.files or []))})
json.dump(out, sys.stdout)`
  const run = spawnSync(toolsPython, ['-c', program], { encoding: 'utf8', maxBuffer: 1 << 28 })
  const distributions = JSON.parse(run.stdout) as {
    path: string
    name: string
    version: string
    requires: number
    extras: string[]
    entry_points: string[][]
    files: string[]
  }[]
  expect(distributions.length).toBeGreaterThan(0)
  for (const { path, ...said } of distributions) {
    const metadata = parseMetadata(readFileSync(join(path, 'METADATA'), 'utf8'), path)
    expect([
      path,
      metadata.name,
      metadata.requiresDist.length + metadata.unreadable.filter(({ field }) => field === 'Requires-Dist').length,
    ]).toEqual([path, said.name, said.requires])
    const names = readdirSync(path)
    const points = names.includes('entry_points.txt')
      ? parseEntryPoints(readFileSync(join(path, 'entry_points.txt'), 'utf8'), path)
      : []
    const values = points.map((point) => [
      point.group,
      point.name,
      `${point.module}${point.attribute === undefined ? '' : `:${point.attribute}`}${point.extras.length > 0 ? `[${point.extras.join(',')}]` : ''}`,
    ])
    expect(values.sort()).toEqual(said.entry_points.sort())
    if (!existsSync(join(path, 'RECORD'))) continue
    const text = readFileSync(join(path, 'RECORD'), 'utf8')
    const rows = parseRecord(text, path)
    expect(rows.length).toBeGreaterThan(0)
    expect(formatRecord(rows)).toBe(text.replaceAll('\r\n', '\n'))
  }
})
