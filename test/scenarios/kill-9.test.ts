/**
 * Nothing answered is ever lost: the service is killed at random moments while functions are created, updated, published and deleted and
 * objects are uploaded. What it had answered is there afterwards, nothing is there by halves, and what nothing names any more is collected.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { ownedDigests } from '../../src/store/blob-owners.ts'
import { Blobs } from '../../src/store/blobs.ts'
import { openCatalog } from '../../src/store/catalog.ts'
import type { Endpoint } from '../api/api-client.ts'
import { FunctionLoad } from '../kit/function-load.ts'
import { ObjectLoad } from '../kit/object-load.ts'
import { startService, temporaryFolder, type RunningService } from '../kit/zipyard.ts'

const rounds = Number(process.env['ZIPYARD_KILL_ROUNDS'] ?? 5)
let service: RunningService | undefined
afterAll(() => service?.stop())

test(
  `killed ${rounds} times under a mixed load, the service has everything it answered, nothing by halves, and collects the rest`,
  { timeout: 600_000 + rounds * 60_000 },
  async () => {
    const dataFolder = `${temporaryFolder('kill')}/data`
    service = await startService({ dataFolder })
    const { accessKeyId, secretAccessKey } = readServiceFile(dataFolder)
    const credentials = { accessKeyId, secretAccessKey }
    const endpointOf = ({ url }: RunningService): Endpoint => ({ url, region: 'us-east-1', credentials })
    const functions = new FunctionLoad()
    const objects = new ObjectLoad(credentials)
    expect(await objects.createBucket(service.url)).toBe(200)
    const answers = (): number[] => [...Object.values(functions.answers), objects.answers]
    const sum = (): number => answers().reduce((a, b) => a + b)
    // On a slow machine a few more, until every kind of change was answered.
    for (let round = 0; round < rounds || (answers().includes(0) && round < rounds + 50); round++) {
      const running = service
      const load = Promise.all([
        functions.work(endpointOf(running), 'a'),
        functions.work(endpointOf(running), 'b'),
        objects.work(running.url, 'x'),
        objects.work(running.url, 'y'),
      ])
      const enough = sum() + Math.random() * 30
      while (sum() < enough) await sleep(5)
      await sleep(Math.random() * 200)
      await running.kill()
      await load
      service = await startService({ dataFolder })
      expect(await functions.check(endpointOf(service))).toEqual([])
      expect(await objects.check(service.url)).toEqual([])
    }
    expect(await functions.use(endpointOf(service))).toEqual([])
    expect(answers()).not.toContain(0)
    await objects.abortUploads(service.url)
    await service.stop()
    service = undefined

    // What is left after a collection is what some version or object names, byte for byte.
    await collectNow(dataFolder)
    const owned = new Set([...functions.digests(), ...objects.digests()])
    const left = blobFiles(dataFolder)
    expect(left.map((path) => path.split('/').at(-1)!).toSorted()).toEqual([...owned].toSorted())
    for (const path of left)
      expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(path.split('/').at(-1))
    process.stderr.write(
      `${new Date().toISOString().slice(0, 10)} killed ${rounds} times; answered: ${JSON.stringify({ ...functions.answers, upload: objects.answers })}\n`,
    )
  },
)

/** As the service does every hour, without its patience. */
async function collectNow(folder: string): Promise<void> {
  const catalog = await openCatalog({ folder, clock: systemClock })
  const blobs = await Blobs.open({ folder, clock: systemClock })
  await blobs.collect((digests) => ownedDigests(catalog.db, digests), -1)
  await blobs.close()
  await catalog.close()
}

/** All files of the blob store, those of cut-off uploads among them. */
function blobFiles(folder: string): string[] {
  return readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
