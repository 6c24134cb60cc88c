/** Kysely over one `SqliteDatabase`. One connection: transactions follow each other, each query is one synchronous step. */
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely'
import { outsideTransaction } from './errors.ts'
import type { SqliteDatabase, SqliteStatement } from './sqlite-driver.ts'

/**
 * Kysely's dialect for a database that is open already.
 *
 * @param sync brings what was committed to the disk; until it has, the connection is not given on
 */
export function sqliteDialect(database: SqliteDatabase, stuckAfterMs: number, sync?: () => Promise<void>): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SingleConnectionDriver(database, stuckAfterMs, sync),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Statements kept prepared. All SQL comes from our own source with placeholders, so there are few different ones. */
const preparedStatementsLimit = 500

class SingleConnectionDriver implements Driver {
  readonly #connection: SqliteConnection
  readonly #stuckAfterMs: number
  readonly #sync: (() => Promise<void>) | undefined
  readonly #waiting: (() => void)[] = []
  #busy = false
  #isSyncing = false

  constructor(database: SqliteDatabase, stuckAfterMs: number, sync: (() => Promise<void>) | undefined) {
    this.#connection = new SqliteConnection(database)
    this.#stuckAfterMs = stuckAfterMs
    this.#sync = sync
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#busy) await this.#turn()
    this.#busy = true
    return this.#connection
  }

  /**
   * Waits until the connection is free. A transaction that asks for nothing for so long waits for us: somebody queried past it from
   * inside, and that is told instead of standing still. (An AsyncLocalStorage would know at once, but on Node 20 it makes every promise of
   * the process slower: a third of a warm invocation.)
   */
  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const look = (): void => {
        const idleMs = this.#isSyncing ? 0 : performance.now() - this.#connection.usedAt
        if (idleMs >= this.#stuckAfterMs) {
          this.#waiting.splice(this.#waiting.indexOf(take), 1)
          reject(outsideTransaction({}))
        } else timer = setTimeout(look, this.#stuckAfterMs - idleMs)
      }
      let timer = setTimeout(look, this.#stuckAfterMs)
      this.#waiting.push(take)
    })
  }

  async releaseConnection(): Promise<void> {
    try {
      // Nobody sees, and nobody builds on, what a power cut could still take back.
      if (this.#connection.takeCommitted() && this.#sync) {
        this.#isSyncing = true
        await this.#sync()
      }
    } finally {
      this.#isSyncing = false
      this.#connection.usedAt = performance.now()
      this.#giveOn()
    }
  }

  #giveOn(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#busy = false
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('rollback'))
    } catch (error) {
      // SQLite rolls back by itself when a commit fails for want of space; then there is nothing left to roll back.
      if (!/no transaction is active/.test(String(error))) throw error
    }
  }

  async destroy(): Promise<void> {}
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: SqliteDatabase
  readonly #statements = new Map<string, SqliteStatement>()
  #isInTransaction = false
  #hasCommitted = false
  /** When the last query ran, on the clock of `performance.now()`. */
  usedAt = performance.now()

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  /** Whether anything was committed since this was asked before. */
  takeCommitted(): boolean {
    const hasCommitted = this.#hasCommitted
    this.#hasCommitted = false
    return hasCommitted
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#prepare(query.sql)
    this.usedAt = performance.now()
    const result = this.#run<Row>(statement, query)
    this.#note(query.sql)
    return result
  }

  #note(sql: string): void {
    if (sql === 'begin immediate') this.#isInTransaction = true
    else if (sql === 'rollback') this.#isInTransaction = false
    else if (sql === 'commit') {
      this.#isInTransaction = false
      this.#hasCommitted = true
    } else if (!this.#isInTransaction && !/^\s*(select|pragma)\b/i.test(sql)) this.#hasCommitted = true
  }

  #run<Row>(statement: SqliteStatement, query: CompiledQuery): QueryResult<Row> {
    if (statement.returnsRows) return { rows: statement.all(query.parameters) as Row[] }
    const { changes, lastInsertRowid } = statement.run(query.parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: lastInsertRowid }
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('a stream of rows would hold the one connection; read pages instead')
  }

  #prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    if (/^\s*(create|drop|alter|pragma)\b/i.test(sql)) return statement
    if (this.#statements.size >= preparedStatementsLimit) this.#statements.delete(this.#statements.keys().next().value!)
    this.#statements.set(sql, statement)
    return statement
  }
}
