import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { garbled, markerText, samples, specifierSetText } from '../../test/kit/arbitrary-pypa.ts'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { formatRequirement, parseRequirement } from './requirement.ts'

test('a requirement has a name, extras, versions and a marker', () => {
  const requirement = parseRequirement("Foo.Bar[Socks, b] >=2.31, <3 ; python_version < '3.13'")
  expect(requirement).toMatchObject({ name: 'Foo.Bar', normalizedName: 'foo-bar', extras: ['b', 'socks'] })
  expect(formatRequirement(requirement)).toBe("Foo.Bar[b,socks]>=2.31,<3; python_version < '3.13'")
})

test('versions may stand in parentheses, as old metadata has them', () => {
  expect(formatRequirement(parseRequirement('idna (<4,>=2.5)'))).toBe('idna<4,>=2.5')
  expect(formatRequirement(parseRequirement('idna ( == 1.0 ) ; os_name == "nt"'))).toBe("idna==1.0; os_name == 'nt'")
})

test('a URL takes the place of versions, and a marker follows it only after a blank', () => {
  const requirement = parseRequirement("pip @ https://example.org/pip.zip#sha1=da39;x ; os_name == 'nt'")
  expect(requirement.url).toBe('https://example.org/pip.zip#sha1=da39;x')
  expect(requirement.marker).toBeDefined()
})

test('what is wrong is said', () => {
  expect(() => parseRequirement('requests 2.0')).toThrow('`2.0` follows the name, where an operator')
  expect(() => parseRequirement('requests==')).toThrow('`requests==` is not a requirement')
  expect(() => parseRequirement("requests; python_version < '3")).toThrow('a variable or a quoted text is missing')
  expect(() => parseRequirement('==1.0')).toThrow('it does not begin with a name')
})

test.runIf(hasPackaging)('4,000 texts are requirements, and the same ones, for packaging', () => {
  const name = fc.constantFrom('a', 'Foo_Bar', 'x.y', 'zope.interface', 'b--c', '-a', 'a-', 'é')
  const extras = fc.constantFrom('', '', '[x]', '[ x , Y_z ]', '[]', '[ ]', '[x,]', '[a b]')
  const versions = fc.oneof(
    specifierSetText,
    specifierSetText.map((set) => `(${set})`),
    specifierSetText.map((set) => `( ${set} )`),
    fc.constantFrom('', '*', '1.0', '==1.0,,', '>=1,'),
  )
  const marker = fc.oneof(
    fc.constant(''),
    markerText.map((text) => `; ${text}`),
    markerText.map((text) => `;${text}`),
  )
  const written = fc
    .tuple(name, extras, fc.constantFrom('', ' '), versions, fc.constantFrom('', ' '), marker)
    .map((parts) => parts.join(''))
  const linked = fc.tuple(name, extras, fc.constantFrom(' @ ', '@ ', ' @', '@'), fc.constantFrom('https://a.example/x.whl', 'git+https://a.example/r@v1#egg=x', 'file:///tmp/x'), fc.constantFrom('', ' '), marker).map((parts) => parts.join('')) // prettier-ignore
  const pieces = ['a', 'b', '[', ']', '==1', '>=', ',', ';', ' ', '@ ', 'os_name', "'x'", '(', ')', '==', 'https://x']
  // packaging takes a comma right behind `===1.0` for a part of that version; here it ends the clause, as it does in a specifier set.
  const texts = [...samples(written, 2000), ...samples(linked, 800), ...samples(garbled(pieces), 1200)].filter(
    // Names that end in `_` are none by the specification, though packaging takes them.
    (text) => !/===[^;]*,/.test(text) && !/_(?![A-Za-z0-9._-])/.test(text.split(';')[0]!),
  )
  const answers = askPackaging<unknown>(
    'from packaging.requirements import Requirement\nfrom packaging.utils import canonicalize_name',
    `    r = Requirement(q)
    return [r.name, sorted({canonicalize_name(e) for e in r.extras}), sorted(str(s) for s in r.specifier), r.url, r.marker is not None]`,
    texts,
  )
  for (const [index, text] of texts.entries()) {
    let mine: unknown = null
    try {
      const { name, extras, specifiers, url, marker } = parseRequirement(text)
      mine = [
        name,
        extras,
        [...new Set(specifiers.map((clause) => clause.operator + clause.versionText))].sort(),
        url ?? null,
        marker !== undefined,
      ]
    } catch {
      // Refused; packaging must have raised as well.
    }
    expect([text, mine]).toEqual([text, answers[index]])
  }
})
