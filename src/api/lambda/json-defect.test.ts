import { expect, test } from 'vitest'
import { jsonDefect } from './json-defect.ts'

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
