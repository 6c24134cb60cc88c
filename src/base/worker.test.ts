import { writeFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { TaskThread } from './worker-task.ts'
import { startWorker } from './worker.ts'

test('a worker written in TypeScript starts from its source', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-worker-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'echo.ts'),
    `import { parentPort, workerData } from 'node:worker_threads'\nconst answer: number = workerData.n * 2\nparentPort!.postMessage(answer)\n`,
  )
  const worker = startWorker(pathToFileURL(join(folder, 'x.ts')).href, './echo', { workerData: { n: 21 } })
  const answer = await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  expect(answer).toBe(42)
  await worker.terminate()
})

test('a thread answers many calls, revives after its end, and passes errors on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-thread-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'half.ts'),
    `import { answerTasks } from ${JSON.stringify(new URL('./worker-task.ts', import.meta.url).href)}
     answerTasks((n: number): string => {
       if (n === 0) process.exit(3)
       if (n % 2 === 1) throw new RangeError(n + ' is odd')
       return n / 2 + ' on ' + process.pid
     })`,
  )
  const thread = new TaskThread<number, string>(pathToFileURL(join(folder, 'x.ts')).href, './half', 50)
  expect(await Promise.all([4, 8].map((n) => thread.run(n)))).toEqual([`2 on ${process.pid}`, `4 on ${process.pid}`])
  await expect(thread.run(7)).rejects.toThrow('7 is odd')
  await expect(thread.run(0)).rejects.toThrow('ended with code 3')
  expect(await thread.run(10)).toBe(`5 on ${process.pid}`)
  // Past its idle time it ends, and the next call starts another.
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(await thread.run(2)).toBe(`1 on ${process.pid}`)
  await thread.stop()
})
