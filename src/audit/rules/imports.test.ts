import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const handler = 'def main(event, context): ...\n'
const dist = (name: string, files: Files): Files => ({
  ...files,
  [`${name}-1.0.dist-info/METADATA`]: `Name: ${name}\nVersion: 1.0\n`,
  [`${name}-1.0.dist-info/RECORD`]: Object.keys(files)
    .map((path) => `${path},,\n`)
    .join(''),
})

function imports(source: string, files: Files = {}, runtime = 'python3.13', layers: Files[] = []): readonly string[] {
  return check({ 'app.py': source + handler, ...files }, { handler: 'app.main', runtime, layers })
    .findings.filter((finding) => finding.code.startsWith('ZY14'))
    .map(({ code, sentence, hint }) => `${code} ${sentence} | ${hint}`)
}

test.each<readonly [string, string, Files]>([
  [
    'the standard library',
    'import json, os.path\nfrom collections import abc\nimport xml.etree.ElementTree as ET\n',
    {},
  ],
  [
    "the runtime's SDK and what comes with it",
    'import boto3\nfrom botocore.config import Config\nimport urllib3, six, dateutil.parser\n',
    {},
  ],
  [
    'own modules',
    'import lib\nfrom lib.sub import x\nfrom lib import sub\n',
    { 'lib/__init__.py': '', 'lib/sub.py': 'x = 1' },
  ],
  ['namespace packages', 'import lib.sub\n', { 'lib/sub.py': '' }],
  ['names that a package defines', 'from lib import name\n', { 'lib/__init__.py': 'name = 1' }],
  [
    'relative imports',
    'import lib.a\n',
    {
      'lib/__init__.py': 'from . import a',
      'lib/a.py': 'from .b import c\nfrom . import b\nfrom .. import lib',
      'lib/b.py': 'c = 1',
    },
  ],
  [
    'imports under TYPE_CHECKING',
    'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_boto3_s3\n',
    {},
  ],
  ['imports for running it by hand', 'if __name__ == "__main__":\n    import argparse_extras\n', {}],
  ['imports that may fail', 'try:\n    import ujson as json\nexcept ImportError:\n    import json\n', {}],
  ['imports that may fail, on one line', 'try: import ujson\nexcept Exception: ujson = None\n', {}],
  ['imports under suppress', 'from contextlib import suppress\nwith suppress(ImportError):\n    import ujson\n', {}],
  ['imports in strings and comments', '"""\nimport nothing\n"""\n# import nothing\nx = """import nothing"""\n', {}],
  [
    'optional parts of dependencies',
    'import dep\n',
    dist('dep', { 'dep/__init__.py': 'def plot():\n    import matplotlib\n', 'dep/tests.py': 'import pytest' }),
  ],
  ['what a .pth file adds', 'import extra\n', { 'more.pth': 'vendor\n', 'vendor/extra.py': '' }],
])('%s are not missing', (_, source, files) => {
  expect(imports(source, files)).toEqual([])
})

test.each<readonly [string, string, Files, string]>([
  [
    'a distribution',
    'import requests\n',
    {},
    'ZY1401 `requests`, imported by `app.py` line 1, is not in the package | Add `requests` to the requirements, or pack the module',
  ],
  [
    'a distribution of another name',
    'x = 1\nfrom yaml import safe_load\n',
    {},
    'ZY1401 `yaml`, imported by `app.py` line 2, is not in the package | Add `PyYAML` to the requirements, or pack the module',
  ],
  [
    'an own module, misspelled',
    'import helprs\n',
    { 'helpers.py': '' },
    'ZY1401 `helprs`, imported by `app.py` line 1, is not in the package | Did you mean `helpers`?',
  ],
  [
    'what an own module needs',
    'import a\n',
    { 'a.py': 'import b', 'b.py': 'import numpy' },
    'ZY1401 `numpy`, imported by `b.py` line 1, is not in the package | Add `numpy` to the requirements, or pack the module',
  ],
  [
    'what a dependency needs',
    'import dep\n',
    dist('dep', { 'dep/__init__.py': 'from .core import x', 'dep/core.py': 'import idna' }),
    'ZY1401 `idna`, imported by `dep/core.py` line 1, is not in the package | Add `idna` to the requirements, or pack the module',
  ],
  [
    'what is imported in a function',
    'def f():\n    import pandas\n',
    {},
    'ZY1402 `pandas`, imported by `app.py` line 2 when that code runs, is not in the package | Add `pandas` to the requirements if the function gets there',
  ],
  [
    'what is imported in a function, of a library that Python no longer has',
    'def f():\n    import imp\n',
    {},
    'ZY1402 `imp`, imported by `app.py` line 2 when that code runs, is not in the package | Python 3.12 removed it from the standard library: replace it (`importlib`) if the function gets there',
  ],
  [
    'what is imported under a condition',
    'import os\nif os.environ.get("X"):\n    import pandas\n',
    {},
    'ZY1402 `pandas`, imported by `app.py` line 3 when that code runs, is not in the package | Add `pandas` to the requirements if the function gets there',
  ],
  [
    'what own code may find by itself',
    'import sys\nsys.path.insert(0, "vendor")\nimport extra\n',
    {},
    'ZY1402 `extra`, imported by `app.py` line 3 when that code runs, is not in the package | Add `extra` to the requirements if the function gets there',
  ],
  [
    'a module that 3.12 removed',
    'from distutils.util import strtobool\n',
    {},
    'ZY1403 `distutils`, imported by `app.py` line 1, was removed from the standard library in Python 3.12 | Replace it, add the distribution that continues it (`setuptools`), or use a runtime before `python3.12`',
  ],
  [
    'a module that 3.13 removed, in a dependency',
    'import dep\n',
    dist('dep', { 'dep.py': 'import cgi' }),
    'ZY1403 `cgi`, imported by `dep.py` line 1, was removed from the standard library in Python 3.13 | Upgrade `dep`, or use a runtime before `python3.13`',
  ],
  [
    'a part of an own package',
    'from lib.models import User\n',
    { 'lib/__init__.py': '' },
    'ZY1405 `lib.models`, imported by `app.py` line 1, is not in the package, though `lib` is | Look whether an ignore pattern leaves it out, or whether its name is misspelled',
  ],
])('%s is found missing', (_, source, files, expected) => {
  expect(imports(source, files)).toEqual([expected])
})

