import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const handlerCodes = (files: Files, handler: string, runtime = 'python3.13'): readonly string[] =>
  check(files, { handler, runtime }).codes.filter((code) => code.startsWith('ZY11'))

test.each<readonly [string, Files, string]>([
  ['a function', { 'app.py': 'def main(event, context):\n    return 1\n' }, 'app.main'],
  ['a function of a package', { 'app/__init__.py': 'def main(event, context): ...' }, 'app.main'],
  ['a module in a folder without __init__', { 'src/app.py': 'def main(e, c): ...' }, 'src.app.main'],
  ['a path with slashes', { 'src/app.py': 'def main(e, c): ...' }, 'src/app.main'],
  ['an imported name', { 'app.py': 'from lib import main' }, 'app.main'],
  ['a renamed import', { 'app.py': 'import lib.entry as main' }, 'app.main'],
  ['an import over several lines', { 'app.py': 'from lib import (\n  other,  # no\n  entry as main,\n)' }, 'app.main'],
  ['a lambda', { 'app.py': 'main = lambda event, context: 1' }, 'app.main'],
  ['an object with a call method', { 'app.py': 'handler = Mangum(app)' }, 'app.handler'],
  ['one of several targets', { 'app.py': 'a = main = wrap(x)' }, 'app.main'],
  ['an unpacked tuple', { 'app.py': 'main, other = make()' }, 'app.main'],
  ['an annotated value', { 'app.py': 'main: Handler = make()' }, 'app.main'],
  [
    'a definition in a try',
    { 'app.py': 'try:\n    import x\nexcept ImportError:\n    def main(e, c): ...' },
    'app.main',
  ],
  [
    'a definition after a string that looks like none',
    { 'app.py': '"""\nclass X:\n"""\ndef main(e, c): ...' },
    'app.main',
  ],
  ['defaults and further arguments', { 'app.py': 'def main(event, context=None, *args, **kw): ...' }, 'app.main'],
  ['any number of arguments', { 'app.py': 'def main(*args): ...' }, 'app.main'],
  ['a decorated function of one argument', { 'app.py': '@app.event\ndef main(event): ...' }, 'app.main'],
  ['a decorated async function', { 'app.py': '@run\nasync def main(event, context): ...' }, 'app.main'],
  ['an async function that is wrapped later', { 'app.py': 'async def main(e, c): ...\nmain = run(main)' }, 'app.main'],
  ['a module that makes its names', { 'app.py': 'globals()["main"] = 1' }, 'app.main'],
  ['a star import', { 'app.py': 'from lib import *' }, 'app.main'],
  ['an extension module', { 'app.cpython-313-x86_64-linux-gnu.so': 'x' }, 'app.main'],
])('%s is a handler', (_, files, handler) => {
  expect(handlerCodes(files, handler)).toEqual([])
})

