import { expect, test } from 'vitest'
import type { LayoutFile, Owner } from './layout.ts'
import { mergeFiles } from './merge.ts'

const file = (owner: Owner, path: string, text: string): LayoutFile => ({
  owner,
  path,
  mode: 0o644,
  uncompressedBytes: Buffer.byteLength(text),
  source: { bytes: Buffer.from(text) },
})
const of = (distribution: string, text: string): LayoutFile => file({ distribution }, 'shared/util.py', text)
const texts = (files: readonly LayoutFile[]): string[] =>
  files.map(({ source }) => ('bytes' in source ? Buffer.from(source.bytes).toString() : ''))

test('two distributions with different files at one place are refused by name', () => {
  // The sizes are equal: only the bytes differ.
  expect(() => mergeFiles([[of('alpha', 'a = 1')], [of('beta', 'b = 2')]], [], 'error')).toThrow(
    '`shared/util.py` comes from `alpha` and, with other bytes, from `beta`',
  )
})

test.each([
  ['first', 'a = 1', 'alpha'],
  ['last', 'b = 2', 'beta'],
] as const)('under `%s` one of the two is packed, and a note says which', (policy, text, kept) => {
  const { files, notes } = mergeFiles([[of('alpha', 'a = 1')], [of('beta', 'b = 2')]], [], policy)
  expect(texts(files)).toEqual([text])
  expect(notes.map(({ code, message }) => `${code} ${message}`)).toEqual([
    `ZY0422 \`shared/util.py\` comes from \`alpha\` and from \`beta\`; that of \`${kept}\` is packed`,
  ])
})

test('two distributions that bring the same bytes are no conflict', () => {
  const { files, notes } = mergeFiles([[of('alpha', 'a = 1')], [of('beta', 'a = 1')]], [], 'error')
  expect(files).toHaveLength(1)
  expect(notes).toEqual([])
})

test("the project's own file replaces that of a distribution, and a note says so", () => {
  const { files, notes } = mergeFiles([[of('alpha', 'a = 1')]], [file('own', 'shared/util.py', 'mine')], 'error')
  expect(texts(files)).toEqual(['mine'])
  expect(notes.map(({ code }) => code)).toEqual(['ZY0424'])
})