test('a module newer than the runtime is told with the version that has it', () => {
  expect(imports('import tomllib\n', {}, 'python3.10')).toEqual([
    'ZY1404 `tomllib`, imported by `app.py` line 1, is in the standard library from Python 3.11 on, the runtime is `python3.10` | Use `python3.11`, or add a backport',
  ])
  expect(imports('import tomllib\n', {}, 'python3.11')).toEqual([])
})

test('layers bring modules under python/ and python/lib/python3.x/site-packages', () => {
  expect(imports('import requests\n', {}, 'python3.13', [{ 'python/requests/__init__.py': '' }])).toEqual([])
  expect(
    imports('import requests\n', {}, 'python3.13', [{ 'python/lib/python3.13/site-packages/requests.py': '' }]),
  ).toEqual([])
  expect(
    imports('import requests\n', {}, 'python3.13', [{ 'python/lib/python3.12/site-packages/requests.py': '' }]),
  ).toHaveLength(1)
  expect(imports('import requests\n', {}, 'python3.13', [{ 'requests/__init__.py': '' }])).toHaveLength(1)
})

test('the first certain import of a module is the one that is told, and only once', () => {
  expect(imports('def f():\n    import yaml\nimport yaml\nimport yaml.reader\n')).toEqual([
    'ZY1401 `yaml`, imported by `app.py` line 3, is not in the package | Add `PyYAML` to the requirements, or pack the module',
  ])
})

test('a name that neither stands in an own package nor is a submodule of it is missing', () => {
  const shared = (init: string | undefined, source = 'from shared import models\n', more: Files = {}) =>
    imports(source, { ...(init === undefined ? { 'shared/other.py': '' } : { 'shared/__init__.py': init }), ...more })
  const told =
    '`models`, imported from `shared` by `app.py` line 1, is not defined in `shared/__init__.py`, and no submodule of it | Look whether an ignore pattern leaves out `shared/models.py`, or define the name'
  expect(shared('')).toEqual([`ZY1408 ${told}`])
  expect(shared('"""The models."""\nimport json\n')).toEqual([`ZY1408 ${told}`])
  expect(shared(undefined)).toEqual([`ZY1408 ${told.replace('shared/__init__.py', 'shared/')}`])
  expect(shared('', undefined, { 'shared/model.py': '' })[0]).toContain('Did you mean `model`?')
  expect(shared('', undefined, { 'shared/models.py': '' })).toEqual([])
  expect(shared('', undefined, { 'shared/models/__init__.py': '' })).toEqual([])
  for (const init of [
    'models = 1',
    'from .impl import models',
    'import x.models as models',
    'if 1:\n  class models: ...',
    'def models(): ...',
    'from json import *',
    'def __getattr__(name): ...',
    'def f():\n  global models\n  models = 1\nf()',
    'def f():\n  globals().update(models=1)\nf()',
    'import sys\nsys.modules[__name__] = object()',
    'type models = int',
    'for models in (1, 2): ...',
    'with open("x") as models: ...',
  ])
    expect(shared(init, undefined, { 'shared/impl.py': 'models = 1' }).filter((one) => one.startsWith('ZY1408')), init).toEqual([]) // prettier-ignore
  expect(shared('', 'from shared import __doc__, __name__, __path__\n')).toEqual([])
  expect(shared('', 'try:\n  from shared import models\nexcept ImportError:\n  models = None\n')).toEqual([])
  expect(shared('', 'import sys\nsys.path.append("x")\nfrom shared import models\n')).toEqual([])
  expect(shared('', 'def f():\n  from shared import models\n')).toEqual([
    'ZY1405 `shared.models`, imported by `app.py` line 2, is not in the package, though `shared` is | Look whether an ignore pattern leaves it out, or whether its name is misspelled',
  ])
})

test('a name of an own module is missing in the same way, in a distribution nobody looks', () => {
  expect(imports('from helpers import readd\n', { 'helpers.py': 'def read(): ...' })).toEqual([
    'ZY1408 `readd`, imported from `helpers` by `app.py` line 1, is not defined in `helpers.py` | Did you mean `read`?',
  ])
  expect(imports('from .helpers import readd\n', { 'helpers.py': '' }), 'the handler has no package').toEqual([])
  expect(imports('from dep import readd\n', dist('dep', { 'dep/__init__.py': '' }))).toEqual([])
  expect(imports('import dep\n', dist('dep', { 'dep/__init__.py': 'from . import gone' }))).toEqual([])
})
