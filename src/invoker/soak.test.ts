/**
 * Quick, slow, crashing, leaking, forking, timing-out and flooding functions at twice the capacity, one of them deployed anew all the time: every call
 * gets its own answer and its own REPORT, and nothing is left behind: no environment, process, descriptor, mount, control group or folder, and no memory.
 *
 * `ZIPYARD_SOAK_SECONDS` sets how long; a few seconds unless told. `ZIPYARD_SOAK_TIER` takes another tier than the strongest.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { invokerBench, type InvokerBench, type Outcome } from '../../test/kit/invoker-bench.ts'
import { testedTiers } from '../../test/kit/sandbox-bench.ts'
import { mebibyte } from '../base/byte-size.ts'
import { openTier } from '../sandbox/open-tier.ts'
import { processTree } from '../sandbox/process-tree.ts'
import type { Tier } from '../sandbox/sandbox.ts'
import { runtimeFolder } from './launch-plan.ts'

const seconds = Number(process.env['ZIPYARD_SOAK_SECONDS'] ?? 8)
const tier = (process.env['ZIPYARD_SOAK_TIER'] ?? testedTiers[0]) as Tier

/** How long what was forked would sleep: nobody else on this machine sleeps for so long. */
const sleepSeconds = 600 + process.pid / 1e7

/** Callers, and environments that there is room for. */
const callers = 16
const capacity = 8

/** Name → handler body, and what its answer must look like; `N` stands for the number of the event. */
const functions: Readonly<Record<string, readonly [body: string, answer: string]>> = {
  quick: ['return [1, e]', '^\\[1, N\\]$'],
  slow: ['import time\ntime.sleep(0.2)\nreturn [2, e]', '^\\[2, N\\]$'],
  raising: ['raise ValueError(e)', '"errorMessage": "N", "errorType": "ValueError"'],
  exiting: ['import os\nos._exit(3)', 'exit status 3'],
  crashing: ['import os\nos.kill(os.getpid(), 11)', 'signal: segmentation fault'],
  late: ['import time\ntime.sleep(60)', 'Task timed out after 1\\.00 seconds'],
  leaking: ['global kept\nkept = [bytearray(b"x") * (1 << 20) for _ in range(400)]', 'signal: killed'],
  forking: [
    `import subprocess\nfor _ in range(5):\n    subprocess.Popen(["sleep", "${sleepSeconds}"], start_new_session=True)\nreturn [3, e]`,
    '^\\[3, N\\]$',
  ],
  flooding: ['for n in range(3000):\n    print("x" * 200)\nreturn [4, e]', '^\\[4, N\\]$'],
  writing: [
    'import os\nopen(os.environ.get("TMPDIR", "/tmp") + "/" + c.aws_request_id, "wb").write(b"x" * 100000)\nreturn [5, e]',
    '^\\[5, N\\]$',
  ],
  redeployed: ['return [6, e]', '^\\[6, N\\]$'],
}

