import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { giveWay, letGiveWay } from './background.ts'
import { startWorker } from './worker.ts'

test.runIf(process.platform === 'linux')('a thread gives way, the others of its process do not', async () => {
  const before = getPriority()
  giveWay()
  expect(getPriority()).toBe(before)
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-background-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'modest.ts'),
    `import { getPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { giveWay } from ${JSON.stringify(new URL('./background.ts', import.meta.url).href)}
giveWay()
parentPort!.postMessage(getPriority())
`,
  )
  const worker = startWorker(pathToFileURL(join(folder, 'x.ts')).href, './modest', {})
  expect(await once(worker, 'message')).toEqual([Math.max(before, 10)])
  expect(getPriority()).toBe(before)
  await worker.terminate()
})

test('a process gives way, and one that could not be started is no error', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
  onTestFinished(() => void child.kill())
  letGiveWay(child.pid)
  expect(getPriority(child.pid)).toBeGreaterThanOrEqual(10)
  letGiveWay(undefined)
  child.kill()
  await once(child, 'exit')
  letGiveWay(child.pid)
})
