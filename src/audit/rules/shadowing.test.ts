import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const shadowing = (files: Files, handler = 'app.main'): readonly string[] =>
  check({ 'app.py': 'import uuid\ndef main(event, context): ...', ...files }, { handler })
    .findings.filter((finding) => finding.code.startsWith('ZY170'))
    .map((finding) => `${finding.code} ${finding.sentence}`)
const dist = (name: string, path: string): Files => ({
  [path]: '',
  [`${name}-1.dist-info/METADATA`]: `Name: ${name}\nVersion: 1\n`,
  [`${name}-1.dist-info/RECORD`]: `${path},,\n`,
})

test('an own file takes the place of a standard library module that is imported', () => {
  expect(shadowing({ 'uuid.py': '' })).toEqual([
    "ZY1701 `uuid.py` takes the place of the standard library's `uuid` for every module of the package",
  ])
})

test('what the runtime has imported before is never looked for again', () => {
  expect(shadowing({ 'logging.py': '' })).toEqual([
    "ZY1701 `logging.py` has the name of the standard library's `logging`, which the runtime has imported already: the file is never used",
  ])
  expect(shadowing({ 'json.py': 'def main(e, c): ...' }, 'json.main')).toHaveLength(1)
})

test('names that nobody imports hide nothing', () => {
  expect(shadowing({ 'test/__init__.py': '', 'cmd.py': '', 'lib/uuid.py': '' })).toEqual([])
})

test('an own file and a distribution of one name', () => {
  expect(shadowing({ 'requests.py': '', ...dist('requests', 'requests/__init__.py') })).toEqual([
    'ZY1702 `requests.py` and `requests/__init__.py` of `requests` are both the module `requests`; only one can be imported',
  ])
})

test('a backport in front of the standard library', () => {
  expect(shadowing(dist('enum34', 'enum/__init__.py'))).toEqual([
    "ZY1703 `enum34` puts `enum/__init__.py` in front of the standard library's `enum`",
  ])
  expect(shadowing(dist('typing-extensions', 'typing_extensions.py'))).toEqual([])
})
