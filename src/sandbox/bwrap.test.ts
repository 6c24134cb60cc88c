/** What only bubblewrap can do wrong: its process 1 asks to be ended with it a little after it was made. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { Bench, openFolder, processesThatMention, systemPython, testedTiers } from '../../test/kit/sandbox-bench.ts'
import { openTier } from './open-tier.ts'
import { processTree, signal } from './process-tree.ts'

const python = systemPython()

describe.skipIf(!testedTiers.includes('bwrap'))('tier bwrap', () => {
  const folder = openFolder('bwrap')
  const stateFolder = join(folder, 'state')
  const open = (): Bench => new Bench(openTier('bwrap', { stateFolder, launcher: python }), python, folder)
  const bench = open()
  afterAll(() => bench.stop())

  /** Starts a program and kills bubblewrap outside, process 1 of the program being held as soon as there is one. Returns that process. */
  async function orphan(): Promise<{ readonly first: number; readonly status: Promise<unknown> }> {
    const { status } = await bench.run('import time; time.sleep(300)')
    const outside = processTree(process.pid).find((pid) => commandOf(pid).startsWith('bwrap\0'))!
    let first: number | undefined
    while ((first = processTree(outside)[1]) === undefined) await turn()
    signal(first, 'SIGSTOP')
    signal(outside, 'SIGKILL')
    return { first, status }
  }

  test('a process 1 that has not yet asked to be ended with bubblewrap is ended all the same', async () => {
    for (let count = 0; count < 5; count += 1) {
      const { first, status } = await orphan()
      expect(await status).toMatchObject({ signal: 'SIGKILL' })
      expect(existsSync(`/proc/${first}`) && commandOf(first) !== '').toBe(false)
    }
  })

  test('what a service that was killed left of that kind is ended by the next one', async () => {
    const { first } = await orphan()
    const mark = /zipyard-[0-9a-f]{16}-/.exec(commandOf(first))![0]
    const next = open()
    await expect.poll(() => processesThatMention(mark)).toEqual([])
    await next.sandbox.stop()
  })
})

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
