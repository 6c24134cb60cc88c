import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

interface Task {
  readonly end: () => void
  readonly hasBegun: boolean
  readonly ended: Promise<void>
}

/** A task that runs until it is told to end. */
function run(gate: Gate): Task {
  let end!: () => void
  const told = new Promise<void>((resolve) => (end = resolve))
  let hasBegun = false
  const ended = gate.run(() => {
    hasBegun = true
    return told
  })
  return {
    end,
    ended,
    get hasBegun() {
      return hasBegun
    },
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('only so many tasks run at a time, and the next begins when one has ended', async () => {
  const gate = new Gate(2)
  const tasks = [run(gate), run(gate), run(gate)]
  await settled()
  expect(tasks.map(({ hasBegun }) => hasBegun)).toEqual([true, true, false])
  tasks[0]!.end()
  await tasks[0]!.ended
  await settled()
  expect(tasks[2]!.hasBegun).toBe(true)
})

test('in place of one that only waits another runs, and its place is taken back afterwards', async () => {
  const gate = new Gate(1)
  const first = run(gate)
  await settled()
  let settle!: () => void
  const moment = new Promise<void>((resolve) => (settle = resolve))
  gate.lend(moment)
  const second = run(gate)
  const third = run(gate)
  await settled()
  expect([second.hasBegun, third.hasBegun]).toEqual([true, false])
  settle()
  await settled()
  // Two run where one may: both end before another one begins.
  second.end()
  await second.ended
  await settled()
  expect(third.hasBegun).toBe(false)
  first.end()
  await first.ended
  await settled()
  expect(third.hasBegun).toBe(true)
})
