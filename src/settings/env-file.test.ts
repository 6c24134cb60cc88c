import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { badEnvFile, noEnvFile, parseEnvFile, readEnvFile } from './env-file.ts'

test.each([
  ['plain values', 'ONE=1\nTWO = two words  \nTHREE=a=b#c', { ONE: '1', TWO: 'two words', THREE: 'a=b#c' }],
  ['nothing at all', '', {}],
  ['an empty value', 'ONE=\nTWO=""', { ONE: '', TWO: '' }],
  [
    'comments and empty lines',
    '# no\n\n  # no\nONE=1 # why\nTWO= # nothing\nTHREE=#3',
    { ONE: '1', TWO: '', THREE: '#3' },
  ],
  ['`export`', 'export ONE=1\n  export  TWO=2', { ONE: '1', TWO: '2' }],
  ['escapes in double quotes', String.raw`ONE="a \"b\" \\ \$c \n \d # no" # yes`, { ONE: 'a "b" \\ $c \n \\d # no' }],
  ['single quotes and backticks', 'ONE=\'a "b" \\n\'\nTWO=`it\'s "so"`', { ONE: 'a "b" \\n', TWO: 'it\'s "so"' }],
  ['several lines in quotes', 'ONE="first\nsecond"\nTWO=2', { ONE: 'first\nsecond', TWO: '2' }],
  ['what looks like a variable', 'ONE=$HOME\nTWO="${ONE}"', { ONE: '$HOME', TWO: '${ONE}' }],
  ['the last of a name', 'ONE=1\nONE=2', { ONE: '2' }],
  ['a file from Windows', '\u{feff}ONE=1\r\nTWO="a\r\nb"\r\n', { ONE: '1', TWO: 'a\nb' }],
])('%s', (_, text, variables) => {
  expect(parseEnvFile(text, '.env')).toEqual(variables)
})

test.each([
  ['ONE=1\nthis is none', 'Line 2 of `.env` is no `NAME=value`'],
  ['=value', 'Line 1 of `.env` is no `NAME=value`'],
  ['1ONE=value', 'Line 1 of `.env` is no `NAME=value`'],
  ['\n\nONE="open\nTWO=2', 'Line 3 of `.env` begins a value with `"` that has no end'],
  ["ONE='it''s'", 'Line 1 of `.env` has more after the closing quote'],
])('%j is refused by its line', (text, message) => {
  expect(() => parseEnvFile(text, '.env')).toThrow(expect.toSatisfy(badEnvFile.is))
  expect(() => parseEnvFile(text, '.env')).toThrow(message)
})

test('a file that is not there is told by its name', () => {
  const path = join(temporaryFolder(), '.env')
  expect(() => readEnvFile(path)).toThrow(expect.toSatisfy(noEnvFile.is))
  writeFileSync(path, 'ONE=1\n')
  expect(readEnvFile(path)).toEqual({ ONE: '1' })
})
