/** A process that starts, or ends, more slowly than the function's timeout: its environment takes no other invocation before it is over. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { invokerBench, type InvokerBench } from '../../test/kit/invoker-bench.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { createProcessSandbox } from '../sandbox/process.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** What the next launches wait for, in milliseconds. */
let delayMs = 0
/** What kills wait for. */
let killing: Promise<void> | undefined
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
  // On a busy machine an invocation may be late: it is made again.
  await expect.poll(async () => (await bench.invoke(version, 1)).json).toMatchObject({ errorType: 'Runtime.ExitError' })
  delayMs = 1500
  expect((await bench.invoke(version, 0)).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
  delayMs = 0
  // The first start is still under way; the next ones may be late too.
  await expect
    .poll(() =>
      bench.invoke(version, 0).then(
        ({ json }) => json,
        (error: unknown) => error,
      ),
    )
    .toBe('fine')
  expect(overlaps).toBe(0)
})

test('a runtime that asks for its next event after it was killed gets none: the next invocation waits for its end and starts anew', async () => {
  const version = bench.version(
    `
import os, threading, time
def say():
    time.sleep(0.3)
    print('asked for more', flush=True)
def handler(event, context):
    if event:
        while os.path.exists(event['until']):
            time.sleep(0.01)
        threading.Thread(target=say).start()
    return 'fine'
`,
    { timeoutSeconds: 1 },
  )
  const until = join(bench.folder, 'goes-on')
  writeFileSync(until, '')
  let kill!: () => void
  killing = new Promise((resolve) => {
    kill = resolve
  })
  onTestFinished(kill)
  expect((await bench.invoke(version, { until })).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
  const state = (): string | undefined =>
    bench.invoker.environments().find(({ functionArn }) => functionArn === version.functionArn)?.state
  const patiently = { timeout: 60_000 }
  // Before its process is gone: an invocation that comes now waits for that, and does not start another environment, without what lies in /tmp.
  await expect.poll(state, patiently).toBe('ready')
  rmSync(until)
  const next = eventually(version)
  const hasAsked = (): boolean => bench.logged.some(({ message }) => message === 'asked for more\n')
  await expect.poll(hasAsked, patiently).toBe(true)
  kill()
  killing = undefined
  expect(await next).toBe('fine')
})

/** On a busy machine an invocation may be late: it is made again. */
async function eventually(version: RunnableVersion): Promise<unknown> {
  for (;;) {
    const { json, text } = await bench.invoke(version, 0)
    if (!text.includes('Task timed out')) return json
  }
}

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
      const kill = launched.kill.bind(launched)
      launched.kill = () => (killing ? void killing.then(kill) : kill())
      return launched
    },
    warm: (interpreter) => sandbox.warm(interpreter),
    release: (id) => sandbox.release(id),
    stop: () => sandbox.stop(),
  }
}
