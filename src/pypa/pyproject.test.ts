import { expect, test } from 'vitest'
import type { ZipyardError } from '../base/errors.ts'
import { parsePyproject } from './pyproject.ts'
import { formatRequirement } from './requirement.ts'
import { parseScriptMetadata } from './script-metadata.ts'
import { formatSpecifierSet } from './specifier.ts'

test('a project has dependencies, extras and groups', () => {
  const { project, dependencyGroups, buildSystem } = parsePyproject(`
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "My.App"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["requests[socks]>=2", "tomli; python_version < '3.11'"]
[project.optional-dependencies]
Data_x = ["numpy"]
[dependency-groups]
Test = ["pytest"]
dev = [{include-group = "test"}, "ruff"]
`)
  expect(project).toMatchObject({ name: 'My.App', normalizedName: 'my-app', version: '1.0' })
  expect(formatSpecifierSet(project!.requiresPython!)).toBe('>=3.10')
  expect(project!.dependencies.map(formatRequirement)).toEqual(['requests[socks]>=2', "tomli; python_version < '3.11'"])
  expect(Object.keys(project!.optionalDependencies)).toEqual(['data-x'])
  expect(dependencyGroups['dev']!.map(({ name }) => name)).toEqual(['pytest', 'ruff'])
  expect(buildSystem?.backend).toBe('hatchling.build')
})

test.each([
  [
    '[project]\nname = "a"\ndependencies = "x"',
    '`pyproject.toml`: `project.dependencies` must be an array, found the string `x`',
  ],
  [
    '[project]\nname = "a"\ndependencies = ["x", "==1"]',
    '`project.dependencies[1]` cannot be read: `==1` is not a requirement',
  ],
  ['[project]\nversion = "1"', '`project.name` must be a string, found nothing'],
  ['project = 1', '`project` must be a table, found `1`'],
  [
    '[dependency-groups]\na = [{include-group = "b"}]\nb = [{include-group = "a"}]',
    'the dependency group `a` includes itself, by way of `b`',
  ],
  ['[dependency-groups]\na = [{include-group = "c"}]', 'the dependency group `a` includes `c`, which does not exist'],
  ['[dependency-groups]\nA-b = []\na_b = []', 'is written twice, in different spellings'],
])('a mistake is told with its place: %s', (text, message) => {
  expect(() => parsePyproject(text)).toThrow(message)
})

test('TOML that is none is told with line and column', () => {
  expect(() => parsePyproject('[project]\nname = "a\n')).toThrow(/`pyproject.toml` is not TOML: line 2, column \d+: /)
  expect(() => parsePyproject('a = 1\na = 2\n')).toThrow(/line 2, column \d+/)
})

test('a password beside a mistake is not shown with it', () => {
  for (const text of [
    '[tool]\nurl = "https://me:secret@x.example/"\nname = \n',
    '[project]\nname = "a"\ndependencies = ["a @ https://me:secret@x.example/ x"]',
    '[project]\nname = "a"\ndependencies = "https://me:secret@x.example/"',
  ]) {
    try {
      parsePyproject(text)
      expect.unreachable()
    } catch (error) {
      expect(JSON.stringify([error, (error as ZipyardError).message, (error as ZipyardError).hint])).not.toContain(
        'secret',
      )
    }
  }
})

test('a script says its dependencies in comments', () => {
  const script =
    '#!/usr/bin/env python3\n# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "requests<3",\n#\n#   "rich",\n# ]\n# ///\n\nimport requests\n'
  const metadata = parseScriptMetadata(script, 'app.py')
  expect(metadata?.dependencies.map(formatRequirement)).toEqual(['requests<3', 'rich'])
  expect(parseScriptMetadata('import os\n', 'app.py')).toBeUndefined()
})

test('mistakes in a script are told with the line of the script', () => {
  expect(() => parseScriptMetadata('import os\n# /// script\n# dependencies = [\n# ///\n', 'app.py')).toThrow(
    /`app.py` is not TOML: line [34]/,
  )
  expect(() => parseScriptMetadata('# /// script\n# x = 1\n', 'app.py')).toThrow(
    'the block that begins in line 1 has no end',
  )
  expect(() => parseScriptMetadata('# /// script\n# ///\n\n# /// script\n# ///\n', 'app.py')).toThrow(
    'it has 2 `script` blocks, in lines 1 and 4',
  )
})
