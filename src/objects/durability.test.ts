import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { afterPowerCut, powerCuts, RecordingFiles } from '../../test/kit/recording-files.ts'
import { recordingSqlite } from '../../test/kit/recording-sqlite.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { blobColumns, ownedDigests } from '../store/blob-owners.ts'
import { Blobs } from '../store/blobs.ts'
import { openCatalog } from '../store/catalog.ts'
import { createBucket } from './bucket.ts'
import { completeUpload, createUpload, putPart } from './multipart.ts'
import { ObjectStore } from './object-store.ts'

test('a power cut at any step of puts, parts, copies, removals and collections leaves every row with its whole blob', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const files = new RecordingFiles()
  const open = recordingSqlite((database) => {
    const tables = blobColumns.filter(([table]) => table === 'object_version' || table === 'multipart_part')
    if (database.prepare(`select name from sqlite_master where name = 'multipart_part'`).all([]).length === 0) return
    const rows = tables.flatMap(([table, column]) =>
      database.prepare(`select ${column} as digest from ${table}`).all([]),
    )
    files.noteCommit(rows.map((row) => row['digest'] as string | null).filter((digest) => digest !== null))
  })
  const catalog = await openCatalog({ folder, clock, open })
  const blobs = await Blobs.open({ folder, clock, files })
  const store = new ObjectStore({ catalog, blobs, clock })
  const bucket = 'bucket'
  const plain = { headers: {}, metadata: {}, tags: {} }
  await createBucket(catalog.db, clock, { name: bucket, accountId: '123456789012', region: 'us-east-1' })

  await store.put({ bucket, key: 'a' }, Buffer.from('first'), plain)
  await store.put({ bucket, key: 'a' }, Buffer.from('second'), plain)
  await store.copy({ bucket, key: 'a' }, { bucket, key: 'copy' }, () => plain)
  await store.remove({ bucket, key: 'a' }, undefined)
  const upload = await createUpload(store, { bucket, key: 'parts' }, plain, undefined)
  const large = Buffer.alloc(5 * 1024 * 1024, 'p')
  const parts = [
    await putPart(store, upload, 1, Readable.from([large], { objectMode: false }), {}),
    await putPart(store, upload, 2, Readable.from([Buffer.from('tail')], { objectMode: false }), {}),
  ]
  await completeUpload(
    store,
    upload,
    parts.map(({ number, etag }) => ({ number, etag })),
  )
  await clock.advance(24 * 60 * 60 * 1000)
  const collected = await blobs.collect((candidates) => ownedDigests(catalog.db, candidates))
  expect(collected).toHaveLength(3)
  await store.put({ bucket, key: 'a' }, Buffer.from('first'), plain)
  await catalog.close()
  await blobs.close()

  let committed: readonly string[] = []
  let checked = 0
  for (const [index, step] of files.steps.entries()) {
    if (step.kind === 'commit') committed = step.digests
    // Between commits and removals nothing that a row names can get lost; around them each kind of cut is looked at.
    if (step.kind === 'write' && step.chunk.length > 100_000) continue
    for (const cut of powerCuts) {
      const disk = afterPowerCut(files.steps.slice(0, index + 1), cut)
      for (const digest of committed) {
        checked += 1
        expect([digest, cut, index, sha256(disk.get(digest) ?? '')]).toEqual([digest, cut, index, digest])
      }
    }
  }
  expect(checked).toBeGreaterThan(200)
})
