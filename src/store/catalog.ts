/** The catalog: all that the service knows besides blobs and log events. One SQLite file under an exclusive lock. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { isFull, isLocked, openDatabase, syncFolder, type Database, type Queries } from './database.ts'
import { storeInUse } from './errors.ts'
import type { Migration } from './migration.ts'
import { catalogMigrations } from './migrations/index.ts'
import { Reserve } from './reserve.ts'
import type { Schema } from './schema.ts'
import type { OpenSqlite } from './sqlite-driver.ts'

export interface Catalog extends Database<Schema> {
  /** As `transaction`, for what makes room: on a full disk it uses the space that is kept aside for it. */
  freeing<Result>(callback: (db: CatalogQueries) => Promise<Result>): Promise<Result>
}

/** What a domain function that reads or writes the catalog takes: `catalog.db`, or the handle inside `transaction`. */
export type CatalogQueries = Queries<Schema>

export interface CatalogOptions {
  /** The data folder; made with mode 0700 when missing. */
  readonly folder: string
  readonly clock: Clock
  /** Another driver than the best of this Node; for tests. */
  readonly open?: OpenSqlite | undefined
  /** See `DatabaseOptions`; for tests. */
  readonly syncsInline?: boolean | undefined
  readonly stuckAfterMs?: number | undefined
  /** Other migrations than this version's; for tests. */
  readonly migrations?: readonly Migration[] | undefined
}

/**
 * Opens the catalog of a data folder and migrates it. Whoever has it open owns the folder: blobs and logs need no lock of their own.
 *
 * @throws `storeInUse`, `storeNewer`, `storeDamaged`, `sqliteMissing`
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  // The folder's own name must survive a power cut too.
  if (mkdirSync(options.folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(dirname(options.folder))
  const processFile = join(options.folder, 'catalog.pid')
  try {
    const catalog = await openDatabase<Schema>({
      path: join(options.folder, 'catalog.db'),
      clock: options.clock,
      migrations: options.migrations ?? catalogMigrations,
      synchronous: 'full',
      open: options.open,
      syncsInline: options.syncsInline,
      stuckAfterMs: options.stuckAfterMs,
    })
    // Only a courtesy to whoever is refused; the lock is SQLite's.
    try {
      writeFileSync(processFile, `${process.pid}\n`, { mode: 0o600 })
    } catch (error) {
      if (!isFull(error)) throw error
    }
    return withReserve(catalog, new Reserve(join(options.folder, 'reserve')))
  } catch (error) {
    if (!isLocked(error)) throw error
    throw storeInUse({ folder: options.folder, processId: runningProcess(processFile) }, { cause: error })
  }
}

function withReserve(catalog: Database<Schema>, reserve: Reserve): Catalog {
  reserve.fill()
  return {
    ...catalog,
    async freeing(callback) {
      try {
        return await catalog.transaction(callback)
      } catch (error) {
        if (!isFull(error)) throw error
        reserve.release()
        try {
          return await catalog.transaction(callback)
        } finally {
          reserve.fill()
        }
      }
    },
  }
}

function runningProcess(file: string): number | undefined {
  try {
    const id = Number.parseInt(readFileSync(file, 'utf8'), 10)
    process.kill(id, 0)
    return id
  } catch {
    return undefined
  }
}
