import { expect, test } from 'vitest'
import { parseSpecifierSet } from './specifier.ts'
import { compatibleTags } from './tag.ts'
import { nearestFittingVersion, selectWheel, type WheelCandidate } from './wheel-selection.ts'

const target = {
  tags: compatibleTags({ python: '3.12', glibc: [2, 34], machine: 'aarch64' }),
  pythonFullVersion: '3.12.12',
}
const wheels = (...filenames: string[]): WheelCandidate[] => filenames.map((filename) => ({ filename }))
const reasons = (candidates: readonly WheelCandidate[]): unknown[] =>
  selectWheel(candidates, target).rejected.map(({ wheel, because }) => [wheel.filename, because])

test('the wheel of the newest glibc that the target has is taken', () => {
  const candidates = wheels(
    'n-1.0-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl',
    'n-1.0-cp312-cp312-manylinux_2_31_aarch64.whl',
    'n-1.0-cp312-cp312-manylinux_2_36_aarch64.whl',
    'n-1.0-py3-none-any.whl',
  )
  expect(selectWheel(candidates, target)).toMatchObject({
    wheel: { filename: 'n-1.0-cp312-cp312-manylinux_2_31_aarch64.whl' },
    tag: 'cp312-cp312-manylinux_2_31_aarch64',
  })
})

test('each wheel that is not taken says why', () => {
  expect(
    reasons(
      wheels(
        'n-1.0-cp313-cp313-manylinux_2_17_aarch64.whl',
        'n-1.0-cp312-cp312-manylinux_2_17_x86_64.whl',
        'n-1.0-cp312-cp312-musllinux_1_2_aarch64.whl',
        'n-1.0-cp312-cp312d-manylinux_2_17_aarch64.whl',
        'n-1.0-cp39-cp39-manylinux_2_17_aarch64.whl',
        'n-1.0.tar.gz',
      ),
    ),
  ).toEqual([
    ['n-1.0-cp313-cp313-manylinux_2_17_aarch64.whl', 'python'],
    ['n-1.0-cp312-cp312-manylinux_2_17_x86_64.whl', 'platform'],
    ['n-1.0-cp312-cp312-musllinux_1_2_aarch64.whl', 'platform'],
    ['n-1.0-cp312-cp312d-manylinux_2_17_aarch64.whl', 'abi'],
    ['n-1.0-cp39-cp39-manylinux_2_17_aarch64.whl', 'abi'],
    ['n-1.0.tar.gz', 'not-a-wheel'],
  ])
})

test('the stable ABI of an older Python fits', () => {
  expect(selectWheel(wheels('c-1-cp37-abi3-manylinux_2_28_aarch64.whl'), target).wheel).toBeDefined()
})

test('the higher build number wins, and the other is outranked', () => {
  const candidates = wheels('n-1.0-1-py3-none-any.whl', 'n-1.0-10-py3-none-any.whl', 'n-1.0-py3-none-any.whl')
  expect(selectWheel(candidates, target).wheel?.filename).toBe('n-1.0-10-py3-none-any.whl')
  expect(reasons(candidates).map((reason) => (reason as string[])[1])).toEqual(['outranked', 'outranked'])
})

test('a yanked wheel is left out with its reason, unless pinned', () => {
  const [candidate] = wheels('n-1.0-py3-none-any.whl')
  const yanked = [{ ...candidate!, yanked: 'broken' }]
  expect(selectWheel(yanked, target).rejected).toMatchObject([{ because: 'yanked', reason: 'broken' }])
  expect(selectWheel(yanked, target, { allowYanked: true }).wheel).toBeDefined()
})

test('a release for another Python is left out', () => {
  const candidates = [{ filename: 'n-1.0-py3-none-any.whl', requiresPython: parseSpecifierSet('>=3.13') }]
  expect(selectWheel(candidates, target).rejected).toMatchObject([{ because: 'requires-python' }])
})

test('the nearest version that fits is the first newer one, else the last older one', () => {
  const candidates = wheels(
    'n-0.9-py3-none-any.whl',
    'n-1.0-cp313-cp313-win_amd64.whl',
    'n-1.1-cp313-cp313-win_amd64.whl',
    'n-1.2rc1-py3-none-any.whl',
    'n-1.3-py3-none-any.whl',
    'n-2.0-py3-none-any.whl',
  )
  expect(nearestFittingVersion(candidates, '1.0', target)?.version.text).toBe('1.3')
  expect(nearestFittingVersion(candidates.slice(0, 4), '1.0', target)?.version.text).toBe('0.9')
  expect(nearestFittingVersion(candidates.slice(1, 3), '1.0', target)).toBeUndefined()
})
