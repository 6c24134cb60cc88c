import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { BlobCollector } from './blob-collector.ts'
import { Blobs } from './blobs.ts'
import { openCatalog, type Catalog } from './catalog.ts'

async function open(): Promise<{ clock: ManualClock; catalog: Catalog; blobs: Blobs; collector: BlobCollector }> {
  const clock = new ManualClock()
  const folder = temporaryFolder()
  const catalog = await openCatalog({ folder, clock })
  const blobs = await Blobs.open({ folder, clock })
  return { clock, catalog, blobs, collector: new BlobCollector({ blobs, catalog, clock, log: silentLog }) }
}

test('every hour what no row names any more is collected', async () => {
  const { clock, catalog, blobs, collector } = await open()
  const named = (await blobs.put(Buffer.from('named'))).digest
  const nobodys = (await blobs.put(Buffer.from('of nobody'))).digest
  const bucket = { name: 'b', account_id: '123456789012', region: 'us-east-1', created_at: 1, versioning: null }
  await catalog.db.insertInto('bucket').values(bucket).execute()
  await catalog.db
    .insertInto('object_version')
    .values({ bucket: 'b', key: 'k', version_id: 'null', latest: 1, delete_marker: 0, digest: named, modified_at: 1 })
    .execute()
  collector.start()
  await clock.advance(30 * 60 * 1000)
  expect(await blobs.has(nobodys)).toBe(true)
  await clock.advance(2 * 60 * 60 * 1000)
  await expect.poll(() => blobs.has(nobodys)).toBe(false)
  expect(await blobs.has(named)).toBe(true)
  await collector.stop()
  await Promise.all([blobs.close(), catalog.close()])
})

test('when the catalog cannot be asked, nothing is removed', async () => {
  const { clock, catalog, blobs, collector } = await open()
  const { digest } = await blobs.put(Buffer.from('kept'))
  await clock.advance(24 * 60 * 60 * 1000)
  await catalog.close()
  await expect(collector.collect()).rejects.toThrow()
  expect(await blobs.has(digest)).toBe(true)
  await blobs.close()
})
