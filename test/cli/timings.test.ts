/** Where an invocation's time went: `zipyard invoke --tail`, its `--json`, and `zipyard ps`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram, startService, temporaryFolder, toolPath, type RunningService } from '../kit/zipyard.ts'

let service: RunningService
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

test('the time of an invocation is told by its parts: queue, Init, handler, report', async () => {
  const folder = temporaryFolder('timings')
  writeFileSync(
    join(folder, 'lambda_function.py'),
    'import time\ntime.sleep(0.05)\ndef lambda_handler(event, context):\n    time.sleep(0.02)\n    return 1\n',
  )
  const zipyard = (...args: string[]) =>
    runProgram(join(toolPath().split(':')[0]!, 'zipyard'), args, { cwd: folder, env: service.environment })
  const named = ['--function-name', 'timed', '--handler', 'lambda_function.lambda_handler', '--runtime', 'python3.11']
  const deployed = await zipyard('deploy', '.', ...named)
  expect(deployed.exitCode, deployed.stderr).toBe(0)

  const first = JSON.parse((await zipyard('invoke', 'timed', '--json')).stdout) as {
    timings: Record<'queue' | 'init' | 'handler' | 'report' | 'total', number>
  }
  const { queue, init, handler, report, total } = first.timings
  expect(init).toBeGreaterThanOrEqual(50)
  expect(queue).toBeGreaterThanOrEqual(init)
  expect(handler).toBeGreaterThanOrEqual(20)
  expect(report).toBeGreaterThanOrEqual(0)
  expect(total).toBeCloseTo(queue + handler + report, 0)

  const second = await zipyard('invoke', 'timed', '--tail')
  expect(second.stdout).toBe('1\n')
  expect(second.stderr).toMatch(/^queue \d+\.\d\d ms \+ handler \d+\.\d\d ms \+ report \d+\.\d\d ms = \d+\.\d\d ms$/m)
  const { environments } = JSON.parse((await zipyard('ps', '--json')).stdout) as {
    environments: { invocations: number; lastTimings: { handler: number } }[]
  }
  expect(environments).toMatchObject([{ invocations: 2, lastTimings: { handler: expect.any(Number) } }])
  expect((await zipyard('ps')).stdout).toMatch(/INVOCATIONS +LAST\n.* \d+\.\d ms\n/)
})
