/** Run as root, the isolated suite never sees what an ordinary user has: here it runs once more as one, and so do the permission rows of every tier. */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { requirePassage } from '../sandbox/passage.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const nobody = 65534

/** A clone below a home that is closed cannot be run by another user. */
function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.getuid!() !== 0) return 'the suite runs as an ordinary user already'
  try {
    requirePassage(join(root, 'package.json'))
    requirePassage(process.execPath)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const reason = whyNot()
if (reason !== undefined) process.stderr.write(`not tested here: as an ordinary user: ${reason}\n`)

const suites = ['isolated', 'permissions'].map((name) => `src/invoker/${name}.test.ts`)

test.skipIf(reason !== undefined)(
  'functions see the same when the service is an ordinary user: paths, permission bits, forked or executed',
  () => {
    const home = mkdtempSync(join(tmpdir(), 'zipyard-nobody-'))
    chownSync(home, nobody, nobody)
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const run = spawnSync(process.execPath, [vitest, 'run', '--configLoader', 'runner', '--cache=false', ...suites], {
      cwd: root,
      uid: nobody,
      gid: nobody,
      env: { PATH: process.env['PATH'], HOME: home, TMPDIR: tmpdir(), NO_COLOR: '1' },
      encoding: 'utf8',
    })
    expect(run.status, `${run.stdout}${run.stderr}`).toBe(0)
    expect(run.stdout).toMatch(/Tests {2}[1-9]\d* passed/)
  },
)
