import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { Stopwatch } from './stopwatch.ts'

function started(): { clock: ManualClock; watch: Stopwatch; over: number[] } {
  const clock = new ManualClock()
  const watch = new Stopwatch(clock)
  const over: number[] = []
  watch.limit(1000, () => over.push(watch.passedMs))
  return { clock, watch, over }
}

test('its limit comes when so much time has passed, once', async () => {
  const { clock, over } = started()
  await clock.advance(999)
  expect(over).toEqual([])
  await clock.advance(10_000)
  expect(over).toEqual([1000])
})

test('a limit that was lifted does not come', async () => {
  const { clock, watch, over } = started()
  watch.lift()
  await clock.advance(2000)
  expect(over).toEqual([])
})

test('while it stands still no time passes, and what was left is left afterwards', async () => {
  const { clock, watch, over } = started()
  await clock.advance(400)
  let settle!: () => void
  const moment = new Promise<void>((resolve) => (settle = resolve))
  expect(watch.pauseUntil(moment)).toBe(true)
  await clock.advance(60_000)
  expect([watch.passedMs, over]).toEqual([400, []])
  settle()
  await moment
  expect([watch.passedMs, watch.stoodStillMs]).toEqual([400, 60_000])
  await clock.advance(599)
  expect(over).toEqual([])
  await clock.advance(1)
  expect(over).toEqual([1000])
})

test('it stands still once only, and no limit comes after one that was lifted meanwhile', async () => {
  const { clock, watch, over } = started()
  const moment = Promise.resolve()
  watch.pauseUntil(moment)
  watch.lift()
  await moment
  expect(watch.pauseUntil(new Promise(() => {}))).toBe(false)
  await clock.advance(5000)
  expect([watch.passedMs, over]).toEqual([5000, []])
})