test.each<readonly [string, Files, string, string, string]>([
  ['no dot', { 'app.py': '' }, 'app', 'ZY1101', 'has no dot'],
  ['a missing module', { 'other.py': '' }, 'app.main', 'ZY1102', 'neither `app.py` nor `app/__init__.py` is in it'],
  ['a module of another case', { 'App.py': 'def main(e, c): ...' }, 'app.main', 'ZY1102', 'Did you mean `App.main`?'],
  [
    'a misspelled module',
    { 'lambda_funtion.py': '' },
    'lambda_function.main',
    'ZY1102',
    'Did you mean `lambda_funtion.main`?',
  ],
  ['a nested root', { 'my-fn/app.py': '', 'my-fn/lib/app.py': '' }, 'app.main', 'ZY1103', 'cd my-fn && zip -r'],
  ['a nested root of a dotted handler', { 'x/src/app.py': '' }, 'src.app.main', 'ZY1103', 'it holds `x/src/app.py`'],
  ['a missing function', { 'app.py': 'def handle(e, c): ...' }, 'app.main', 'ZY1104', 'It defines `handle`'],
  [
    'a misspelled function',
    { 'app.py': 'def lambda_handler(e, c): ...' },
    'app.lambda_handlr',
    'ZY1104',
    'Did you mean `lambda_handler`?',
  ],
  [
    'a method of the right name',
    { 'app.py': 'class App:\n    def main(self, e, c): ...' },
    'app.main',
    'ZY1104',
    'does not define `main`',
  ],
  [
    'a function in a function',
    { 'app.py': 'def make():\n    def main(e, c): ...\n' },
    'app.main',
    'ZY1104',
    'does not define `main`',
  ],
  [
    'a name only in a string',
    { 'app.py': 'x = """\ndef main(e, c): ...\n"""' },
    'app.main',
    'ZY1104',
    'does not define `main`',
  ],
  ['a name only compared with', { 'app.py': 'assert main == 1' }, 'app.main', 'ZY1104', 'does not define `main`'],
  ['a built-in module', { 'time.py': 'def main(e, c): ...' }, 'time.main', 'ZY1105', 'built into Python'],
  ['an async function', { 'app.py': 'async def main(event, context): ...' }, 'app.main', 'ZY1106', 'does not await'],
  ['one argument', { 'app.py': 'def main(event): ...' }, 'app.main', 'ZY1107', 'takes one positional argument'],
  ['no argument', { 'app.py': 'def main(): ...' }, 'app.main', 'ZY1107', 'takes no positional argument'],
  [
    'three arguments',
    { 'app.py': 'def main(a, b: dict[str, int], c): ...' },
    'app.main',
    'ZY1107',
    'takes 3 positional arguments',
  ],
  [
    'keyword-only arguments',
    { 'app.py': 'def main(event, *, context): ...' },
    'app.main',
    'ZY1107',
    'takes one positional argument',
  ],
  ['a class', { 'app.py': 'class Main:\n    pass' }, 'app.Main', 'ZY1108', 'is a class'],
])('%s is found and told how to change', (_, files, handler, code, sentence) => {
  const { findings } = check(files, { handler })
  const found = findings.filter((finding) => finding.code.startsWith('ZY11'))
  expect(found.map((finding) => finding.code)).toEqual([code])
  expect(`${found[0]!.sentence}. ${found[0]!.hint}`).toContain(sentence)
})

test('before 3.9 a package needs its `__init__.py`, and what stands in it does not run first', () => {
  const main = 'def main(e, c): ...'
  expect(handlerCodes({ 'a/b.py': main }, 'a.b.main', 'python3.8')).toEqual(['ZY1110'])
  expect(handlerCodes({ 'a/b.py': main }, 'a/b.main', 'python3.8')).toEqual([])
  expect(handlerCodes({ 'a/b.py': main, 'a/__init__.py': '' }, 'a.b.main', 'python3.8')).toEqual([])
  expect(handlerCodes({ 'a/b.py': main, 'a/__init__.py': 'x = 1' }, 'a.b.main', 'python3.8')).toEqual(['ZY1109'])
  expect(handlerCodes({ 'a/b.py': main, 'a/__init__.py': 'x = 1' }, 'a.b.main', 'python3.9')).toEqual([])
})

test('a handler in a layer is found', () => {
  const files = { 'x.txt': '' }
  const layer = { 'python/app.py': 'def main(e, c): ...' }
  expect(check(files, { handler: 'app.main', layers: [layer] }).codes).not.toContain('ZY1102')
  expect(check(files, { handler: 'app.main' }).codes).toContain('ZY1102')
})

test('without a handler the check says that it could not look, and which one is usual', () => {
  const { findings } = check({ 'lambda_function.py': 'def lambda_handler(e, c): ...' })
  expect(findings.find((finding) => finding.code === 'ZY1111')?.hint).toBe(
    'Pass `--handler lambda_function.lambda_handler`',
  )
})
