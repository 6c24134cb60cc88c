import * as fc from 'fast-check'
import ignore from 'ignore'
import { expect, test } from 'vitest'
import { cases } from '../../../test/kit/cases.ts'
import { defaultIgnores } from './default-ignores.ts'
import { DefaultRules } from './default-rules.ts'

/** Names that the patterns are about, and what is near them. */
const words = defaultIgnores.flatMap((pattern) => {
  const name = pattern.replace(/^\/|\/$/g, '').replace('[cod]', 'c')
  return [name.replaceAll('*', ''), name.replaceAll('*', 'x'), name.replaceAll('*', 'x.y'), `${name.replaceAll('*', '')}x`, `x${name}`.replaceAll('*', '')] // prettier-ignore
})
const name = fc
  .oneof(
    fc.constantFrom(...words),
    fc.constantFrom('app.py', 'shop', 'x', 'DIST', 'Readme.MD', 'größe', '\u212a', 'a.PYC'),
  )
  .filter((text) => text !== '' && !/^\.+$/.test(text))
const path = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([parts, isFolder]) => parts.join('/') + (isFolder ? '/' : ''))

test('the default ignores decide as `.gitignore` patterns do, whatever the path', () => {
  const rules = new DefaultRules()
  const oracle = ignore().add([...defaultIgnores])
  for (const word of words.filter((text) => text !== '' && !/^\.+$/.test(text)))
    for (const one of [word, `${word}/`, `a/${word}`, `a/${word}/`, `${word}/a`])
      expect(rules.ignores(one), one).toBe(oracle.ignores(one))
  fc.assert(
    fc.property(path, (one) => {
      expect(rules.ignores(one)).toBe(oracle.ignores(one))
    }),
    cases(1200),
  )
})
