import { expect, test } from 'vitest'
import { Vigil } from './vigil.ts'

/** What keeps the event loop from sleeping; others may have some of their own. */
const immediates = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length

/** Whether it looks when it begins. */
function looks(vigil: Vigil): boolean {
  const before = immediates()
  vigil.begin()
  return immediates() > before
}

/** Lets go of what keeps the event loop awake: of immediates the one that came first runs first. */
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(() => setTimeout(resolve, 1)))

/** A vigil on a clock of its own, and how often it looks among so many times; what is expected comes after the milliseconds that `passedMs` says. */
function watched(): (times: number, passedMs: (isLooking: boolean) => number) => Promise<number> {
  let now = 1
  const vigil = new Vigil(() => now)
  return async (times, passedMs) => {
    let count = 0
    for (let n = 0; n < times; n += 1) {
      const isLooking = looks(vigil)
      if (isLooking) count += 1
      now += passedMs(isLooking)
      vigil.end()
      await rest()
    }
    return count
  }
}

test('the event loop looks on for a moment, and sleeps again when nothing comes', async () => {
  const vigil = new Vigil()
  expect(looks(vigil)).toBe(true)
  while (immediates() > 0) await rest()
})

test('it goes on looking where things come as soon or sooner, and sees one time in sixteen whether it still does', async () => {
  expect(await watched()(160, (isLooking) => (isLooking ? 0.06 : 0.1))).toBe(150)
})

test('where looking keeps those who are waited for from working, it looks only now and then', async () => {
  const timesLooked = watched()
  await timesLooked(400, (isLooking) => (isLooking ? 0.15 : 0.08))
  expect(await timesLooked(160, (isLooking) => (isLooking ? 0.15 : 0.08))).toBe(10)
})

test('what takes longer anyway is not looked for', async () => {
  const timesLooked = watched()
  expect(await timesLooked(400, () => 50)).toBeLessThan(80)
  expect(await timesLooked(160, () => 50)).toBe(10)
})

test('when what it is about changes, it does so too', async () => {
  const timesLooked = watched()
  await timesLooked(600, () => 50)
  expect(await timesLooked(160, () => 50)).toBeLessThan(20)
  await timesLooked(600, (isLooking) => (isLooking ? 0.06 : 0.1))
  expect(await timesLooked(160, (isLooking) => (isLooking ? 0.06 : 0.1))).toBeGreaterThan(140)
})
