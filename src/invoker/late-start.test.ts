/** A process that starts, or ends, more slowly than the function's timeout: its environment takes no other invocation before it is over. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { invokerBench, type InvokerBench } from '../../test/kit/invoker-bench.ts'
import { createProcessSandbox } from '../sandbox/process.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** What the next launches wait for, in milliseconds. */
let delayMs = 0
/** Launches in an environment whose last process had not ended. */
let overlaps = 0
let bench: InvokerBench
beforeAll(async () => {
  bench = await invokerBench({ sandbox: (folder) => withSlowLaunch(createProcessSandbox({ stateFolder: folder })) })
})
afterAll(() => bench.stop())

test('an invocation that times out while its process starts does not leave the environment to the next too early', async () => {
  const version = bench.version('import os\ndef handler(e, c):\n    return os._exit(3) if e else "fine"\n', {
    timeoutSeconds: 1,
  })
  expect((await bench.invoke(version, 1)).json).toMatchObject({ errorType: 'Runtime.ExitError' })
  delayMs = 1500
  expect((await bench.invoke(version, 0)).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
  delayMs = 0
  // The first start is still under way. On a busy machine the next ones may be late too.
  await expect
    .poll(
      () =>
        bench.invoke(version, 0).then(
          ({ json }) => json,
          (error: unknown) => error,
        ),
      { timeout: 60_000 },
    )
    .toBe('fine')
  expect(overlaps).toBe(0)
})

function withSlowLaunch(sandbox: Sandbox): Sandbox {
  const running = new Set<string>()
  return {
    tier: sandbox.tier,
    fileAccess: sandbox.fileAccess,
    facts: sandbox.facts,
    async launch(spec) {
      if (running.has(spec.id)) overlaps += 1
      running.add(spec.id)
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      const launched = await sandbox.launch(spec)
      void launched.exited.then(() => running.delete(spec.id))
      return launched
    },
    warm: (interpreter) => sandbox.warm(interpreter),
    release: (id) => sandbox.release(id),
    stop: () => sandbox.stop(),
  }
}
