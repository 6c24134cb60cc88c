import { expect, test } from 'vitest'
import { budgetOfPackage, parseBudget } from './budget.ts'

const parse = (raw: unknown) => parseBudget(raw, 'budget', '/app/zipyard.toml')

test('sizes are read as AWS counts them, names as the index spells them, paths from the file that names them', () => {
  const raw = { total: '120 MB', zipped: 1000, growth: '5 %', baseline: 'ci/last.json', distributions: { Python_DateUtil: '1.5MB' } } // prettier-ignore
  expect(parse(raw)).toEqual({
    totalBytes: 120 * 1024 * 1024,
    zippedBytes: 1000,
    distributions: new Map([['python-dateutil', 1.5 * 1024 * 1024]]),
    growth: { allowed: { percent: 5 }, baseline: '/app/ci/last.json' },
  })
  expect(parse({ growth: '2 MB', baseline: 'b.zip' })!.growth!.allowed).toEqual({ bytes: 2 * 1024 * 1024 })
  expect(parse(undefined)).toBeUndefined()
})

test.each([
  [{ totl: '1 MB' }, '`budget in /app/zipyard.toml` does not take `totl`: expected the keys `total`, `zipped`'],
  [{ total: 'much' }, '`budget.total in /app/zipyard.toml` does not take `much`: expected a size such as `50 MB`'],
  [{ growth: 'x', baseline: 'b' }, '`budget.growth in /app/zipyard.toml` does not take `x`: expected a size such as `50 MB`, or a share such as `5%`'], // prettier-ignore
  [{ growth: '1 MB' }, '`budget.baseline in /app/zipyard.toml` does not take `undefined`: expected the path'],
  [{ baseline: 'b.zip' }, '`budget.growth in /app/zipyard.toml` does not take `undefined`'],
  [{ distributions: 5 }, '`budget.distributions in /app/zipyard.toml` does not take `5`: expected a table'],
  ['50 MB', '`budget in /app/zipyard.toml` does not take `"50 MB"`: expected a table'],
])('%j is refused with what was expected', (raw, message) => {
  expect(() => parse(raw)).toThrowError(message)
})

test('a package goes by the budget of the function whose name it bears, else by that of the project', () => {
  const values = { budget: { total: 1 }, functions: { api: { budget: { total: 2 } }, jobs: {} } }
  const total = (name: string) => budgetOfPackage({ path: '/app/zipyard.toml', values }, name)?.totalBytes
  expect(['api.zip', 'api-arm64.zip', 'jobs.zip', 'other'].map(total)).toEqual([2, 2, 1, 1])
  expect(budgetOfPackage(undefined, 'api.zip')).toBeUndefined()
})
