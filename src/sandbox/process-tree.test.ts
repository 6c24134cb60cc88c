import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startOf } from './process-tree.ts'

test('the time of its start tells a process from another that gets its number later', async () => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const started = startOf(child.pid!)
  expect(Number(started)).toBeGreaterThan(Number(startOf(process.pid)))
  expect(startOf(child.pid!)).toBe(started)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(startOf(child.pid!)).toBeUndefined()
})
