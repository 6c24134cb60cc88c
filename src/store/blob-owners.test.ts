import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { blobColumns, ownedDigests } from './blob-owners.ts'
import { openCatalog } from './catalog.ts'

test('every column of the catalog that holds a digest counts as an owner', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock: new ManualClock() })
  const { rows } = await sql<{ name: string; column: string }>`
    select tables.name as name, columns.name as "column" from sqlite_master as tables
    join pragma_table_info(tables.name) as columns
    where tables.type = 'table' and columns.name like '%digest%'
  `.execute(catalog.db)
  const found = rows.map((row) => `${row.name}.${row.column}`)
  expect(blobColumns.map((column) => column.join('.')).toSorted()).toEqual(found.toSorted())
  await catalog.close()
})

test('of many candidates those that a row names are owned', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock: new ManualClock() })
  const digests = Array.from({ length: 700 }, (_, index) => sha256(`${index}`))
  const bucket = { name: 'b', account_id: '123456789012', region: 'us-east-1', created_at: 1, versioning: null }
  await catalog.db.insertInto('bucket').values(bucket).execute()
  const row = { bucket: 'b', version_id: 'null', latest: 1 as const, delete_marker: 0 as const, modified_at: 1 }
  for (const digest of [digests[3]!, digests[650]!]) {
    await catalog.db
      .insertInto('object_version')
      .values({ ...row, key: digest, digest })
      .execute()
  }
  expect(await ownedDigests(catalog.db, digests)).toEqual(new Set([digests[3], digests[650]]))
  expect(await ownedDigests(catalog.db, [])).toEqual(new Set())
  await catalog.close()
})
