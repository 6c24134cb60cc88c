import { openSqlite, type OpenSqlite, type SqliteDatabase } from '../../src/store/sqlite-driver.ts'

/** A driver that calls back after each commit, explicit or of a single writing statement. */
export function recordingSqlite(onCommit: (database: SqliteDatabase) => void, open = openSqlite): OpenSqlite {
  return (path) => {
    const real = open(path)
    let inTransaction = false
    const after = (sql: string): void => {
      if (/^\s*begin\b/i.test(sql)) inTransaction = true
      else if (/^\s*(commit|rollback)\b/i.test(sql)) {
        inTransaction = false
        if (/^\s*commit\b/i.test(sql)) onCommit(real)
      } else if (!inTransaction && /^\s*(insert|update|delete|with)\b/i.test(sql)) onCommit(real)
    }
    return {
      ...real,
      execute(sql) {
        real.execute(sql)
        after(sql)
      },
      prepare(sql) {
        const statement = real.prepare(sql)
        return {
          returnsRows: statement.returnsRows,
          all(parameters) {
            const rows = statement.all(parameters)
            after(sql)
            return rows
          },
          run(parameters) {
            const result = statement.run(parameters)
            after(sql)
            return result
          },
        }
      },
    }
  }
}
