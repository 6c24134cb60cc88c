/** `zipyard check --import` as a person runs it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostArchitecture } from '../../src/lambda/architecture.ts'
import { rawZip } from '../kit/raw-zip.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { zipyard, type CommandResult } from '../kit/zipyard.ts'

const arch = hostArchitecture()!

function check(code: string, ...args: string[]): CommandResult & { cwd: string } {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'p.zip'), rawZip([{ name: 'app.py', bytes: code }]))
  const shared = ['check', 'p.zip', '--runtime', 'python3.11', '--arch', arch, '--handler', 'app.main']
  return { ...zipyard([...shared, ...args], { cwd, env: { ZIPYARD_HOME: join(cwd, 'data') } }), cwd }
}

test('a handler that imports is told with its profile, as a table and as a picture', () => {
  const { exitCode, stdout, cwd } = check('import colorsys\nprint("\\x1b[31mhello")\ndef main(e, c): ...\n', '--import', '--profile', 'i.svg') // prettier-ignore
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/ +TIME +OWN +MEMORY +MODULE\n.* app\n.* colorsys\n/)
  expect(stdout).toContain('printed 11 B:\n  [31mhello\n')
  expect(stdout).toMatch(
    /ok for python3\.11 on \w+(?:, \d warnings?)? \(imported by Python 3\.11\.\d+ in .* ms, .*B of memory\)/,
  )
  expect(readFileSync(join(cwd, 'i.svg'), 'utf8')).toContain('<title>p.zip: 2 modules imported')
})

test('what inspection cannot see fails in the proof, with exit code 3 and the words of Lambda', () => {
  const code = 'if 1 / 0: pass\ndef main(e, c): ...\n'
  expect(check(code).exitCode).toBe(0)
  const { exitCode, stdout } = check(code, '--import', '--json')
  expect(exitCode).toBe(3)
  const { findings, summary, import: proof } = JSON.parse(stdout) as Record<string, Record<string, unknown>>
  // Some day the runtime is deprecated, too.
  const errors = (findings as unknown as { severity: string }[]).filter(({ severity }) => severity === 'error')
  expect(errors).toMatchObject([{ code: 'ZY1190', severity: 'error', proof: 'run' }])
  expect(summary).toMatchObject({ errors: 1 })
  expect(proof).toMatchObject({ proof: 'run', isImported: false, error: { errorType: 'ZeroDivisionError', errorMessage: 'division by zero' } }) // prettier-ignore
})

test('nothing is executed without --import, and another architecture is said to be proved by inspection', () => {
  const code = 'print("executed")\ndef main(e, c): ...\n'
  expect(check(code, '--json').stdout).not.toContain('executed')
  const other = arch === 'x86_64' ? 'arm64' : 'x86_64'
  const { exitCode, stdout } = check(code, '--import', '--arch', other)
  expect(exitCode).toBe(0)
  expect(stdout).not.toContain('executed')
  expect(stdout).toContain(`proved by inspection: this machine is ${arch} and the function runs on ${other}`)
})

test('a flame graph needs the proof', () => {
  const { exitCode, stderr, cwd } = check('def main(e, c): ...\n', '--profile', 'i.svg')
  expect([exitCode, existsSync(join(cwd, 'i.svg'))]).toEqual([2, false])
  expect(stderr).toContain('`zipyard check --profile` needs `--import`')
})
