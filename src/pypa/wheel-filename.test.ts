import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { closeVersionText, garbled, samples } from '../../test/kit/arbitrary-pypa.ts'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { tryParseSdistFilename } from './sdist-filename.ts'
import { compareBuilds, parseWheelFilename, tagsOf, tryParseWheelFilename } from './wheel-filename.ts'

test('a wheel says its name, version, build and tags', () => {
  const wheel = parseWheelFilename('Foo_Bar-1.0-2b-py2.py3-none-any.whl')
  expect(wheel).toMatchObject({ name: 'foo-bar', build: [2, 'b'] })
  expect(tagsOf(wheel)).toEqual(['py2-none-any', 'py3-none-any'])
  expect(compareBuilds(wheel.build, undefined)).toBe(1)
})

test('a file that is no wheel is refused with the reason', () => {
  expect(() => parseWheelFilename('requests-2.0.tar.gz')).toThrow('it does not end in `.whl`')
  expect(() => parseWheelFilename('requests-2.0-any.whl')).toThrow('it has 3 parts between hyphens')
  expect(() => parseWheelFilename('requests-x-py3-none-any.whl')).toThrow('`x` is not a version')
})

test.runIf(hasPackaging)('3,000 names of wheels are read as packaging reads them', () => {
  const name = fc.constantFrom('a', 'Foo_Bar', 'foo.bar', 'a__b', 'ab', 'zope.interface')
  const version = closeVersionText.map((text) => text.replaceAll('-', '_'))
  const file = fc.tuple(name, version, fc.constantFrom('', '', '-1', '-2b', '-x'), fc.constantFrom('py3', 'py2.py3', 'CP313'), fc.constantFrom('none', 'cp313', 'abi3.none'), fc.constantFrom('any', 'manylinux_2_17_x86_64.manylinux2014_x86_64')).map(([n, v, b, p, a, m]) => `${n}-${v}${b}-${p}-${a}-${m}.whl`) // prettier-ignore
  const names = [...samples(file, 2500), ...samples(garbled(['a', '-', '1.0', 'py3', 'none', 'any', '.whl', '_']), 500)]
  const answers = askPackaging<unknown>(
    'from packaging.utils import parse_wheel_filename',
    `    name, version, build, tags = parse_wheel_filename(q)
    return [name, str(version), list(build), sorted(str(t) for t in tags)]`,
    names,
  )
  for (const [index, filename] of names.entries()) {
    const wheel = tryParseWheelFilename(filename)
    const mine = wheel ? [wheel.name, wheel.version.text, wheel.build ?? [], [...new Set(tagsOf(wheel))].sort()] : null
    expect([filename, mine]).toEqual([filename, answers[index]])
  }
})

test('an sdist is told from the project’s name, since old ones are ambiguous', () => {
  expect(tryParseSdistFilename('Foo-Bar-1.0.tar.gz', 'foo_bar')?.version.text).toBe('1.0')
  expect(tryParseSdistFilename('foo-1-2.tar.gz', 'foo')?.version.text).toBe('1.post2')
  expect(tryParseSdistFilename('foo-1-2.tar.gz', 'foo-1')?.version.text).toBe('2')
  expect(tryParseSdistFilename('foobar-1.0.tar.gz', 'foo')).toBeUndefined()
})
