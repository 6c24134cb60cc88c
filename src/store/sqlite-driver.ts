/**
 * The port to SQLite: `node:sqlite` where Node has it (22.13 and later), else the package `libsql`.
 *
 * Both are brought to one behaviour: rows are plain objects, BLOBs are Buffers, whole numbers are bound as integers (both would
 * bind them as REAL), and what cannot be bound is refused here. The refusal matters: libsql aborts the whole process on a
 * boolean and cuts text at its first NUL.
 */
import { createRequire } from 'node:module'
import { sqliteMissing, unbindableValue } from './errors.ts'

export type SqliteValue = string | number | bigint | null | Uint8Array
export type SqliteRow = Record<string, string | number | bigint | null | Buffer>

export interface SqliteStatement {
  /** Whether the statement gives rows (SELECT, RETURNING, PRAGMA). */
  readonly returnsRows: boolean
  all(parameters: readonly unknown[]): SqliteRow[]
  run(parameters: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: bigint }
}

export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  /** Runs statements that give no rows. */
  execute(sql: string): void
  close(): void
}

/** Opens or creates the database file at `path`. */
export type OpenSqlite = (path: string) => SqliteDatabase

/** The best driver of this Node. Throws `sqliteMissing` when there is none. */
export const openSqlite: OpenSqlite = (path) => (loadNodeSqlite() ? openNodeSqlite(path) : openLibsql(path))

interface ForeignStatement {
  all(...parameters: unknown[]): Record<string, unknown>[]
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => {
    prepare(sql: string): ForeignStatement & { columns?: () => unknown[] }
    exec(sql: string): void
    close(): void
  }
}

type Libsql = new (path: string) => {
  prepare(sql: string): ForeignStatement & { readonly reader: boolean }
  exec(sql: string): void
  close(): void
}

/** @internal Exported for the contract suite, which runs over both drivers. */
export function openNodeSqlite(path: string): SqliteDatabase {
  const database = new (loadNodeSqlite()!.DatabaseSync)(path)
  return {
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        returnsRows: statement.columns ? statement.columns().length > 0 : looksLikeReader(sql),
        all: (parameters) => statement.all(...bind(sql, parameters)).map(normaliseRow),
        run: (parameters) => normaliseResult(statement.run(...bind(sql, parameters))),
      }
    },
    execute: (sql) => database.exec(sql),
    close: () => database.close(),
  }
}

/** @internal Exported for the contract suite, which runs over both drivers. */
export function openLibsql(path: string): SqliteDatabase {
  const database = new (loadLibsql())(path)
  return {
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        returnsRows: statement.reader,
        // One array, never spread: libsql takes a lone object for named parameters.
        all: (parameters) => statement.all(bind(sql, parameters)).map(normaliseRow),
        run: (parameters) => normaliseResult(statement.run(bind(sql, parameters))),
      }
    },
    execute: (sql) => database.exec(sql),
    close: () => database.close(),
  }
}

/** Whether this Node has `node:sqlite` without a flag. */
export function hasNodeSqlite(): boolean {
  return loadNodeSqlite() !== undefined
}

let nodeSqlite: NodeSqlite | undefined

/** `node:sqlite` announces itself as experimental on stderr at its first load; nobody who runs `zipyard` can act on that. */
function loadNodeSqlite(): NodeSqlite | undefined {
  if (nodeSqlite) return nodeSqlite
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    nodeSqlite = process.getBuiltinModule('node:sqlite') as unknown as NodeSqlite | undefined
  } finally {
    process.emitWarning = emitWarning
  }
  return nodeSqlite
}

function loadLibsql(): Libsql {
  try {
    return createRequire(import.meta.url)('libsql') as Libsql
  } catch (error) {
    throw sqliteMissing({ node: process.versions.node }, { cause: error })
  }
}

function bind(sql: string, parameters: readonly unknown[]): SqliteValue[] {
  return parameters.map((value) => {
    if (value === null) return null
    if (typeof value === 'number') {
      if (Number.isNaN(value)) throw unbindableValue({ sql, value: 'NaN' })
      return Number.isSafeInteger(value) ? BigInt(value) : value
    }
    if (typeof value === 'bigint' || value instanceof Uint8Array) return value
    if (typeof value === 'string' && !value.includes('\0')) return value
    throw unbindableValue({ sql, value: typeof value === 'string' ? JSON.stringify(value) : String(value) })
  })
}

function normaliseRow(row: Record<string, unknown>): SqliteRow {
  const result: SqliteRow = {}
  for (const name in row) {
    const value = row[name]
    if (value instanceof ArrayBuffer) result[name] = Buffer.from(value)
    else if (value instanceof Uint8Array) result[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    else result[name] = value as string | number | bigint | null
  }
  return result
}

function normaliseResult(result: { changes: number | bigint; lastInsertRowid: number | bigint }): {
  changes: number
  lastInsertRowid: bigint
} {
  return { changes: Number(result.changes), lastInsertRowid: BigInt(result.lastInsertRowid) }
}

/** For the Node versions of 22 whose statements do not list their columns. */
function looksLikeReader(sql: string): boolean {
  return /^\s*(select|with|values|pragma|explain)\b/i.test(sql) || /\breturning\b/i.test(sql)
}
