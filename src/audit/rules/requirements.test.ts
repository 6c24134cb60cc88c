import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const dist = (name: string, version: string, requires = ''): Files => ({
  [`${name}/__init__.py`]: '',
  [`${name}-${version}.dist-info/METADATA`]: `Name: ${name}\nVersion: ${version}\n${requires}`,
  [`${name}-${version}.dist-info/RECORD`]: `${name}/__init__.py,,\n`,
})
const requirements = (files: Files, source = 'import dep'): readonly string[] =>
  check({ 'app.py': `${source}\ndef main(event, context): ...`, ...files }, { handler: 'app.main' })
    .findings.filter((finding) => /^ZY140[67]/.test(finding.code))
    .map((finding) => `${finding.code} ${finding.sentence}`)

test('what a used distribution requires must be there', () => {
  expect(requirements(dist('dep', '1', 'Requires-Dist: idna<4,>=2.5\n'))).toEqual([
    'ZY1406 `dep` requires `idna<4,>=2.5`, which is not in the package',
  ])
  expect(requirements({ ...dist('dep', '1', 'Requires-Dist: idna<4,>=2.5\n'), ...dist('idna', '3.1') })).toEqual([])
  expect(requirements(dist('dep', '1', 'Requires-Dist: idna\n'), 'import json')).toEqual([])
})

test('markers are read for the function, and extras and the SDK are not missing', () => {
  const lines = [
    "win32 ; sys_platform == 'win32'",
    "tomli ; python_version < '3.11'",
    "pytest ; extra == 'test'",
    'urllib3>=1',
    'not a requirement !!',
  ]
  expect(requirements(dist('dep', '1', lines.map((line) => `Requires-Dist: ${line}\n`).join('')))).toEqual([])
})

test('a version that is excluded is a warning', () => {
  expect(requirements({ ...dist('dep', '1', 'Requires-Dist: core==2.0\n'), ...dist('core', '1.9') })).toEqual([
    'ZY1407 `dep` requires `core==2.0`, the package has `core` 1.9',
  ])
})
