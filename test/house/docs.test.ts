import { expect, test } from 'vitest'
import { stalePages } from '../../scripts/docs.ts'

test('the printed reference pages are those of this code (else: npm run docs)', async () => {
  expect(await stalePages()).toEqual([])
})
