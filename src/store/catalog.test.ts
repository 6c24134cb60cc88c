import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { openCatalog, type Catalog } from './catalog.ts'
import { isDuplicate } from './database.ts'
import { outsideTransaction, storeDamaged, storeInUse, storeNewer } from './errors.ts'
import { catalogMigrations } from './migrations/index.ts'

const clock = new ManualClock()
const bucket = (name: string) => ({
  name,
  account_id: '123456789012',
  region: 'us-east-1',
  created_at: 1,
  versioning: null,
})
const namesOf = async (catalog: Catalog): Promise<string[]> =>
  (await catalog.db.selectFrom('bucket').select('name').orderBy('name').execute()).map((row) => row.name)

test('what was committed is there when the catalog is opened again', async () => {
  const folder = temporaryFolder()
  const first = await openCatalog({ folder, clock })
  await first.db.insertInto('bucket').values(bucket('kept')).execute()
  await first.close()
  const second = await openCatalog({ folder, clock })
  expect(await namesOf(second)).toEqual(['kept'])
  await second.close()
})

test('a transaction that throws leaves nothing', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock })
  const failing = catalog.transaction(async (db) => {
    await db.insertInto('bucket').values(bucket('gone')).execute()
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await namesOf(catalog)).toEqual([])
  await catalog.close()
})

test('transactions follow each other, and single statements wait for them', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock })
  const add = (name: string): Promise<number> =>
    catalog.transaction(async (db) => {
      const { length } = await db.selectFrom('bucket').select('name').execute()
      await db.insertInto('bucket').values(bucket(name)).execute()
      return length
    })
  const [first, second, names] = await Promise.all([add('a'), add('b'), namesOf(catalog)])
  expect([first, second, names]).toEqual([0, 1, ['a', 'b']])
  await catalog.close()
})

test('a query past the surrounding transaction is refused instead of waiting for ever', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock, stuckAfterMs: 50 })
  const inside = catalog.transaction(async () => namesOf(catalog))
  await expect(inside).rejects.toSatisfy(outsideTransaction.is)
  // Work that a transaction started and that outlives it is free to query.
  let later: Promise<string[]> | undefined
  await catalog.transaction(async () => {
    later = new Promise((resolve) => setImmediate(() => resolve(namesOf(catalog))))
  })
  expect(await later).toEqual([])
  await catalog.close()
})

test('a second row under the same key is a duplicate', async () => {
  const catalog = await openCatalog({ folder: temporaryFolder(), clock })
  await catalog.db.insertInto('bucket').values(bucket('once')).execute()
  await expect(catalog.db.insertInto('bucket').values(bucket('once')).execute()).rejects.toSatisfy(isDuplicate)
  await catalog.close()
})

test('a second service on the folder is refused with the folder and the process that has it', async () => {
  const folder = temporaryFolder()
  const holder = await holdInAnotherProcess(folder)
  const refused = await openCatalog({ folder, clock }).catch((error: unknown) => error)
  expect(storeInUse.is(refused)).toBe(true)
  expect((refused as Error).message).toBe(
    `the data folder \`${folder}\` is in use by another service (process ${holder.pid})`,
  )
  // The lock dies with its process, however it dies.
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const catalog = await openCatalog({ folder, clock })
  expect(await namesOf(catalog)).toEqual(['of-the-holder'])
  await catalog.close()
})

test('an older store is migrated, and what it held is kept', async () => {
  const folder = temporaryFolder()
  const old = await openCatalog({ folder, clock, migrations: catalogMigrations.slice(0, 2) })
  await old.db.insertInto('bucket').values(bucket('old')).execute()
  await expect(old.db.selectFrom('role').selectAll().execute()).rejects.toThrow('no such table')
  await old.close()
  const migrated = await openCatalog({ folder, clock })
  expect(await namesOf(migrated)).toEqual(['old'])
  expect(await migrated.db.selectFrom('role').selectAll().execute()).toEqual([])
  await migrated.close()
})

test('a newer store is refused by the name of the migration that is not known here', async () => {
  const folder = temporaryFolder()
  const newer = await openCatalog({
    folder,
    clock,
    migrations: [...catalogMigrations, { name: '9999-future', async up() {} }],
  })
  await newer.close()
  const refused = await openCatalog({ folder, clock }).catch((error: unknown) => error)
  expect(storeNewer.is(refused)).toBe(true)
  expect((refused as Error).message).toContain('`9999-future`')
})

test('a migration that fails leaves the store as it was', async () => {
  const folder = temporaryFolder()
  const failing = {
    name: '9999-failing',
    async up() {
      throw new Error('no')
    },
  }
  await expect(openCatalog({ folder, clock, migrations: [...catalogMigrations, failing] })).rejects.toThrow('no')
  const catalog = await openCatalog({ folder, clock })
  expect(await namesOf(catalog)).toEqual([])
  await catalog.close()
})

test('nobody but its owner can read the catalog, also in a folder that others may enter', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const catalog = await openCatalog({ folder, clock })
  await catalog.db.insertInto('bucket').values(bucket('b')).execute()
  const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o077])
  expect(modes.length).toBeGreaterThan(2)
  expect(modes.filter(([, mode]) => mode !== 0)).toEqual([])
  await catalog.close()
})

test('a file that is no database is refused by name', async () => {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'catalog.db'), 'this is not a database, it only has the name of one'.repeat(100))
  await expect(openCatalog({ folder, clock })).rejects.toSatisfy(storeDamaged.is)
})

const here = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)

async function holdInAnotherProcess(folder: string): Promise<ReturnType<typeof spawn>> {
  const script = join(temporaryFolder(), 'hold.mts')
  writeFileSync(
    script,
    `import { openCatalog } from ${here('./catalog.ts')}
     import { systemClock } from ${here('../base/clock.ts')}
     const catalog = await openCatalog({ folder: process.argv[2], clock: systemClock })
     await catalog.db.insertInto('bucket').values(${JSON.stringify(bucket('of-the-holder'))}).execute()
     console.log('held')
     setInterval(() => {}, 1000)`,
  )
  const holder = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout!, 'data')
  return holder
}
