/** Quick, slow, crashing, greedy, forking and flooding programs at once, ended in every way there is: nothing may be left of them. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Bench, openFolder, processesThatMention, systemPython, testedTiers } from '../../test/kit/sandbox-bench.ts'
import { mapConcurrently } from '../base/tasks.ts'
import { openTier } from './open-tier.ts'

const python = systemPython()
/** `npm run long` sets this higher. */
const rounds = Number(process.env['ZIPYARD_SOAK'] ?? 4)

const programs = {
  quick: 'print("done")',
  exits: 'import sys; sys.exit(3)',
  crashes: 'import os; os.abort()',
  // Where memory is watched, it is there to be seen.
  greedy: 'import time\nx = bytearray(b"x") * (300 << 20)\ntime.sleep(60)',
  floods: 'import os\nfor _ in range(200): os.write(1, b"x" * 65536); os.write(2, b"y" * 65536)',
  forks:
    'import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid(); time.sleep(300)\nprint("up", flush=True)',
  slow: 'import time; print("up", flush=True); time.sleep(300)',
  deaf: 'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint("up", flush=True)\nwhile True: time.sleep(1)',
}

describe.each(testedTiers)('tier %s', (tier) => {
  test('nothing is left of many environments: no process, descriptor, mount, control group or folder', async () => {
    const folder = openFolder('soak')
    const state = join(folder, 'state')
    const bench = new Bench(openTier(tier, { stateFolder: state, launcher: python }), python, folder)
    const run = async (name: keyof typeof programs, round: number): Promise<void> => {
      const id = `soak-${tier}-${process.pid}-${name}-${round}`
      const trial = await bench.run(programs[name], { id, network: tier === 'process' ? 'host' : 'none' })
      if (name === 'slow' || name === 'deaf') {
        await trial.said('up')
        if (round % 3 === 0) trial.process.kill()
        if (round % 3 === 1) await trial.process.stop(30)
        if (round % 3 === 2) trial.process.freeze()
      } else await trial.status
      await bench.sandbox.release(id)
      const status = await trial.status
      expect(status.code === undefined).toBe(['crashes', 'greedy', 'slow', 'deaf'].includes(name))
      if (name === 'greedy') expect(status.outOfMemory).toBe(true)
    }
    // One round first: what is made once and kept is no leak.
    await mapConcurrently(Object.keys(programs) as (keyof typeof programs)[], 6, (name) => run(name, 0))
    bench.closeServers()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const descriptors = readdirSync('/proc/self/fd').length
    const jobs = Array.from({ length: rounds }, (_, round) => round + 1).flatMap((round) =>
      (Object.keys(programs) as (keyof typeof programs)[]).map((name) => ({ name, round })),
    )
    await mapConcurrently(jobs, 6, ({ name, round }) => run(name, round))
    bench.closeServers()
    // An environment that was made ready ahead has four named pipes open.
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors + 4)
    await bench.sandbox.stop()
    expect(processesThatMention(folder)).toEqual([])
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder)
    expect(existsSync(state) ? readdirSync(state) : []).toEqual([])
    expect(ownGroups()).toBe('')
    await bench.stop()
  })

  test('stopping at any moment leaves nothing of what was being made, and answers who waits for it', async () => {
    const folder = openFolder('stopped')
    const network = tier === 'process' ? 'host' : 'none'
    // Environments are made ready ahead a little after each launch; the moments are spread over that.
    for (const afterMs of [0, 1, 3, 10, 24, 25, 26, 27, 28, 30, 33]) {
      const state = join(folder, `state-${afterMs}`)
      const bench = new Bench(openTier(tier, { stateFolder: state, launcher: python, network }), python, folder)
      await bench.sandbox.warm(python)
      const id = (name: string): string => `stopped-${tier}-${process.pid}-${afterMs}-${name}`
      const launched = [1, 2, 3].map((name) =>
        bench.run('import time; time.sleep(300)', { id: id(`${name}`), network }),
      )
      await Promise.race(launched)
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      launched.push(bench.run('import time; time.sleep(300)', { id: id('late'), network }))
      await Promise.all([bench.sandbox.stop(), Promise.allSettled(launched)])
      bench.closeServers()
      expect(existsSync(state) ? readdirSync(state) : []).toEqual([])
      expect(ownGroups()).toBe('')
    }
    expect(processesThatMention(folder)).toEqual([])
    rmSync(folder, { recursive: true, force: true })
  })
})

/** Control groups that this process has made, a line each. */
const ownGroups = (): string =>
  spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/zipyard-${process.pid}-*`], { encoding: 'utf8' })
    .stdout
