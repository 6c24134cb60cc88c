import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { afterPowerCut, powerCuts, RecordingFiles, type Step } from '../../test/kit/recording-files.ts'
import { recordingSqlite } from '../../test/kit/recording-sqlite.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { Blobs } from './blobs.ts'
import { openCatalog, type Catalog } from './catalog.ts'

const clock = new ManualClock()

async function record(work: (catalog: Catalog, blobs: Blobs) => Promise<void>): Promise<readonly Step[]> {
  const folder = temporaryFolder()
  const files = new RecordingFiles()
  const open = recordingSqlite((database) => {
    const tables = database.prepare(`select name from sqlite_master where name = 'object_version'`).all([])
    if (tables.length === 0) return
    const rows = database.prepare('select digest from object_version where digest is not null').all([])
    files.noteCommit(rows.map((row) => row['digest'] as string))
  })
  const catalog = await openCatalog({ folder, clock, open })
  const blobs = await Blobs.open({ folder, clock, files })
  await work(catalog, blobs)
  await catalog.close()
  await blobs.close()
  return files.steps
}

async function storeObject(catalog: Catalog, blobs: Blobs, key: string, body: Buffer): Promise<void> {
  const { digest, bytes } = await blobs.put(body)
  await catalog.db
    .insertInto('object_version')
    .values({ bucket: 'b', key, version_id: key, latest: 1, delete_marker: 0, digest, bytes, modified_at: 0 })
    .execute()
}

const bucket = { name: 'b', account_id: '123456789012', region: 'us-east-1', created_at: 1, versioning: null }

/** For each prefix of the steps and each kind of power cut: the digests that rows name although their blob is not whole. */
function dangling(steps: readonly Step[]): string[] {
  const found: string[] = []
  let committed: readonly string[] = []
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'commit') committed = step.digests
    for (const cut of powerCuts) {
      const disk = afterPowerCut(steps.slice(0, index + 1), cut)
      for (const digest of committed) {
        const blob = disk.get(digest)
        if (!blob || sha256(blob) !== digest)
          found.push(`${cut} after step ${index} (${step.kind}): ${digest.slice(0, 8)}`)
      }
    }
  }
  return found
}

test('a power cut at any step leaves every committed row with its whole blob', async () => {
  const steps = await record(async (catalog, blobs) => {
    await catalog.db.insertInto('bucket').values(bucket).execute()
    await storeObject(catalog, blobs, 'one', Buffer.from('one'))
    await Promise.all([
      storeObject(catalog, blobs, 'two', Buffer.alloc(3_000_000, 2)),
      storeObject(catalog, blobs, 'three', Buffer.from('three')),
    ])
    await storeObject(catalog, blobs, 'one again', Buffer.from('one'))
  })
  expect(steps.filter((step) => step.kind === 'commit' && step.digests.length > 0)).toHaveLength(4)
  expect(dangling(steps)).toEqual([])
})

test('the order is write, sync of the file, rename, sync of its folder, commit', async () => {
  const steps = await record(async (catalog, blobs) => {
    await catalog.db.insertInto('bucket').values(bucket).execute()
    await storeObject(catalog, blobs, 'one', Buffer.from('one'))
  })
  const kinds = steps.map((step) => step.kind)
  expect(kinds.slice(kinds.indexOf('create'))).toEqual([
    'create',
    'write',
    'sync',
    'folder',
    'sync folder',
    'rename',
    'sync folder',
    'commit',
  ])
})

test.each(['sync', 'sync folder', 'rename'] as const)('this test would notice a missing %s', async (kind) => {
  const steps = await record(async (catalog, blobs) => {
    await catalog.db.insertInto('bucket').values(bucket).execute()
    await storeObject(catalog, blobs, 'one', Buffer.from('one'))
  })
  expect(dangling(steps.filter((step) => step.kind !== kind))).not.toEqual([])
})

test('this test would notice a row that is committed before its blob is stored', async () => {
  const steps = await record(async (catalog, blobs) => {
    await catalog.db.insertInto('bucket').values(bucket).execute()
    const body = Buffer.from('late')
    await catalog.db
      .insertInto('object_version')
      .values({
        bucket: 'b',
        key: 'k',
        version_id: 'v',
        latest: 1,
        delete_marker: 0,
        digest: sha256(body),
        bytes: 4,
        modified_at: 0,
      })
      .execute()
    await blobs.put(body)
  })
  expect(dangling(steps)).not.toEqual([])
})
