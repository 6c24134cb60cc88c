/** Run as root, the import proof never sees what an ordinary user has: here its suite runs once more as one, in the strongest tier that user holds. */
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
if (reason !== undefined) process.stderr.write(`not tested here: the import proof as an ordinary user: ${reason}\n`)

test.skipIf(reason !== undefined)(
  'an ordinary user has the same proof: the errors of Lambda, what was done outside, time, memory and output bounded',
  () => {
    const home = mkdtempSync(join(tmpdir(), 'zipyard-nobody-'))
    chownSync(home, nobody, nobody)
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    // The default loader of vitest writes beside the configuration, which this user may not.
    const command = ['run', '--configLoader', 'runner', '--cache=false', 'src/proof/prove-import.test.ts']
    const run = spawnSync(process.execPath, [vitest, ...command], {
      cwd: root,
      uid: nobody,
      gid: nobody,
      env: { PATH: process.env['PATH'], HOME: home, TMPDIR: tmpdir(), NO_COLOR: '1' },
      encoding: 'utf8',
    })
    expect(run.status, `${run.stdout}${run.stderr}`).toBe(0)
    expect(run.stdout).toMatch(/Tests {2}\d\d passed/)
  },
)
