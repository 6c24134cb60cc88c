import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check, packageOf, type Files } from '../../../test/kit/check.ts'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import { parseBudget } from '../../settings/budget.ts'
import { checkPackage } from '../check-package.ts'

const distribution = (name: string, bytes: number): Files => ({
  [`${name}/__init__.py`]: { bytes: Buffer.alloc(bytes, '#'), method: 0 },
  [`${name}-1.dist-info/METADATA`]: `Name: ${name}\nVersion: 1\n`,
  [`${name}-1.dist-info/RECORD`]: `${name}/__init__.py,,\n`,
})
const files = { 'app.py': Buffer.alloc(1000, '#'), ...distribution('big', 50_000), ...distribution('small', 2000) }

/** Codes and sentences of the budget's findings for a package of `given`. */
function judge(budget: unknown, given: Files = files, layers: readonly Files[] = []): readonly string[] {
  return check(given, { budget: parseBudget(budget, 'budget', '/app/zipyard.toml'), layers })
    .findings.filter(({ code }) => code.startsWith('ZY101'))
    .map(({ code, sentence, severity }) => `${severity} ${code} ${sentence}`)
}

test('a package within its budget has no finding, and neither has one without a budget', () => {
  const within = { total: '1 MB', zipped: '1 MB', distributions: { big: '60 KB', absent: 0 } }
  expect(judge(within)).toEqual([])
  expect(judge(undefined)).toEqual([])
  expect(judge({})).toEqual([])
})

test('the unzipped total counts layers, the zip does not', () => {
  expect(judge({ total: '52 KB' })).toEqual([])
  expect(judge({ total: '52 KB' }, files, [{ 'python/more.py': Buffer.alloc(3000, '#') }])).toEqual([
    'error ZY1010 the package unzips to 54.8 KB, its budget allows 52.0 KB',
  ])
  expect(judge({ zipped: '50 KB' })).toEqual([
    expect.stringMatching(/^error ZY1010 the package has 5\d\.\d KB zipped, its budget allows 50\.0 KB$/) as string,
  ])
})

test('a distribution has a limit of its own, also in a layer and under another spelling', () => {
  const sentence = 'error ZY1011 `big` unzips to 48.9 KB, its budget allows 40.0 KB'
  expect(judge({ distributions: { Big: '40 KB' } })).toEqual([sentence])
  expect(judge({ distributions: { small: 0 } })).toHaveLength(1)
  const layer = Object.fromEntries(Object.entries(distribution('big', 50_000)).map(([path, file]) => [`python/${path}`, file])) // prettier-ignore
  expect(judge({ distributions: { big: '40 KB' } }, { 'app.py': '' }, [layer])).toEqual([sentence])
})

test('growth is that over an earlier package, or over what `check --json` said of it, and names what grew', () => {
  const earlier = packageOf({ 'app.py': Buffer.alloc(1000, '#'), ...distribution('small', 2000) }, 'earlier.zip')
  const report = join(temporaryFolder(), 'baseline.json')
  const result = checkPackage({ path: earlier, runtime: 'python3.13', architecture: 'x86_64' })
  writeFileSync(report, JSON.stringify(result))
  for (const baseline of [earlier, report]) {
    expect(judge({ growth: '50 KB', baseline })).toEqual([])
    expect(judge({ growth: '10 KB', baseline })).toEqual([
      `error ZY1012 the package unzips to 51.8 KB, 48.9 KB more than \`${baseline}\`; its budget allows 10.0 KB more`,
    ])
    expect(judge({ growth: '2000%', baseline })).toEqual([])
    expect(judge({ growth: '50%', baseline })[0]).toContain('its budget allows 50% more')
    const { findings } = check(files, { budget: parseBudget({ growth: '1', baseline }, 'budget', '/app/zipyard.toml') })
    expect(findings.find(({ code }) => code === 'ZY1012')?.hint).toContain('What grew: `big` (+48.9 KB). ')
  }
  expect(judge({ growth: '0%', baseline: packageOf(files, 'same.zip') })).toEqual([])
})

test('a baseline that is not there is a warning, one that is something else is refused', () => {
  expect(judge({ growth: '1 MB', baseline: 'none.json' })).toEqual([
    'warning ZY1013 `/app/none.json`, the baseline of the budget, is not there: growth was not judged',
  ])
  const other = join(temporaryFolder(), 'other.json')
  writeFileSync(other, '{"version": 1}')
  expect(() => judge({ growth: '1 MB', baseline: other })).toThrowError(/neither a package nor what/)
})
