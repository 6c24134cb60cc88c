import { expect, test } from 'vitest'
import { packageOf } from '../../test/kit/check.ts'
import { elf } from '../../test/kit/elf.ts'
import { checkPackage } from './check-package.ts'
import { decodeWheelFacts, encodeWheelFacts, gatherWheelFacts, knownFrom } from './wheel-facts.ts'

const wheel = {
  'dep/__init__.py': 'from . import _c\nimport yaml\n',
  'dep/_c.so': elf({ extension: true, machine: 183 }),
  'dep-1.dist-info/METADATA': 'Name: dep\nVersion: 1\n',
  'dep-1.dist-info/RECORD': 'dep/__init__.py,,\ndep/_c.so,,\n',
}
const request = () => ({
  path: packageOf({ ...wheel, 'app.py': 'import dep\ndef main(event, context): ...' }),
  runtime: 'python3.13',
  architecture: 'x86_64',
  handler: 'app.main',
})

test('an audit with the facts of cached wheels finds what one without them finds', () => {
  const text = encodeWheelFacts(gatherWheelFacts(packageOf(wheel, 'dep.whl')))
  const asked: string[] = []
  const known = knownFrom([decodeWheelFacts(text)!])
  const with_ = checkPackage(request(), {
    known: (file) => {
      const content = known(file)
      if (content !== undefined) asked.push(file.path)
      return content
    },
  })
  expect(with_.findings.map((finding) => finding.code)).toEqual(['ZY1301', 'ZY1401'])
  expect(with_.findings).toEqual(checkPackage(request()).findings)
  expect(asked.sort()).toEqual(['dep/__init__.py', 'dep/_c.so'])
})

test('own files are always read, whatever a wheel has under their checksum', () => {
  const result = checkPackage(
    { ...request(), path: packageOf({ 'app.py': 'import yaml\ndef main(e, c): ...' }) },
    { known: () => null },
  )
  expect(result.findings.map((finding) => finding.code)).toEqual(['ZY1401'])
})

test('damaged or older facts are gathered again', () => {
  expect(decodeWheelFacts('{"version":0,"contents":{}}')).toBeUndefined()
  expect(decodeWheelFacts('{"version":1,"cont')).toBeUndefined()
})