test(
  `nothing is left behind and every call is answered (tier ${tier}, ${seconds} s)`,
  async () => {
    const before = { descriptors: openDescriptors(), processes: processTree(process.pid) }
    const bench = await openBench()
    const versions = Object.entries(functions).map(([name, [body, answer]]) => {
      const source = `def handler(e, c):\n    ${body.replaceAll('\n', '\n    ')}\n`
      return { name, answer, source, version: bench.version(source, { functionName: name, timeoutSeconds: 1 }) }
    })
    await Promise.all(versions.map(({ version }) => bench.invoker.prepare(version)))
    const counts = { asked: 0, answered: 0, throttled: 0, late: 0, reports: 0, deploys: 0 }
    const wrong: string[] = []
    const memory: number[] = []
    const begin = performance.now()
    const end = begin + seconds * 1000
    const collectReports = (): void => {
      counts.reports += bench.logged.splice(0).filter(({ message }) => message.startsWith('REPORT ')).length
    }
    const watch = setInterval(
      () => {
        collectReports()
        // What a warm-up needs is not a leak: the first quarter is not looked at.
        if (performance.now() > begin + seconds * 250) memory.push(usedBytes())
      },
      Math.max(500, seconds * 20),
    )
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let round = caller; performance.now() < end; round += 1) {
          const place = (round * 7) % versions.length
          const { name, answer, source, version } = versions[place]!
          const number = (counts.asked += 1)
          try {
            const result = await bench.invoke(version, number)
            counts.answered += 1
            const verdict = judge(result, answer.replace('N', String(number)))
            if (verdict === 'late') counts.late += 1
            else if (verdict === 'wrong') wrong.push(`${name}: ${result.text.slice(0, 300)}`)
          } catch (error) {
            if ((error as { code?: string }).code !== 'ZY0550') throw error
            counts.throttled += 1
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
          if (name === 'redeployed' && number % 5 === 0) {
            counts.deploys += 1
            versions[place]!.version = bench.version(source, { functionName: name, timeoutSeconds: 1 })
          }
        }
      }),
    )
    clearInterval(watch)
    expect(wrong).toEqual([])
    expect(counts.asked).toBe(counts.answered + counts.throttled)
    expect(counts.answered).toBeGreaterThan(versions.length)
    bench.invoker.drain(() => true)
    await expect.poll(() => bench.invoker.environments()).toEqual([])
    await expect.poll(() => readdirSync(join(bench.folder, 'run'))).toEqual([])
    collectReports()
    expect(counts.reports).toBe(counts.answered)
    const growth = memory.length < 4 ? 0 : median(memory.slice(-3)) - median(memory.slice(0, 3))
    process.stderr.write(
      `soak: ${tier}, ${seconds} s, ${JSON.stringify(counts)}, heap ${memory.map((bytes) => (bytes / mebibyte).toFixed(1)).join(' ')} MiB, resident ${Math.round(process.memoryUsage.rss() / mebibyte)} MiB\n`,
    )
    expect(growth).toBeLessThan(8 * mebibyte)
    await bench.stop()
    await expect.poll(() => newProcesses(before.processes)).toEqual([])
    await expect.poll(sleepers).toEqual([])
    await expect.poll(openDescriptors).toBeLessThanOrEqual(before.descriptors + 4)
    expect(mountsBelow(bench.folder)).toEqual([])
    expect(controlGroups()).toEqual([])
  },
  (seconds + 180) * 1000,
)

function openBench(): Promise<InvokerBench> {
  return invokerBench({
    limits: { memoryMiB: 128 * capacity },
    sandbox: (folder) => openTier(tier, { stateFolder: join(folder, 'sandbox'), runtimeFolder }),
  })
}

/** A function of a busy machine may be late without meaning to. */
function judge(result: Outcome, answer: string): 'right' | 'late' | 'wrong' {
  if (new RegExp(answer).test(result.text)) return 'right'
  return result.text.includes('Task timed out') ? 'late' : 'wrong'
}

/** What the service holds on to. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

/**
 * What this process started and is still there: number, name, state, parent, and the command line unless it is ending. Left out is what the loader of
 * TypeScript starts in each worker thread: when the thread has ended, nobody waits for it. Built code has no such loader.
 */
const newProcesses = (known: readonly number[]): string[] =>
  processTree(process.pid)
    .filter((pid) => !known.includes(pid) && existsSync(`/proc/${pid}`))
    .map((pid) => `${statusOf(pid)} ${commandLine(pid).replaceAll('\0', ' ')}`)
    .filter((line) => !/^\d+ \(esbuild\) Z /.test(line))

const openDescriptors = (): number => readdirSync('/proc/self/fd').length
/** Of the service; other suites that run meanwhile have some of their own. */
const mountsBelow = (folder: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(folder)) // prettier-ignore

/** Processes that the forking function started, wherever they went. */
const sleepers = (): string[] =>
  readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(Number(pid)) === `sleep\x00${sleepSeconds}\x00`)

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ', 4).join(' ')
  } catch {
    return ''
  }
}

const controlGroups = (): string[] =>
  spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/zipyard-${process.pid}-*`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
