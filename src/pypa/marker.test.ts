import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { garbled, markerText, samples } from '../../test/kit/arbitrary-pypa.ts'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { evaluateMarker, formatMarker, parseMarker } from './marker.ts'
import { targetEnvironment } from './target-environment.ts'

const environment = targetEnvironment({
  python: '3.13',
  pythonFullVersion: '3.13.9',
  glibc: [2, 34],
  machine: 'aarch64',
})
const holds = (text: string, context = {}): boolean => evaluateMarker(parseMarker(text), environment, context)

test('a marker is evaluated for the target, not for the host', () => {
  expect(holds("sys_platform == 'linux' and platform_machine == 'aarch64'")).toBe(true)
  expect(holds("python_version < '3.9'")).toBe(false)
  expect(holds("python_full_version >= '3.13.1'")).toBe(true)
})

test('`and` binds closer than `or`', () => {
  expect(holds("os_name == 'posix' or os_name == 'nt' and os_name == 'nt'")).toBe(true)
  expect(holds("(os_name == 'posix' or os_name == 'nt') and os_name == 'nt'")).toBe(false)
})

test('`extra` holds for each extra asked for, in any spelling', () => {
  expect(holds("extra == 'Foo_Bar'", { extras: ['foo.bar', 'x'] })).toBe(true)
  expect(holds("extra == 'foo'")).toBe(false)
})

test('`extras` and `dependency_groups` of lock files are sets', () => {
  expect(holds("'cli' in extras and 'dev' not in dependency_groups", { extras: ['CLI'], groups: ['docs'] })).toBe(true)
  expect(() => parseMarker("extras == 'cli'")).toThrow('stand only on the right of `in`')
})

test('nesting without end is refused, not a stack overflow', () => {
  expect(() => parseMarker(`${'('.repeat(50_000)}os_name == 'x'`)).toThrow('nested too deeply')
})

test.runIf(hasPackaging)('5,000 markers have the value that packaging gives them', () => {
  const pieces = [
    'python_version',
    ' ',
    '==',
    "'3.8'",
    ' and ',
    ' or ',
    '(',
    ')',
    'extra',
    'in',
    'not in',
    '"x"',
    '<',
    'os.name',
  ]
  const questions = [
    ...samples(fc.tuple(markerText, fc.constantFrom('', 'test', 'test-extra')), 3500),
    ...samples(fc.tuple(garbled(pieces), fc.constant('')), 1500),
  ]
  const answers = askPackaging<{ value: boolean | null }>(
    `from packaging.markers import Marker, UndefinedComparison\nenvironment = ${JSON.stringify(environment)}`,
    `    m = Marker(q[0])
    try:
        return {"value": m.evaluate({**environment, "extra": q[1]})}
    except UndefinedComparison:
        return {"value": None}`,
    questions,
  )
  let compared = 0
  for (const [index, [text, extra]] of questions.entries()) {
    let value: boolean | null = null
    try {
      value = holds(text, { extras: extra === '' ? [] : [extra] })
    } catch {
      // Refused; packaging must have raised as well.
    }
    const answer = answers[index]
    // Comparisons that packaging calls undefined (an order of texts) may be anything but a crash.
    if (answer !== null && answer !== undefined && answer.value === null) continue
    compared += 1
    expect([text, extra, value]).toEqual([text, extra, answer?.value ?? null])
  }
  expect(compared).toBeGreaterThan(2500)
})

test('a marker that was written and read again has the same value', () => {
  for (const text of samples(markerText, 1000)) {
    let marker
    try {
      marker = parseMarker(text)
    } catch {
      continue
    }
    expect(evaluateMarker(parseMarker(formatMarker(marker)), environment)).toBe(evaluateMarker(marker, environment))
  }
})
