/** Runs the guest's own tests, which are Python's `unittest`, on every Python of this machine that can stand for a runtime. */
import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findInterpreters } from '../../src/interpreters/find-interpreters.ts'
import type { Interpreter } from '../../src/interpreters/interpreter.ts'

const found = await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) })
const newest = new Map<string, Interpreter>()
for (const interpreter of found) {
  const minor = Number(interpreter.minor.split('.')[1])
  if (interpreter.minor.startsWith('3.') && minor >= 6 && !newest.has(interpreter.minor))
    newest.set(interpreter.minor, interpreter)
}

test('there is a Python to test the guest with', () => {
  expect(newest.size).toBeGreaterThan(0)
})

test.each([...newest.values()].map((interpreter) => [interpreter.version, interpreter] as const))(
  'the guest behaves as Lambda on Python %s',
  async (_version, { executable }) => {
    const { stderr } = await promisify(execFile)(executable, ['-m', 'unittest', '-b'], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
    }).catch((error: { stderr: string }) => error)
    expect(stderr).toMatch(/\nRan [1-9]\d* tests in .*\n\nOK( \(skipped=\d+\))?\s*$/)
  },
)
