import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addInterpreter, removeInterpreter } from './add-interpreter.ts'
import { findInterpreters, interpreterFor, parsePythonOption } from './find-interpreters.ts'
import type { Interpreter } from './interpreter.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'zipyard-interpreters-'))
const nowhere = { PATH: '/nonexistent', HOME: '/nonexistent' }

const real = execFileSync('python3', [
  '-I',
  '-S',
  '-c',
  'import os,sys;print(os.path.realpath(sys.executable));print("%d.%d"%sys.version_info[:2])',
])
  .toString()
  .trim()
  .split('\n')
const [python, minor] = real as [string, string]

/** A program that counts how often it was run and then is the real Python. */
function counting(path: string, counter: string): string {
  writeFileSync(path, `#!/bin/sh\necho run >> ${counter}\nexec ${python} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

test('finds the Python of PATH, run isolated, with what a sandbox needs to know of it', async () => {
  const bin = folder()
  symlinkSync(python, join(bin, 'python3'))
  const found = await findInterpreters({ dataFolder: folder(), environment: { PATH: bin, HOME: '/nonexistent' } })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({ executable: python, minor, hasCtypes: true, isFinal: true, source: 'path' })
  expect(realpathSync(found[0]!.prefix)).toBe(found[0]!.prefix)
  expect(interpreterFor(`python${minor}`, found).executable).toBe(python)
})

test('an interpreter is run once and again only after it changed', async () => {
  const bin = folder()
  const dataFolder = folder()
  const counter = join(folder(), 'runs')
  const path = counting(join(bin, `python${minor}`), counter)
  const runs = (): number =>
    execFileSync('sh', ['-c', `wc -l < ${counter}`])
      .toString()
      .trim() as unknown as number
  const find = (): Promise<unknown> =>
    findInterpreters({ dataFolder, environment: { PATH: bin, HOME: '/nonexistent' } })
  await find()
  await find()
  expect(Number(runs())).toBe(1)
  utimesSync(path, 1, 1)
  await find()
  expect(Number(runs())).toBe(2)
})

test('a program that only looks like Python is left out, and one that was named is refused with its words', async () => {
  const bin = folder()
  const path = join(bin, 'python3.13')
  writeFileSync(path, '#!/bin/sh\necho "pyenv: python3.13: command not found" >&2\nexit 127\n')
  chmodSync(path, 0o755)
  expect(await findInterpreters({ dataFolder: folder(), environment: { PATH: bin, HOME: '/nonexistent' } })).toEqual([])
  const named = findInterpreters({ dataFolder: folder(), environment: nowhere, named: [{ minor: '3.13', path }] })
  await expect(named).rejects.toMatchObject({ code: 'ZY0502', message: expect.stringContaining('command not found') })
})

test('`--python` with the path of another version is refused', async () => {
  const named = findInterpreters({
    dataFolder: folder(),
    environment: nowhere,
    named: [{ minor: '3.99', path: python }],
  })
  await expect(named).rejects.toMatchObject({
    code: 'ZY0502',
    message: expect.stringContaining(`it is Python ${minor}.`),
  })
})

test('`--python` wins over what is found', async () => {
  const found = await findInterpreters({ dataFolder: folder(), named: [{ minor, path: python }] })
  expect(found[0]).toMatchObject({ source: 'option', executable: python })
})

test('an option that names no path is refused', () => {
  expect(parsePythonOption('python3.12=/opt/py')).toEqual({ minor: '3.12', path: '/opt/py' })
  expect(() => parsePythonOption('3.12')).toThrow(expect.objectContaining({ code: 'ZY0503' }))
})

test('a runtime without its Python is an error that names the remedy, never another version', () => {
  const only: Interpreter = {
    executable: '/usr/bin/python3.11',
    prefix: '/usr',
    version: '3.11.2',
    minor: '3.11',
    standardLibrary: '/usr/lib/python3.11',
    machine: 'x86_64',
    hasCtypes: true,
    isFreeThreaded: false,
    isFinal: true,
    source: 'path',
  }
  const missing = expect.objectContaining({
    code: 'ZY0501',
    hint: expect.stringContaining('zipyard runtime add python3.13'),
  })
  expect(() => interpreterFor('python3.13', [only])).toThrow(missing)
  expect(() => interpreterFor('python3.11', [{ ...only, isFreeThreaded: true }])).toThrow(
    expect.objectContaining({ code: 'ZY0501' }),
  )
  const newer = { ...only, version: '3.11.10', executable: '/opt/3.11.10' }
  expect(interpreterFor('python3.11', [only, newer])).toBe(newer)
})

test('a pyenv folder and one of uv are searched', async () => {
  for (const [source, bin] of [
    ['pyenv', '.pyenv/versions/3.0.0/bin'],
    ['uv', '.local/share/uv/python/cpython-3.0.0-linux/bin'],
  ] as const) {
    const home = folder()
    mkdirSync(join(home, bin), { recursive: true })
    counting(join(home, bin, `python${minor}`), join(home, bin, 'runs'))
    const found = await findInterpreters({ dataFolder: folder(), environment: { PATH: '/nonexistent', HOME: home } })
    expect(found.map((interpreter) => interpreter.source)).toEqual([source])
  }
})

test('a Python that was added is found first, and forgotten when removed', async () => {
  const dataFolder = folder()
  await addInterpreter({ dataFolder, runtimeId: `python${minor}`, path: python })
  expect((await findInterpreters({ dataFolder }))[0]).toMatchObject({ source: 'added', executable: python })
  expect(removeInterpreter({ dataFolder, runtimeId: `python${minor}` })).toBe(true)
  expect(await findInterpreters({ dataFolder, environment: nowhere })).toEqual([])
})

test('a free-threaded build is not the Python of a runtime', async () => {
  const path = join(folder(), 'python')
  const answer = JSON.stringify({ executable: path, version: '3.13.1', minor: '3.13', isFreeThreaded: true, implementation: 'cpython' }) // prettier-ignore
  writeFileSync(path, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 })
  for (const refused of [
    () => addInterpreter({ dataFolder: folder(), runtimeId: 'python3.13', path }),
    () => findInterpreters({ dataFolder: folder(), environment: nowhere, named: [{ minor: '3.13', path }] }),
  ])
    await expect(refused()).rejects.toMatchObject({
      code: 'ZY0502',
      message: expect.stringContaining('it is a free-threaded build'),
    })
})

test('adding a runtime without a path and without uv says what to do', async () => {
  const adding = addInterpreter({ dataFolder: folder(), runtimeId: 'python3.14' })
  await expect(adding).rejects.toMatchObject({ code: 'ZY0504', hint: expect.stringContaining('/path/to/python3.14') })
})

test('what uv says when it fails is passed on', async () => {
  const uv = join(folder(), 'uv')
  writeFileSync(uv, '#!/bin/sh\necho "error: no download found" >&2\nexit 2\n')
  chmodSync(uv, 0o755)
  const adding = addInterpreter({ dataFolder: folder(), runtimeId: 'python3.14', uv })
  await expect(adding).rejects.toMatchObject({ code: 'ZY0505', message: expect.stringContaining('no download found') })
})

test('what uv installs has the bytecode of its standard library before anything runs with it; a path that was given is left alone', async () => {
  const home = folder()
  const library = join(home, 'lib')
  mkdirSync(library)
  writeFileSync(join(library, 'tool.py'), 'x = 1\n')
  const standIn = join(home, 'python')
  const answer = JSON.stringify({ executable: standIn, version: '3.14.1', minor: '3.14', standardLibrary: library, isFreeThreaded: false, implementation: 'cpython' }) // prettier-ignore
  // Compiles with a real one, and says what it is as that of the test.
  writeFileSync(standIn, `#!/bin/sh\ncase "$*" in *compileall*) exec ${python} "$@";; esac\necho '${answer}'\n`, { mode: 0o755 }) // prettier-ignore
  await addInterpreter({ dataFolder: folder(), runtimeId: 'python3.14', path: standIn })
  expect(readdirSync(library)).toEqual(['tool.py'])
  const uv = join(home, 'uv')
  writeFileSync(uv, `#!/bin/sh\nmkdir -p cpython-3.14.1-x/bin && ln -s ${standIn} cpython-3.14.1-x/bin/python3.14\n`, { mode: 0o755 }) // prettier-ignore
  await addInterpreter({ dataFolder: folder(), runtimeId: 'python3.14', uv })
  expect(readdirSync(join(library, '__pycache__'))).toHaveLength(1)
})
