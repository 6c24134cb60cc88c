import { expect, test } from 'vitest'
import { recalling } from './recall.ts'

test('a text is parsed once, as long as there are few and they are short', () => {
  const parsed: string[] = []
  const parse = recalling((text) => (parsed.push(text), text === '' ? undefined : { text }), 2)
  expect([parse('a'), parse('a'), parse('b'), parse('a')]).toEqual(['a', 'a', 'b', 'a'].map((text) => ({ text })))
  expect(parsed).toEqual(['a', 'b'])
  parse('c')
  parse('a')
  expect(parsed).toEqual(['a', 'b', 'c', 'a'])
})

test('what cannot be parsed, and what is long, is not kept', () => {
  let calls = 0
  const parse = recalling((text) => ((calls += 1), text === '' ? undefined : { text }))
  for (const text of ['', '', 'x'.repeat(2000), 'x'.repeat(2000)]) parse(text)
  expect(calls).toBe(4)
})
