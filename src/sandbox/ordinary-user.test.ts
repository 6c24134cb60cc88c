/** Run as root, the suites above never see what an ordinary user has: here they run once more as one. */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { requirePassage } from './passage.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const nobody = 65534

/** A clone below a home that is closed cannot be run by another user. */
function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.getuid!() !== 0) return 'the suites run as an ordinary user already'
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

test.skipIf(reason !== undefined)('the contract and the promises hold for an ordinary user', () => {
  const home = mkdtempSync(join(tmpdir(), 'zipyard-nobody-'))
  chownSync(home, nobody, nobody)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  // The default loader of vitest writes beside the configuration, which this user may not.
  const command = [
    'run',
    '--configLoader',
    'runner',
    '-t',
    'tier userns',
    ...['contract', 'hostile', 'zygote'].map((name) => `src/sandbox/${name}.test.ts`),
  ]
  const run = spawnSync(process.execPath, [vitest, ...command], {
    cwd: root,
    uid: nobody,
    gid: nobody,
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: tmpdir(), NO_COLOR: '1' },
    encoding: 'utf8',
  })
  expect(`${run.stdout}${run.stderr}`).toMatch(/Tests {2}\d\d passed/)
  expect(run.status).toBe(0)
})
