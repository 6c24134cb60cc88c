/**
 * Quick, slow, crashing, leaking, forking, timing-out and flooding functions at twice the capacity: every call gets its answer, and nothing is left behind.
 * `ZIPYARD_SOAK_SECONDS` sets how long; a few seconds unless told.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { invokerBench } from '../../test/kit/invoker-bench.ts'
import { createNamespaceSandbox } from '../sandbox/namespaces.ts'
import { runtimeFolder } from './launch-plan.ts'

const seconds = Number(process.env['ZIPYARD_SOAK_SECONDS'] ?? 8)

/** Name → handler body, and what its answer must look like. */
const functions: Readonly<Record<string, readonly [body: string, answer: RegExp]>> = {
  quick: ['return 1', /^1$/],
  slow: ['import time\ntime.sleep(0.2)\nreturn 2', /^2$/],
  raising: ['raise ValueError("no")', /"errorType": "ValueError"/],
  exiting: ['import os\nos._exit(3)', /exit status 3/],
  crashing: ['import os\nos.kill(os.getpid(), 11)', /signal: segmentation fault/],
  late: ['import time\ntime.sleep(60)', /Task timed out after 1\.00 seconds/],
  leaking: ['global kept\nkept = [bytearray(1 << 20) for _ in range(400)]', /signal: killed/],
  forking: [
    'import subprocess\nfor _ in range(5):\n    subprocess.Popen(["sleep", "600"], start_new_session=True)\nreturn 3',
    /^3$/,
  ],
  flooding: ['for n in range(3000):\n    print("x" * 200)\nreturn 4', /^4$/],
  writing: ['import os\nopen("/tmp/" + c.aws_request_id, "wb").write(b"x" * 100000)\nreturn 5', /^5$/],
}

test(
  'nothing is left behind and every call is answered',
  async () => {
    const before = { descriptors: openDescriptors(), sleepers: sleepers() }
    const bench = await invokerBench({
      limits: { memoryMiB: 128 * 8 },
      sandbox(folder) {
        const stateFolder = join(folder, 'sandbox')
        mkdirSync(stateFolder)
        return createNamespaceSandbox({
          tier: process.getuid?.() === 0 ? 'root' : 'userns',
          stateFolder,
          runtimeFolder,
        })
      },
    })
    const versions = Object.entries(functions).map(([name, [body, answer]]) => {
      const source = `def handler(e, c):\n    ${body.replaceAll('\n', '\n    ')}\n`
      return { name, answer, version: bench.version(source, { functionName: name, timeoutSeconds: 1 }) }
    })
    await Promise.all(versions.map(({ version }) => bench.invoker.prepare(version)))
    const counts = { answered: 0, throttled: 0 }
    const wrong: string[] = []
    const end = performance.now() + seconds * 1000
    // Sixteen callers share room for eight environments.
    await Promise.all(
      Array.from({ length: 16 }, async (_, caller) => {
        for (let round = caller; performance.now() < end; round += 1) {
          const { name, answer, version } = versions[(round * 7) % versions.length]!
          try {
            const result = await bench.invoke(version)
            counts.answered += 1
            // A function of a busy machine may be late without meaning to.
            if (!answer.test(result.text) && !/Task timed out/.test(result.text))
              wrong.push(`${name}: ${result.text.slice(0, 300)}`)
          } catch (error) {
            if ((error as { code?: string }).code !== 'ZY0550') throw error
            counts.throttled += 1
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        }
      }),
    )
    expect(wrong).toEqual([])
    expect(counts.answered).toBeGreaterThan(versions.length)
    bench.invoker.drain(() => true)
    await expect.poll(() => bench.invoker.environments(), { timeout: 20_000 }).toEqual([])
    await expect.poll(() => readdirSync(join(bench.folder, 'run')), { timeout: 20_000 }).toEqual([])
    await bench.stop()
    await expect.poll(sleepers).toBe(before.sleepers)
    await expect.poll(openDescriptors).toBeLessThanOrEqual(before.descriptors + 4)
  },
  (seconds + 120) * 1000,
)

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Processes that the forking function started. */
function sleepers(): number {
  try {
    return execFileSync('pgrep', ['-fc', '^sleep 600$'], { encoding: 'utf8' }).trim() === ''
      ? 0
      : Number(execFileSync('pgrep', ['-fc', '^sleep 600$'], { encoding: 'utf8' }))
  } catch {
    return 0
  }
}
