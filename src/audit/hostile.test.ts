import { expect, test } from 'vitest'
import { check } from '../../test/kit/check.ts'
import type { RawEntry } from '../../test/kit/raw-zip.ts'

/** Packages made to be slow to look at: each was quadratic once. The test ends by its time limit if one is again. */
const shapes: readonly (readonly [string, (index: number) => RawEntry])[] = [
  [
    'thousands of distributions',
    (index) => ({ name: `d${index}-1.dist-info/METADATA`, bytes: `Name: d${index}\nVersion: 1\n`, method: 0 }),
  ],
  [
    'thousands of versions of one',
    (index) => ({ name: `r${index}/d-${index}.dist-info/METADATA`, bytes: `Name: d\nVersion: ${index}\n`, method: 0 }),
  ],
  ['thousands of closed folders', (index) => ({ name: `f${index}/`, mode: 0o040700 })],
  [
    'a long chain of imports',
    (index) => ({ name: index === 0 ? 'app.py' : `m${index}.py`, bytes: `import m${index + 1}\n`, method: 0 }),
  ],
]

test.each(shapes)('%s are looked at in one pass', (_, entry) => {
  const { findings } = check(
    Array.from({ length: 30_000 }, (_each, index) => entry(index)),
    { handler: 'app.main' },
  )
  expect(findings.length).toBeLessThan(30)
})
