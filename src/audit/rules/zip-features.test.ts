import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'
import type { RawEntry } from '../../../test/kit/raw-zip.ts'

const told = (entries: readonly RawEntry[], layers: readonly Files[] = []): readonly string[] =>
  check([{ name: 'app.py', bytes: 'def main(e, c): ...' }, ...entries], { handler: 'app.main', layers })
    .findings.filter(({ code }) => code.startsWith('ZY16'))
    .map(({ code, severity, sentence }) => `${code} ${severity} ${sentence}`)

test('an ordinary archive has nothing to find, with folders, descriptors and untidy names in it', () => {
  expect(told([])).toEqual([])
  expect(
    told([{ name: 'lib/' }, { name: 'lib/a.py' }, { name: 'b.py', dataDescriptor: true }, { name: './c.py' }]),
  ).toEqual([])
})

test('what Lambda refuses is an error, whatever it is', () => {
  for (const entry of [
    { name: '../a.py' },
    { name: '/a.py' },
    { name: 'a.py', flags: 1 },
    { name: 'a.bin', bytes: 'a', method: 14 },
    { name: 'a.py', local: { name: 'b.py' } },
  ] satisfies RawEntry[])
    expect(told([entry])[0], entry.name).toMatch(/^ZY1601 error /)
})

test('one trouble of many files is one finding, and names the first', () => {
  const names = ['a\\b.txt', 'a\\c.txt', 'a\\d.txt']
  expect(told(names.map((name) => ({ name })))).toEqual([
    'ZY1604 error `a\\b.txt` has backslashes where Linux needs `/`, and so on for 2 more',
  ])
  const { findings } = check([{ name: 'a\\b.txt' }, { name: 'a\\c.txt' }])
  expect(findings.find(({ code }) => code === 'ZY1604')).toMatchObject({ file: 'a\\b.txt', hint: expect.stringContaining('zipyard repair') as string }) // prettier-ignore
})

test('archives of layers are looked at too', () => {
  expect(told([], [{ ['python/café.py'.normalize('NFD')]: '' }])).toEqual([
    expect.stringMatching(/^ZY1606 warning /) as string,
  ])
  expect(told([], [{ ['python/café.py'.normalize('NFC')]: '' }])).toEqual([])
})

test('links, pipes and twins are told, each as what it is', () => {
  expect(
    told([
      { name: 'link', bytes: 'app.py', mode: 0o120777 },
      { name: 'pipe', mode: 0o010644 },
      { name: 'a.txt', bytes: '1' },
      { name: 'a.txt', bytes: '2' },
      { name: 'B.txt' },
      { name: 'b.txt' },
    ]).map((one) => one.slice(0, 14)),
  ).toEqual(['ZY1608 warning', 'ZY1602 warning', 'ZY1610 info `l', 'ZY1603 info `b'])
})
