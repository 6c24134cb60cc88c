import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { cases } from '../../../test/kit/cases.ts'
import { isPlainJson } from './json-scan.ts'

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const scans = (text: string): boolean => isPlainJson(Buffer.from(text))

it('takes what the parser takes and nothing else, at every byte that may be wrong', () => {
  for (const text of [
    '{}',
    '[]',
    ' { "a" : [ 1 , -0.5e+3 , "x\\u00e9\\n\\"" , null , true , false , { } , [ ] ] } ',
    '0',
    '"ü"',
  ]) {
    expect(scans(text)).toBe(true)
    for (let cut = 0; cut < text.length; cut += 1) {
      for (const other of ['', ' ', '0', '-', '.', 'e', '"', '\\', ',', ':', '{', '}', '[', ']', 'u', '\u0001', 'ü']) {
        for (const rest of [cut, cut + 1]) {
          const changed = text.slice(0, cut) + other + text.slice(rest)
          expect(scans(changed), changed).toBe(parses(changed))
        }
      }
    }
  }
})

it('takes every value that can be written as JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(3), (value, indent) => {
      expect(scans(JSON.stringify(value, null, indent))).toBe(true)
    }),
    cases(100),
  )
})

it('says of texts made of the pieces of JSON what the parser says', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '1',
    '01',
    '-',
    '.5',
    '1.',
    'e1',
    '1E-2',
    'true',
    'nul',
    'null',
    ' ',
    '\n',
    '\\',
    '\\u12',
    '\u007f',
    '\u0000',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      expect(scans(text), text).toBe(parses(text))
    }),
    cases(3000),
  )
})

it('leaves what is nested deeper than it counts to the parser', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  expect(scans(nested(512))).toBe(true)
  expect(scans(nested(513))).toBe(false)
})
