import { expect, test } from 'vitest'
import { formatShare, mebibyte } from './byte-size.ts'

test.each([
  [0, '0%'],
  [300, 'under 1%'],
  [2.5 * mebibyte, '1%'],
  [2.6 * mebibyte, '2%'],
  [250 * mebibyte, '100%'],
  [250 * mebibyte + 1, '101%'],
])('%i bytes of 250 MB are %s: never 100%% of a limit that is passed', (bytes, text) => {
  expect(formatShare(bytes, 250 * mebibyte)).toBe(text)
})
