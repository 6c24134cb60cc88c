/** Kysely over one `SqliteDatabase`. One connection: transactions follow each other, each query is one synchronous step. */
import { AsyncLocalStorage } from 'node:async_hooks'
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

/** Kysely's dialect for a database that is open already. */
export function sqliteDialect(database: SqliteDatabase): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SingleConnectionDriver(database),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Which transaction the running code is in; kept so that a query past it is an error and not a deadlock. */
export const surroundingTransaction = new AsyncLocalStorage<{ readonly database: SqliteDatabase; open: boolean }>()

/** Statements kept prepared. All SQL comes from our own source with placeholders, so there are few different ones. */
const preparedStatementsLimit = 500

class SingleConnectionDriver implements Driver {
  readonly #database: SqliteDatabase
  readonly #connection: SqliteConnection
  readonly #waiting: (() => void)[] = []
  #busy = false

  constructor(database: SqliteDatabase) {
    this.#database = database
    this.#connection = new SqliteConnection(database)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const surrounding = surroundingTransaction.getStore()
    if (surrounding?.open && surrounding.database === this.#database) throw outsideTransaction({})
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#busy = true
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
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

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#prepare(query.sql)
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
