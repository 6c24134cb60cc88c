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

test('metadata that a module asks for when it is imported must be there', () => {
  const lookups = (source: string, files: Files = {}, path = 'dep/__init__.py'): readonly string[] =>
    check({ 'app.py': 'import dep\ndef main(event, context): ...', [path]: source, ...files }, { handler: 'app.main' })
      .findings.filter(({ code }) => code === 'ZY1409')
      .map(({ sentence }) => sentence)
  const asks = "from importlib.metadata import version\n__version__ = version('my.Dep')\n"
  const told =
    '`dep/__init__.py` line 2 looks up the metadata of `my.Dep` when it is imported, and there is no `.dist-info` of it'
  expect(lookups(asks)).toEqual([told])
  for (const folder of [
    'my_dep-1.0.dist-info',
    'My.Dep-1.0.dist-info',
    'my_dep-1.0-py3.11.egg-info',
    'my_dep.egg-info',
  ])
    expect(lookups(asks, { [`${folder}/METADATA`]: 'Name: my.dep\nVersion: 1.0\n' }), folder).toEqual([])
  for (const source of [
    'import importlib.metadata\nx = importlib.metadata.version("dep")',
    'import importlib.metadata as m\nx = m.version(distribution_name="dep")',
    'from importlib import metadata\nx = metadata.metadata(__name__)["Version"]',
    'import pkg_resources\nx = pkg_resources.get_distribution(__package__).version',
    'try:\n  from importlib.metadata import version as v\nexcept ImportError:\n  from importlib_metadata import version as v\nx = v("dep")',
  ])
    expect(lookups(source), source).toHaveLength(1)
  for (const source of [
    'from importlib.metadata import version, PackageNotFoundError\ntry:\n  x = version("dep")\nexcept PackageNotFoundError:\n  x = "?"',
    'from importlib.metadata import version\ndef f():\n  return version("dep")\ng = lambda: version("dep")',
    'import importlib.metadata\nx = importlib.metadata.version(name)',
    'from importlib.metadata import version\nx = version("boto3")',
    'from mine import version\nx = version("dep")\nimport importlib.metadata',
    '"""\nfrom importlib.metadata import version\nversion("dep")\n"""',
  ])
    expect(lookups(source, { 'mine.py': 'def version(x): ...' }), source).toEqual([])
  const inside = { 'dep/__init__.py': 'from . import sub' }
  expect(lookups('from importlib.metadata import version\nx = version(__name__)', inside, 'dep/sub.py')).toEqual([])
})
