import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { check } from '../../../test/kit/check.ts'
import { elf } from '../../../test/kit/elf.ts'
import type { RawEntry } from '../../../test/kit/raw-zip.ts'

const app: RawEntry = { name: 'app.py', bytes: 'import mod\ndef main(event, context): ...\n' }
const mod: RawEntry = { name: 'mod.py', bytes: 'x = 1\n' }
const told = (...entries: readonly RawEntry[]): readonly string[] =>
  check(entries, { handler: 'app.main' })
    .findings.filter(({ code }) => code === 'ZY1611' || code === 'ZY1601')
    .map(({ code, severity, sentence }) => `${code} ${severity} ${sentence}`)

test.each<readonly [string, RawEntry, string]>([
  ['another content of the same length', { ...mod, packed: deflateRawSync('x = 2\n') }, 'its checksum is wrong'],
  ['no deflate', { ...mod, packed: Buffer.from('ffffff', 'hex') }, 'its data is not deflate (invalid block type)'],
  ['less than it claims', { ...mod, packed: deflateRawSync('x\n') }, 'it unpacks to 2 bytes, not 6'],
  ['more than it claims', { ...mod, packed: deflateRawSync('x = 1000\n'.repeat(500)) }, 'it unpacks to more than the 6 bytes it claims'], // prettier-ignore
])('a file that holds %s is damaged', (_, entry, because) => {
  expect(told(app, entry)).toEqual([`ZY1611 error \`mod.py\` is damaged: ${because}`])
})

test('whole files are not, and neither are damaged ones that nobody looks into', () => {
  expect(told(app, mod)).toEqual([])
  const metadata = { name: 'dep-1.dist-info/METADATA', bytes: 'Name: dep\nVersion: 1\n' }
  const unused = { name: 'dep/unused.py', bytes: 'y = 1\n', packed: deflateRawSync('y = 2\n') }
  expect(told(app, mod, metadata, unused)).toEqual([])
})

test('libraries are looked into, many are one finding, and what has a finding of its own is not told twice', () => {
  const bytes = elf()
  const broken = deflateRawSync(Buffer.concat([bytes.subarray(0, -1), Buffer.from([255])]))
  const libraries = ['a.so', 'b.so', 'c.so'].map((name): RawEntry => ({ name, bytes, packed: broken }))
  expect(told(app, mod, ...libraries)).toEqual([
    'ZY1611 error `a.so` is damaged: its checksum is wrong (and 2 more files)',
  ])
  expect(told(app, { ...mod, flags: 1, encryptedBytes: true })).toEqual([expect.stringMatching(/^ZY1601 .*encrypted/)])
})
