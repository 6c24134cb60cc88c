import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { closeVersionText, garbled, samples, specifierSetText, specifierText } from '../../test/kit/arbitrary-pypa.ts'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { filterVersions, matches, parseSpecifierSet, tryParseSpecifier } from './specifier.ts'
import { parseVersion } from './version.ts'

const accepts = (set: string, version: string): boolean => matches(parseSpecifierSet(set), parseVersion(version))

test('every clause must hold', () => {
  expect(accepts('>=1.2, <2, !=1.5', '1.4')).toBe(true)
  expect(accepts('>=1.2, <2, !=1.5', '1.5.0')).toBe(false)
  expect(accepts('', '0.1')).toBe(true)
})

test('`==1.1.*` has what begins so, number by number', () => {
  expect(['1.1', '1.1.0', '1.1.post1', '1.1a1', '1.1.7+local'].every((version) => accepts('==1.1.*', version))).toBe(
    true,
  )
  expect(['1.10', '1', '2.1', '1!1.1'].some((version) => accepts('==1.1.*', version))).toBe(false)
})

test('`~=2.2` stays below 3, `~=2.2.0` below 2.3', () => {
  expect(accepts('~=2.2', '2.9')).toBe(true)
  expect(accepts('~=2.2.0', '2.3')).toBe(false)
  expect(() => parseSpecifierSet('~=2')).toThrow('`~=2` is not a version specifier')
})

test('pre-releases are taken when a clause names one, or when nothing else fits', () => {
  const versions = ['1.0', '2.0a1'].map(parseVersion)
  const filtered = (set: string, chosen = versions): string[] =>
    filterVersions(parseSpecifierSet(set), chosen).map((version) => version.text)
  expect(filtered('>=1.0')).toEqual(['1.0'])
  expect(filtered('>=2.0a0')).toEqual(['2.0a1'])
  expect(filtered('>1.0')).toEqual(['2.0a1'])
  expect(filterVersions(parseSpecifierSet('>1.0'), versions, { prereleases: 'forbid' })).toEqual([])
})

test.runIf(hasPackaging)('5,000 texts are specifiers for packaging exactly when they are here', () => {
  const pieces = ['==', '>=', '~=', '===', '!=', '1', '.', '0', '*', '.*', 'a1', '.dev0', '+x', ' ', '!', '<']
  // packaging takes `===` with nothing behind it; no version can ever match that, and it is refused here.
  const texts = [...samples(specifierText, 3000), ...samples(garbled(pieces), 2000)].filter(
    (text) => !/,|^\s*===\s*$/.test(text),
  )
  const answers = askPackaging<boolean>(
    'from packaging.specifiers import Specifier',
    '    Specifier(q)\n    return True',
    texts,
  )
  for (const [index, text] of texts.entries())
    expect([text, tryParseSpecifier(text) !== undefined]).toEqual([text, answers[index] ?? false])
})

test.runIf(hasPackaging)('10,000 versions are accepted or refused as packaging does', () => {
  const pairs = [
    ...samples(fc.tuple(specifierText, closeVersionText), 7000),
    ...samples(fc.tuple(specifierSetText, closeVersionText), 3000),
  ]
  const answers = askPackaging<boolean>(
    'from packaging.specifiers import SpecifierSet\nfrom packaging.version import Version',
    '    return SpecifierSet(q[0]).contains(Version(q[1]), prereleases=True)',
    pairs,
  )
  for (const [index, [set, version]] of pairs.entries()) {
    let accepted: boolean | null = null
    try {
      accepted = accepts(set, version)
    } catch {
      // Refused as a specifier; packaging must have raised as well.
    }
    expect([set, version, accepted]).toEqual([set, version, answers[index]])
  }
})

test.runIf(hasPackaging)('3,000 lists of versions are filtered as packaging does, pre-releases included', () => {
  const questions = samples(fc.tuple(specifierSetText, fc.array(closeVersionText, { maxLength: 6 })), 3000)
  const answers = askPackaging<string[]>(
    'from packaging.specifiers import SpecifierSet\nfrom packaging.version import Version',
    '    return [str(v) for v in SpecifierSet(q[0]).filter([Version(t) for t in q[1]])]',
    questions,
  )
  for (const [index, [set, versions]] of questions.entries()) {
    let kept: string[] | null = null
    try {
      kept = filterVersions(parseSpecifierSet(set), versions.map(parseVersion)).map((version) => version.text)
    } catch {
      // As above.
    }
    expect([set, versions, kept]).toEqual([set, versions, answers[index]])
  }
})
