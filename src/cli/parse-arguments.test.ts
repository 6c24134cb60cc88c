import { expect, test } from 'vitest'
import type { OptionTable } from '../settings/option.ts'
import { checkPositionals, parseArguments } from './parse-arguments.ts'

const table = {
  out: { type: 'string', short: 'o', value: 'FILE', sentence: '' },
  requirements: { type: 'strings', short: 'r', sentence: '' },
  follow: { type: 'boolean', short: 'f', sentence: '' },
} as const satisfies OptionTable

test.each([
  [['--out', 'a.zip', '.'], { out: 'a.zip' }, ['.']],
  [['--out=a.zip', '.'], { out: 'a.zip' }, ['.']],
  [['-oa.zip'], { out: 'a.zip' }, []],
  [['-r', 'a.txt', '--requirements=b.txt'], { requirements: ['a.txt', 'b.txt'] }, []],
  [['-f', 'x'], { follow: true }, ['x']],
  [['--', '--out'], {}, ['--out']],
  [['-'], {}, ['-']],
])('%j', (args, flags, positionals) => {
  expect(parseArguments('build', table, args)).toEqual({ flags, positionals })
})

test('a mistyped option is answered with the nearest one', () => {
  expect(() => parseArguments('build', table, ['--otu', 'x'])).toThrowError(
    expect.objectContaining({ code: 'ZY0005', kind: 'usage', hint: 'Did you mean `--out`?' }),
  )
})

test('an option without its value says what it takes', () => {
  expect(() => parseArguments('build', table, ['--out'])).toThrowError(
    expect.objectContaining({ message: '`--out` needs a value', hint: 'Write `--out FILE`' }),
  )
})

test('a positional too many or too few is told with the usage', () => {
  const specs = [{ name: 'NAME', sentence: 'name of the function', required: true }]
  expect(() => checkPositionals('invoke', specs, [])).toThrowError(
    expect.objectContaining({
      message: '`zipyard invoke` needs NAME: name of the function',
      hint: 'Usage: zipyard invoke NAME [options]',
    }),
  )
  expect(() => checkPositionals('invoke', specs, ['a', 'b'])).toThrowError('`zipyard invoke` does not take `b`')
})
