import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { closeVersionText, garbled, samples, versionText } from '../../test/kit/arbitrary-pypa.ts'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { compareVersions, isPrerelease, parseVersion, tryParseVersion } from './version.ts'

test('a version is normalised as PEP 440 says', () => {
  expect(parseVersion('v1.0-ALPHA.1').text).toBe('1.0a1')
  expect(parseVersion('1.0-1').text).toBe('1.0.post1')
  expect(parseVersion(' 1.0.DEV ').text).toBe('1.0.dev0')
  expect(parseVersion('1!2.0+Ubuntu_1-x').text).toBe('1!2.0+ubuntu.1.x')
})

test('numbers too large for a double keep every digit', () => {
  expect(parseVersion('1.99999999999999999999').text).toBe('1.99999999999999999999')
  expect(compareVersions(parseVersion('1.99999999999999999999'), parseVersion('1.99999999999999999998'))).toBe(1)
})

test('what is no version is refused by name', () => {
  expect(() => parseVersion('1.0-final-really')).toThrow('`1.0-final-really` is not a version')
})

test('the example order of PEP 440 comes out', () => {
  const ordered = ['1.dev0', '1.0.dev456', '1.0a1', '1.0a2.dev456', '1.0a12.dev456', '1.0a12', '1.0b1.dev456', '1.0b2', '1.0b2.post345.dev456',
    '1.0b2.post345', '1.0rc1.dev456', '1.0rc1', '1.0', '1.0+abc.5', '1.0+abc.7', '1.0+5', '1.0.post456.dev34', '1.0.post456', '1.0.15', '1.1.dev1'] // prettier-ignore
  const versions = ordered.map(parseVersion)
  expect(
    [...versions]
      .reverse()
      .sort(compareVersions)
      .map((version) => version.text),
  ).toEqual(versions.map((version) => version.text))
})

test.runIf(hasPackaging)('5,000 texts are versions, and the same versions, for packaging', () => {
  const pieces = ['1', '.', '0', 'a', 'rc', 'post', 'dev', '+', '!', '-', '_', ' ', 'v', '\n', '٣']
  const texts = [...samples(versionText, 3000), ...samples(garbled(pieces), 2000)]
  const answers = askPackaging<[string, boolean]>(
    'from packaging.version import Version',
    '    v = Version(q)\n    return [str(v), v.is_prerelease]',
    texts,
  )
  for (const [index, text] of texts.entries()) {
    const version = tryParseVersion(text)
    expect([text, version && [version.text, isPrerelease(version)]]).toEqual([text, answers[index] ?? undefined])
  }
})

test.runIf(hasPackaging)('5,000 pairs of versions are ordered as packaging orders them', () => {
  const pairs = [
    ...samples(fc.tuple(closeVersionText, closeVersionText), 3000),
    ...samples(fc.tuple(versionText, versionText), 2000),
  ]
  const answers = askPackaging<number>(
    'from packaging.version import Version',
    '    a, b = Version(q[0]), Version(q[1])\n    return (a > b) - (a < b)',
    pairs,
  )
  for (const [index, [a, b]] of pairs.entries()) {
    const [left, right] = [tryParseVersion(a), tryParseVersion(b)]
    const order = left && right ? compareVersions(left, right) : null
    expect([a, b, order]).toEqual([a, b, answers[index]])
  }
})
