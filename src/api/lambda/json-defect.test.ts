import { expect, test } from 'vitest'
import { jsonDefect } from './json-defect.ts'
import { findSyntaxDefect } from './json-syntax.ts'

const at = (column: number, line = 1): string =>
  `\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: ${line}, column: ${column}]`

test.each([
  [Buffer.from('{"a": [1, "ü"]}'), undefined],
  [Buffer.from('"text"'), undefined],
  // Recorded.
  [Buffer.from('bodynum110num210', 'base64'), `Invalid UTF-8 start byte 0x87${at(3)}`],
  [
    Buffer.from('messagehello', 'base64'),
    `Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')${at(1)}`,
  ],
])('%s', (bytes, defect) => {
  expect(jsonDefect(bytes)).toBe(defect)
})

test.each(['{', '', 'hello', '{"a":1,}', "{'a': 1}", '[1 2]', '\u0000'])(
  '%j is not JSON, and a sentence says where',
  (text) => {
    expect(jsonDefect(Buffer.from(text))).toMatch(/line: \d+, column: \d+\]$/)
  },
)

const values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

test.each([
  ['hello', `Unrecognized token 'hello': was expecting ${values}${at(6)}`],
  ['{"a": tru}', `Unrecognized token 'tru': was expecting ${values}${at(10)}`],
  ['x'.repeat(300), `Unrecognized token '${'x'.repeat(256)}...': was expecting ${values}${at(301)}`],
  ['NaN', `Non-standard token 'NaN': enable \`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS\` to allow${at(4)}`],
  ["{'a': 1}", `Unexpected character (''' (code 39)): was expecting double-quote to start field name${at(2)}`],
  ['{"a":1,}', `Unexpected character ('}' (code 125)): was expecting double-quote to start field name${at(8)}`],
  ['{"a"}', `Unexpected character ('}' (code 125)): was expecting a colon to separate field name and value${at(5)}`],
  ['[1,]', `Unexpected character (']' (code 93)): expected a valid value ${values}${at(4)}`],
  ['[1\n 2]', `Unexpected character ('2' (code 50)): was expecting comma to separate Array entries${at(2, 2)}`],
  ['{"a": [1', `Unexpected end-of-input: expected close marker for Array${at(9)}`],
  ['"abc', `Unexpected end-of-input: was expecting closing quote for a string value${at(5)}`],
  [
    '"a\nb"',
    `Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value${at(3)}`,
  ],
  ['"\\x"', `Unrecognized character escape 'x' (code 120)${at(4)}`],
  ['01', `Invalid numeric value: Leading zeroes not allowed${at(2)}`],
])('what is wrong with %j is said in the words of the parser that AWS uses', (text, defect) => {
  expect(jsonDefect(Buffer.from(text))).toBe(defect)
})

test('wherever JSON is cut or changed, the defect is found; where there is none, none is found', () => {
  const text = '{"a": [1, -2.5e3, "x\\u00e9\\n", true, false, null, {}], "b": {"c": [], "d": ""}, "e": 0.1}'
  expect(findSyntaxDefect(text)).toBeUndefined()
  const changed = [...text].flatMap((_, place) => [
    text.slice(0, place),
    ...['"', '{', ']', ',', ':', 'x', '0', '-', ' ', '\\', '\n', ''].map(
      (character) => text.slice(0, place) + character + text.slice(place + 1),
    ),
  ])
  const isJson = (candidate: string): boolean => {
    try {
      JSON.parse(candidate)
      return true
    } catch {
      return false
    }
  }
  expect(changed.filter((candidate) => isJson(candidate) !== (findSyntaxDefect(candidate) === undefined))).toEqual([])
})
