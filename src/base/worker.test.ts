import { writeFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
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
