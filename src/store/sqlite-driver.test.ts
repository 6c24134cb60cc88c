import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { unbindableValue } from './errors.ts'
import { hasNodeSqlite, openLibsql, openNodeSqlite, type OpenSqlite } from './sqlite-driver.ts'

// One contract, each driver that this Node has: 20 has libsql only, 22.13 and later have both.
const drivers: [string, OpenSqlite][] = [['libsql', openLibsql]]
if (hasNodeSqlite()) drivers.push(['node:sqlite', openNodeSqlite])

describe.each(drivers)('%s', (_, open) => {
  const fresh = (): ReturnType<OpenSqlite> => {
    const database = open(join(temporaryFolder(), 'test.db'))
    database.execute('create table t (id integer primary key, text text, bytes blob, number real) strict')
    return database
  }

  test('rows are plain objects and bytes are Buffers', () => {
    const database = fresh()
    database.prepare('insert into t (text, bytes, number) values (?, ?, ?)').run(['ü', Buffer.from([0, 255]), 1.5])
    expect(database.prepare('select * from t').all([])).toEqual([
      { id: 1, text: 'ü', bytes: Buffer.from([0, 255]), number: 1.5 },
    ])
  })

  test('whole numbers are stored as integers, not as floating point', () => {
    const database = fresh()
    const [row] = database.prepare('select typeof(?) as type, ? as time').all([7, Number.MAX_SAFE_INTEGER])
    expect(row).toEqual({ type: 'integer', time: Number.MAX_SAFE_INTEGER })
  })

  test('a writing statement tells how many rows it changed; RETURNING gives rows', () => {
    const database = fresh()
    const insert = database.prepare('insert into t (text) values (?), (?)')
    expect(insert.returnsRows).toBe(false)
    expect(insert.run(['a', 'b'])).toEqual({ changes: 2, lastInsertRowid: 2n })
    const returning = database.prepare('update t set text = ? returning id')
    expect(returning.returnsRows).toBe(true)
    expect(returning.all(['c'])).toEqual([{ id: 1 }, { id: 2 }])
  })

  test.each([[true], [undefined], ['a\0b'], [{}], [Number.NaN]])(
    'the value %j is refused before it can be cut or crash the process',
    (value) => {
      const database = fresh()
      const insert = database.prepare('insert into t (text) values (?)')
      expect(() => insert.run([value])).toThrow(expect.toSatisfy(unbindableValue.is))
    },
  )
})
