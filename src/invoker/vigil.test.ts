import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Vigil } from './vigil.ts'

/** What keeps the event loop from sleeping; others may have some of their own. */
const immediates = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length
const isAwake = (): boolean => immediates() > 0

async function untilAsleep(): Promise<void> {
  while (isAwake()) await sleep(1)
}

test('the event loop looks on for a moment, and sleeps again when nothing comes', async () => {
  const vigil = new Vigil()
  vigil.begin()
  expect(isAwake()).toBe(true)
  await untilAsleep()
})

test('it sleeps as soon as what was expected has come', async () => {
  const vigil = new Vigil()
  vigil.begin()
  vigil.end()
  await untilAsleep()
  vigil.begin()
  expect(isAwake()).toBe(true)
  await untilAsleep()
})

test('who looks in vain stops looking, tries again now and then, and goes on once something came', async () => {
  const vigil = new Vigil()
  /** Of so many times, those that it looked. */
  const looks = async (times: number, comes: boolean): Promise<number> => {
    let count = 0
    for (let n = 0; n < times; n += 1) {
      const before = immediates()
      vigil.begin()
      if (immediates() > before) count += 1
      if (comes) vigil.end()
      await untilAsleep()
    }
    return count
  }
  expect(await looks(10, false)).toBe(8)
  expect(await looks(160, false)).toBe(10)
  // The next that it looks something comes: it is worth its while again.
  expect(await looks(64, true)).toBeGreaterThan(1)
  expect(await looks(8, true)).toBe(8)
})
