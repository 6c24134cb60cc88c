import { expect, test } from 'vitest'
import { judgeResidentMemory, MemoryWatch } from './memory-watch.ts'

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('a hundred running environments are all looked at, and frozen ones never', async () => {
  const watch = new MemoryWatch(5)
  const looks = Array.from({ length: 100 }, () => 0)
  let frozenLooks = 0
  const ends = looks.map((_, index) => watch.add({ frozen: false, look: () => void (looks[index]! += 1) }))
  const endFrozen = watch.add({ frozen: true, look: () => void (frozenLooks += 1) })
  await expect.poll(() => Math.min(...looks)).toBeGreaterThanOrEqual(2)
  expect(Math.max(...looks) - Math.min(...looks)).toBeLessThanOrEqual(1)
  expect(frozenLooks).toBe(0)
  for (const end of [...ends, endFrozen]) end()
  const after = [...looks]
  await wait(30)
  expect(looks).toEqual(after)
})

test('what a look ends is not looked at again', async () => {
  const watch = new MemoryWatch(5)
  let looks = 0
  const end = watch.add({
    frozen: false,
    look: () => {
      looks += 1
      end()
    },
  })
  await wait(40)
  expect(looks).toBe(1)
})

test('the judgement is over the processes that are there', () => {
  const mine = judgeResidentMemory([process.pid], 2 ** 50)
  expect(mine.isTooMuch).toBe(false)
  expect(mine.peakBytes).toBeGreaterThan(20 << 20)
  expect(judgeResidentMemory([process.pid], 1 << 20).isTooMuch).toBe(true)
  // A limit just below what is held now is passed, one just above is kept.
  const heldBytes = process.memoryUsage.rss()
  expect(judgeResidentMemory([process.pid], heldBytes * 0.75).isTooMuch).toBe(true)
  expect(judgeResidentMemory([process.pid], heldBytes * 1.5).isTooMuch).toBe(false)
  expect(judgeResidentMemory([2 ** 22 + 1], 1)).toEqual({ peakBytes: 0, isTooMuch: false })
})
