/** Suites that run as root never see what an ordinary user has: here they run once more as one. */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { requirePassage } from '../../src/sandbox/passage.ts'
import { repository } from './zipyard.ts'

const nobody = 65534

/** Why suites cannot be run as an ordinary user here, told on stderr; `undefined` when they can. */
export function whyNoOrdinaryUser(what: string): string | undefined {
  const reason = whyNot()
  if (reason !== undefined) process.stderr.write(`not tested here: ${what} as an ordinary user: ${reason}\n`)
  return reason
}

/** A clone below a home that is closed cannot be run by another user. */
function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.getuid!() !== 0) return 'the suites run as an ordinary user already'
  try {
    requirePassage(join(repository, 'package.json'))
    requirePassage(process.execPath)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** `vitest run …` as nobody, with a home of its own. */
export function runAsOrdinaryUser(...args: readonly string[]): {
  readonly status: number | null
  readonly said: string
} {
  const home = mkdtempSync(join(tmpdir(), 'zipyard-nobody-'))
  chownSync(home, nobody, nobody)
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  // The default loader of vitest writes beside the configuration, and its cache into node_modules, which this user may not.
  const command = [vitest, 'run', '--configLoader', 'runner', '--cache=false', ...args]
  const run = spawnSync(process.execPath, command, {
    cwd: repository,
    uid: nobody,
    gid: nobody,
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: tmpdir(), NO_COLOR: '1', ...theNamedPython() },
    encoding: 'utf8',
  })
  return { status: run.status, said: `${run.stdout}${run.stderr}` }
}

/** `runOnPython` names one; its folder is that of the user who has it. */
function theNamedPython(): NodeJS.ProcessEnv {
  const { ZIPYARD_TEST_PYTHON, ZIPYARD_TEST_RUNTIME, PYENV_ROOT = join(homedir(), '.pyenv') } = process.env
  return ZIPYARD_TEST_PYTHON === undefined ? {} : { ZIPYARD_TEST_PYTHON, ZIPYARD_TEST_RUNTIME, PYENV_ROOT }
}
