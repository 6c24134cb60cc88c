import { expect, test } from 'vitest'
import { check } from '../../../test/kit/check.ts'

const policy = (runtime: string, today: string, metadata = ''): readonly string[] =>
  check(
    { 'app.py': '', 'dep-1.dist-info/METADATA': `Name: dep\nVersion: 1\n${metadata}` },
    { runtime, today: new Date(today) },
  )
    .findings.filter((finding) => finding.code.startsWith('ZY190'))
    .map((finding) => `${finding.code} ${finding.sentence}`)

test('a runtime is told by where it stands on the day of the check', () => {
  expect(policy('python3.13', '2026-11-22')).toEqual([])
  expect(policy('python3.9', '2026-11-22')).toEqual([
    'ZY1902 `python3.9` is deprecated since 2025-12-15; from 2027-02-01 on AWS creates no functions of it',
  ])
  expect(policy('python3.9', '2027-02-02')).toEqual([
    'ZY1901 AWS refuses to create functions of `python3.9` since 2027-02-01',
  ])
  expect(policy('python2.7', '2026-11-22')).toEqual([
    'ZY1901 AWS refuses to create or update functions of `python2.7` since 2022-05-30',
  ])
  expect(policy('python3.15', '2026-11-22')).toEqual(['ZY1903 `python3.15` is not offered by AWS yet'])
})

test('a distribution that excludes the Python is a warning', () => {
  expect(policy('python3.13', '2026-11-22', 'Requires-Python: <3.13,>=3.8\n')).toEqual([
    'ZY1904 `dep` 1 requires Python `<3.13,>=3.8`, the runtime has 3.13',
  ])
  expect(policy('python3.13', '2026-11-22', 'Requires-Python: >=3.13.2\n')).toEqual([])
  expect(policy('python3.13', '2026-11-22', 'Requires-Python: nonsense\n')).toEqual([])
})
