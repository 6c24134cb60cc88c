import { onTestFinished } from 'vitest'
import { ManualClock } from '../../src/base/clock.ts'
import { createBucket } from '../../src/objects/bucket.ts'
import { ObjectStore } from '../../src/objects/object-store.ts'
import { Blobs } from '../../src/store/blobs.ts'
import { openCatalog } from '../../src/store/catalog.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** An object store in a folder of its own, with one bucket; it is gone when the test is. */
export async function openObjectStore(bucket: string): Promise<ObjectStore> {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const catalog = await openCatalog({ folder, clock })
  onTestFinished(() => catalog.close())
  const blobs = await Blobs.open({ folder, clock })
  onTestFinished(() => blobs.close())
  await createBucket(catalog.db, clock, { name: bucket, accountId: '123456789012', region: 'us-east-1' })
  return new ObjectStore({ catalog, blobs, clock })
}
