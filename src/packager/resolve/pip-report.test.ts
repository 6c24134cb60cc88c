import { expect, test } from 'vitest'
import { parsePythonRuntime } from '../../lambda/runtimes.ts'
import { parseRequirement } from '../../pypa/requirement.ts'
import { targetOf } from '../target.ts'
import { readPipReport, repairReport } from './pip-report.ts'

/** A report as pip writes it, of distributions with the requirements of their metadata. */
function report(distributions: Readonly<Record<string, readonly string[]>>): string {
  return JSON.stringify({
    version: '1',
    pip_version: '23.2.1',
    install: Object.entries(distributions).map(([name, requires_dist]) => ({
      download_info: {
        url: `https://index.example/${name}-1.0-py3-none-any.whl`,
        archive_info: { hash: `sha256=${'0'.repeat(64)}` },
      },
      is_direct: false,
      requested: name === 'root',
      metadata: { name, version: '1.0', requires_dist },
    })),
    environment: { python_version: '3.11', platform_machine: 'x86_64' },
  })
}

const arm310 = targetOf(parsePythonRuntime('python3.10'), 'arm64').environment
const requirements = [
  "backport; python_version < '3.11'",
  "newonly; python_version >= '3.11'",
  "x86only; platform_machine == 'x86_64'",
  "armonly; platform_machine == 'aarch64'",
]

test('what pip chose for the markers of this machine is dropped, what the target needs instead is asked for', () => {
  const repair = repairReport(
    readPipReport(report({ root: requirements, newonly: [], x86only: ['deep'], deep: [] })),
    [parseRequirement('root')],
    arm310,
  )
  expect(repair.kept.map((item) => item.distribution.name)).toEqual(['root'])
  expect(repair.dropped.map((item) => item.distribution.name)).toEqual(['newonly', 'x86only', 'deep'])
  expect(repair.missing).toEqual(['armonly', 'backport'])
})

test('once pip was told what was missing, nothing is left to repair', () => {
  const repair = repairReport(
    readPipReport(report({ root: requirements, backport: [], armonly: [] })),
    [parseRequirement('root')],
    arm310,
  )
  expect(repair.kept).toHaveLength(3)
  expect(repair.dropped).toEqual([])
  expect(repair.missing).toEqual([])
})

test('extras are followed for the target, also those that another distribution asks for', () => {
  const items = {
    root: ['lib[fast]'],
    lib: ["speed; extra == 'fast' and platform_machine == 'aarch64'", "tests; extra == 'test'"],
    speed: [],
  }
  const repair = repairReport(readPipReport(report(items)), [parseRequirement('root')], arm310)
  expect(repair.kept.map((item) => item.distribution.name)).toEqual(['root', 'lib', 'speed'])
  expect(repair.missing).toEqual([])
})

test('a version that pip took because a tighter requirement does not hold here is not accepted', () => {
  const repair = repairReport(
    readPipReport(report({ root: ["lib<1; python_version < '3.11'", 'lib'], lib: [] })),
    [parseRequirement('root')],
    arm310,
  )
  expect(repair.missing).toEqual(['lib<1'])
})
