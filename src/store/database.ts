/** Opens one SQLite file: locked, migrated, and behind Kysely. */
import { openSync, closeSync, fsyncSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Kysely, type Transaction } from 'kysely'
import type { Clock } from '../base/clock.ts'
import { storeDamaged, storeFull } from './errors.ts'
import { migrate, type Migration } from './migration.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { openSqlite, type OpenSqlite, type SqliteDatabase } from './sqlite-driver.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

/** Runs queries: the database itself or, inside `transaction`, the handle that the callback receives. */
export type Queries<Schema> = Kysely<Schema>

export interface Database<Schema> {
  /** For single statements; each writing statement is committed when its promise resolves. */
  readonly db: Queries<Schema>
  /**
   * Commits when the callback resolves, rolls back when it throws. Transactions run one after the other, so the callback awaits
   * queries and nothing else; a query to `db` from inside is refused.
   */
  transaction<Result>(callback: (db: Queries<Schema>) => Promise<Result>): Promise<Result>
  /** Waits for running transactions, folds the write-ahead log into the file, and gives up the lock. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly path: string
  readonly clock: Clock
  readonly migrations: readonly Migration[]
  /** `full`: a commit has reached the disk when it resolves. `normal`: it survives the death of the process, not a power cut. */
  readonly synchronous: 'full' | 'normal'
  readonly open?: OpenSqlite | undefined
  /** SQLite waits for the disk itself, and everything else with it; for tests whose clock is moved by hand. */
  readonly syncsInline?: boolean | undefined
  /** A query that waits for a transaction which does nothing for so long is refused, in milliseconds. Default 5000. */
  readonly stuckAfterMs?: number | undefined
}

/** @throws `storeDamaged`, `storeNewer`, or what SQLite says of a file that another process holds (`isLocked`). */
export async function openDatabase<Schema>(options: DatabaseOptions): Promise<Database<Schema>> {
  // SQLite would make it readable for all, and gives its log the mode of the file: the catalog holds keys.
  closeSync(openSync(options.path, 'a', 0o600))
  const database = (options.open ?? openSqlite)(options.path)
  const log = syncsBeside(options) ? new WriteAheadLog(`${options.path}-wal`) : undefined
  try {
    configure(database, options)
    syncFolder(dirname(options.path))
    const sync = log && ((): Promise<void> => log.sync())
    const db = new Kysely<Schema>({ dialect: sqliteDialect(database, options.stuckAfterMs ?? 5000, sync) })
    const result = wrap(db, database, dirname(options.path), log)
    await migrate(result, options.migrations, { clock: options.clock, file: basename(options.path) })
    return result
  } catch (error) {
    await log?.close()
    giveUpLock(database)
    database.close()
    if (/not a database|malformed/.test(String(error))) throw storeDamaged({ file: options.path }, { cause: error })
    throw error
  }
}

/** Whether SQLite refused because another connection holds the file. */
export function isLocked(error: unknown): boolean {
  return /database is locked|SQLITE_BUSY/.test(String(error))
}

/** Whether a write failed for want of space, in SQLite or in the file system. */
export function isFull(error: unknown): boolean {
  if (storeFull.is(error)) return true
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOSPC' || code === 'EDQUOT' || /database or disk is full|SQLITE_FULL/.test(String(error))
}

/** Whether a row with the same key was there already. */
export function isDuplicate(error: unknown): boolean {
  return /UNIQUE constraint failed/.test(String(error))
}

function configure(database: SqliteDatabase, options: DatabaseOptions): void {
  // Exclusive before WAL: the index of the log then lives in memory, and the lock is held from the first access until the
  // process ends, whichever way it ends.
  database.prepare('pragma locking_mode = exclusive').all([])
  database.prepare('pragma journal_mode = wal').all([])
  database.execute(`pragma synchronous = ${syncsBeside(options) ? 'normal' : options.synchronous}`)
  database.execute('pragma foreign_keys = on')
  database.execute('begin exclusive')
  database.execute('commit')
}

/**
 * SQLite would wait for the disk where it runs, on the event loop: some milliseconds, and many times that while a large upload is being written. So it
 * is told not to, and whoever committed waits for the log's `sync`. Not on Windows, where a file that SQLite has open is better left alone.
 */
function syncsBeside({ synchronous, syncsInline }: DatabaseOptions): boolean {
  return synchronous === 'full' && !syncsInline && process.platform !== 'win32'
}

/** A file that was just made is only there after a power cut when its folder was synced too. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Closing is not enough: libsql keeps the connection, and with it the lock, until its statements are collected as garbage.
 * A database in exclusive WAL mode unlocks only after it left WAL mode, which also folds the log into the file.
 */
function giveUpLock(database: SqliteDatabase): void {
  try {
    for (const step of ['journal_mode = delete', 'locking_mode = normal', 'user_version']) {
      database.prepare(`pragma ${step}`).all([])
    }
  } catch {
    // A full disk must not keep the service from stopping: the log is replayed at the next open.
  }
}

function wrap<Schema>(
  db: Kysely<Schema>,
  database: SqliteDatabase,
  folder: string,
  log: WriteAheadLog | undefined,
): Database<Schema> {
  return {
    db,
    async transaction(callback) {
      try {
        return await db.transaction().execute((trx: Transaction<Schema>) => callback(trx))
      } catch (error) {
        throw isFull(error) && !storeFull.is(error) ? storeFull({ folder }, { cause: error }) : error
      }
    },
    async close() {
      await db.connection().execute(async () => {
        await log?.close()
        giveUpLock(database)
        database.close()
      })
    },
  }
}
