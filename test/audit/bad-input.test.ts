/** Packages that nobody makes on purpose, or only on purpose: each is looked at to the end, and what can be said of it is said. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkPackage } from '../../src/audit/check-package.ts'
import { diffPackages } from '../../src/audit/diff.ts'
import { repairPackage } from '../../src/audit/repair.ts'
import { check } from '../kit/check.ts'
import { elf } from '../kit/elf.ts'
import { rawZip } from '../kit/raw-zip.ts'
import { toolsPython } from '../kit/packaging-oracle.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const target = { runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }
const main = 'def main(event, context): ...\n'

/** `npm run long -- audit-corpus` takes as many as the zip64 form is made for. */
const many = process.env['ZIPYARD_LONG'] === '1' ? 100_000 : 5000
const makeMany = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("app.py", sys.argv[3])
    for index in range(int(sys.argv[2])):
        archive.writestr("data/%d/m%d.py" % (index % 300, index), "x = 1")
`

test(`a package of ${many} files is checked, drawn, compared and repaired`, async () => {
  const path = join(temporaryFolder(), 'many.zip')
  execFileSync(toolsPython, ['-c', makeMany, path, String(many), main])
  const { findings, summary, html } = checkPackage({ path, ...target }, { html: true })
  expect(summary.files).toBe(many + 1)
  expect(findings.map(({ code }) => code)).toEqual(['ZY1501', 'ZY1502', ...(many > 65_534 ? ['ZY1609'] : [])])
  expect(html!.length).toBeLessThan(300 * many)
  expect((await diffPackages(path, path)).verdict).toBe('identical')
  const repaired = await repairPackage({ path, out: join(temporaryFolder(), 'repaired.zip'), handler: 'app.main' })
  expect(repaired.archive.entries).toBe(many + 1)
})

/** Without zip64, whose form the other test has. */
const shaped = Math.min(many, 60_000)

/** Names that make long lists somewhere: of one folder, of one kind of trouble, of one distribution's neighbours. */
const shapes: Readonly<Record<string, (at: number) => { readonly name: string; readonly mode?: number }>> = {
  'in one folder': (at) => ({ name: `data/x${at}.txt` }),
  'in a folder each': (at) => ({ name: `d${at}/m.py` }),
  'a handler in each folder': (at) => ({ name: `a${at}/app.py` }),
  'with backslashes': (at) => ({ name: `a\\b${at}.py` }),
  'that are links': (at) => ({ name: `l${at}`, mode: 0o120777 }),
  'of a development folder': (at) => ({ name: `.git/x${at}` }),
  'there twice': (at) => ({ name: `m${at >> 1}.txt` }),
  'that differ in case': (at) => ({ name: `${at % 2 ? 'M' : 'm'}${at >> 1}.txt` }),
  'that are libraries': (at) => ({ name: `lib/lib${at}.so` }),
}

test.each(Object.entries(shapes))(`${shaped} files %s are checked, drawn, compared and repaired`, async (_, shape) => {
  const path = join(temporaryFolder(), 'many.zip')
  const entries = Array.from({ length: shaped }, (_value, at) => ({ method: 0, bytes: String(at), ...shape(at) })) // prettier-ignore
  writeFileSync(path, rawZip([{ name: 'other.py', bytes: main }, ...entries]))
  const { summary, html } = checkPackage({ path, ...target }, { html: true })
  expect(summary.files).toBe(new Set(entries.map(({ name }) => name)).size + 1)
  expect(html!.length).toBeLessThan(300 * many)
  expect((await diffPackages(path, path)).verdict).toBe('identical')
  const repaired = await repairPackage({ path, out: join(temporaryFolder(), 'repaired.zip'), handler: 'app.main' })
  expect(repaired.archive.entries + repaired.dropped.length).toBeGreaterThan(0)
})

test('links that lead to themselves, to each other, up and nowhere end no check, in a folder as in a zip', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'app.py'), main)
  mkdirSync(join(folder, 'inner'))
  const links = { self: 'self', 'inner/up': '..', 'inner/here': '.', one: 'two', two: 'one', nowhere: '/no/such/place' }
  for (const [path, to] of Object.entries(links)) symlinkSync(to, join(folder, path))
  const { summary, findings } = checkPackage({ path: folder, ...target })
  expect(summary.files).toBe(1 + Object.keys(links).length)
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
  const packed = Object.entries(links).map(([name, to]) => ({ name, bytes: to, mode: 0o120777, method: 0 }))
  expect(check([{ name: 'app.py', bytes: main }, ...packed], { handler: 'app.main' }).codes).toContain('ZY1610')
})

const utf16 = Buffer.from(`\ufeff${main}`, 'utf16le')

test.each<readonly [string, string | Uint8Array, readonly string[]]>([
  ['a byte order mark', `\ufeffimport nowhere\n${main}`, ['ZY1401']],
  ['latin-1 with its declaration', Buffer.from(`# -*- coding: latin-1 -*-\nimport nowhere\nname = "\xe9"\n${main}`, 'latin1'), ['ZY1401']], // prettier-ignore
  ['an encoding that is not what it declares', Buffer.from(`# coding: utf-8\nname = "\xe9\xff"\n${main}`, 'latin1'), []], // prettier-ignore
  ['lines ended by carriage returns', `import nowhere\r${main.replaceAll('\n', '\r')}`, ['ZY1401']],
  ['lines ended as on Windows', `import nowhere\r\n${main.replaceAll('\n', '\r\n')}`, ['ZY1401']],
  ['form feeds', `\fimport nowhere\n\f${main}`, ['ZY1401']],
  ['UTF-16, which is no Python', utf16, ['ZY1104']],
  ['zero bytes', `import nowhere\0\n${main}`, ['ZY1401']],
  ['a string that never ends', `${main}text = """\nimport nowhere\n`, []],
  ['a bracket that never closes', `${main}numbers = [\nimport nowhere\n`, []],
  ['a match statement', `import nowhere\nmatch nowhere:\n    case {"a": [*_]}: pass\n${main}`, ['ZY1401']],
  ['exception groups', `try:\n    import json\nexcept* ValueError:\n    import nowhere\n${main}`, []],
  ['type parameters and aliases', `import nowhere\ntype Pair[T] = tuple[T, T]\ndef first[T: int](pair: Pair[T]) -> T: ...\n${main}`, ['ZY1401']], // prettier-ignore
  ['quotes inside the braces of an f-string', `value = f"{'import nowhere' + f"{"x"}"}"\nimport nowhere\n${main}`, ['ZY1401']], // prettier-ignore
  ['template strings', `value = t"{1} import nowhere"\nimport nowhere\n${main}`, ['ZY1401']],
  ['except without brackets', `try:\n    import nowhere\nexcept ImportError, KeyError:\n    pass\n${main}`, []],
  ['a line of a megabyte', `numbers = [${'1, '.repeat(350_000)}]\nimport nowhere\n${main}`, ['ZY1401']],
])('a handler with %s is read as far as it can be', (_, source, expected) => {
  const { findings } = check({ 'app.py': source }, { handler: 'app.main', runtime: 'python3.14' })
  expect(findings.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(expected)
})

test('hostile native libraries end no check and hide no other finding', () => {
  const honest = elf({ extension: true, needed: ['libc.so.6'] })
  const patched = (at: number, value: bigint): Buffer => {
    const bytes = Buffer.from(honest)
    bytes.writeBigUInt64LE(value, at)
    return bytes
  }
  const huge = 0xffff_ffff_ffff_ff00n
  const files = {
    'app.py': `import nowhere, a, b, c, d, e\n${main}`,
    'a.so': patched(32, huge), // program headers far away
    'b.so': patched(64 + 56 + 8, huge), // the dynamic section too
    'c.so': patched(64 + 56 + 32, huge), // as long as memory
    'd.so': honest.subarray(0, 20),
    'e.so': Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(1_000_000, 0xff)]),
  }
  const { codes } = check(files, { handler: 'app.main' })
  expect(codes).toContain('ZY1401')
  expect(codes).toContain('ZY1307')
})
