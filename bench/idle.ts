/**
 * 500 idle environments of 50 functions: all answer, one more starts as fast as the first ones did, and what one costs when it is idle, in memory,
 * against a process of the usual kind (`http.client`, `json`, `logging`) of the same interpreter.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { runtimeFolder } from '../src/invoker/launch-plan.ts'
import { createNamespaceSandbox } from '../src/sandbox/namespaces.ts'
import { processTree } from '../src/sandbox/process-tree.ts'
import { invokerBench } from '../test/kit/invoker-bench.ts'
import { distribution, report } from './kit/measure.ts'
import { benchPython } from './kit/python.ts'
import { privateProcesses, proportionalKib } from './kit/memory.ts'

const functions = Number(process.env['FUNCTIONS'] ?? 50)
const perFunction = 10
const peers = 50
const starts = 20

const python = await benchPython()
const tier = process.getuid?.() === 0 ? 'root' : 'userns'
const bench = await invokerBench({
  sandbox(folder) {
    const stateFolder = join(folder, 'sandbox')
    mkdirSync(stateFolder)
    return createNamespaceSandbox({ tier, stateFolder, runtimeFolder, launcher: python, network: 'host' })
  },
  limits: { memoryMiB: 1 << 20 },
})
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const source = 'import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n'
const runtime = `python${python.minor}`
try {
  const one = bench.version({ 'app.py': source }, { runtime, timeoutSeconds: 60 })
  await bench.invoker.prepare(one)
  let fresh = 0
  /** Cold starts of functions that have nothing running. */
  const start = async (): Promise<number[]> => {
    const times: number[] = []
    for (let n = 0; n < starts; n += 1) {
      fresh += 1
      const version = { ...one, version: String(fresh), environmentKey: `fresh-${fresh}` }
      const begin = performance.now()
      await bench.invoke(version, 0)
      times.push(performance.now() - begin)
      await pause(60)
      bench.invoker.drain((other) => other.environmentKey === version.environmentKey)
      await pause(20)
    }
    return times
  }
  await start()
  const first = await start()
  const versions = Array.from({ length: functions }, (_, n) => ({
    ...one,
    functionName: `f${n}`,
    functionArn: `${one.functionArn}-${n}`,
    environmentKey: `idle-${n}`,
  }))
  for (const version of versions) {
    // At the same time, so that each needs an environment of its own.
    await Promise.all(Array.from({ length: perFunction }, () => bench.invoke(version, 0.5)))
  }
  await pause(500)
  const idle = bench.invoker.environments().filter(({ state }) => state === 'ready').length
  const ours = privateProcesses(processTree(process.pid), (command) => command.includes('/var/runtime/bootstrap.py'))
  // The zygote and its copy are shared by all, and counted with them.
  const ourKib = proportionalKib(ours) / idle
  const answers = await Promise.all(versions.map((version) => bench.invoke(version, 0)))
  const more = await start()

  const program = 'import http.client, json, logging, sys\nsys.stdin.read()'
  const children = Array.from({ length: peers }, () =>
    spawn(python.executable, ['-c', program], { stdio: ['pipe', 'ignore', 'inherit'] }),
  )
  await pause(4000)
  const peerKib = proportionalKib(children.map((child) => child.pid!)) / peers
  for (const child of children) child.kill()

  const measured = {
    'cold, nothing else there': distribution(first),
    [`cold, ${idle} idle environments`]: distribution(more),
  }
  report(
    'idle',
    measured,
    [
      {
        name: `cold with ${idle} idle environments / without (p50)`,
        value: distribution(more).p50 / distribution(first).p50,
        atMost: 2,
      },
      { name: 'memory when idle / http.client', value: ourKib / peerKib, atMost: 0.35 },
    ],
    [
      `${idle} idle environments of ${functions} functions; answered: ${answers.filter(({ json }) => json === 0).length} of ${functions} functions`,
      `memory when idle (PSS, zygote included): ${(ourKib / 1024).toFixed(2)} MiB; http.client: ${(peerKib / 1024).toFixed(2)} MiB (${peers} processes); the service: ${(Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))![1]) / 1024).toFixed(0)} MiB`,
      `isolation: ${tier}; Python ${python.version}`,
    ],
  )
} finally {
  await bench.stop()
}
