import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import type { Interpreter } from '../../interpreters/interpreter.ts'
import { judgeAwsCli, pythons } from './doctor.ts'

test.each([
  ['aws-cli/1.28.85 Python/3.11.2', 'problem'],
  ['aws-cli/1.29.0 Python/3.11.2', 'ok'],
  ['aws-cli/1.45.11 Python/3.11.7', 'ok'],
  ['aws-cli/2.9.19 Python/3.11.2', 'problem'],
  ['aws-cli/2.12.7 Python/3.11.4', 'problem'],
  ['aws-cli/2.13.0 Python/3.11.4', 'ok'],
  ['aws-cli/3.0.0 Python/3.14.0', 'ok'],
  ['an error of another program', 'warning'],
])(
  'an aws that calls itself `%s` is judged %s: endpoint variables are read from 1.29 and 2.13 on',
  (output, status) => {
    expect(judgeAwsCli('/usr/bin/aws', output)).toMatchObject({
      status,
      sentence: expect.stringContaining('/usr/bin/aws'),
    })
  },
)

test('a Python whose standard library is not compiled is told, with the command that compiles it', () => {
  const standardLibrary = temporaryFolder()
  const modules = ['ast', 'csv', 'json', 'os']
  for (const name of modules) writeFileSync(join(standardLibrary, `${name}.py`), '')
  const interpreter = {
    executable: '/opt/python3.13',
    minor: '3.13',
    version: '3.13.1',
    standardLibrary,
  } as Interpreter
  const told = (): string[] => pythons([interpreter]).flatMap(({ remedy }) => remedy ?? [])
  const command = `/opt/python3.13 -m compileall -q ${standardLibrary}`
  expect(told()).toContain(command)
  mkdirSync(join(standardLibrary, '__pycache__'))
  // Of another Python, with its assertions stripped, and the one module that root has imported.
  for (const name of ['ast.cpython-312.pyc', 'csv.cpython-312.pyc', 'ast.cpython-313.opt-1.pyc', 'os.cpython-313.pyc'])
    writeFileSync(join(standardLibrary, '__pycache__', name), '')
  expect(told()).toContain(command)
  for (const name of modules) writeFileSync(join(standardLibrary, '__pycache__', `${name}.cpython-313.pyc`), '')
  expect(told()).not.toContain(command)
})
