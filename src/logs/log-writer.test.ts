import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { openDatabase, type Database } from '../store/database.ts'
import { logMigrations } from '../store/migrations/index.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { LogWriter, type LogLimit } from './log-writer.ts'

const clock = new ManualClock()
/** There is room for everything; what there is to say of limits is in function-log-limit.test.ts. */
const limit: LogLimit = { makeRoom: async () => {}, note() {}, noteFailure() {} }
const target = { accountId: '123456789012', region: 'us-east-1', group: 'g', stream: 's' }

async function open(): Promise<Database<LogEventSchema>> {
  const path = join(temporaryFolder(), 'logs.db')
  return openDatabase({ path, clock, migrations: logMigrations, synchronous: 'normal' })
}

const messages = async (database: Database<LogEventSchema>): Promise<string[]> =>
  (await database.db.selectFrom('log_event').select('message').orderBy('id').execute()).map((row) =>
    row.message.toString(),
  )

test('events are written a tenth of a second after the first of them, all in one go', async () => {
  const database = await open()
  const writer = new LogWriter({ database, clock, limit, log: silentLog, groupIdOf: async () => 'id' })
  writer.append(target, [{ timestamp: 1, message: 'one' }])
  await clock.advance(60)
  writer.append(target, [{ timestamp: 2, message: 'two' }])
  expect(await messages(database)).toEqual([])
  await clock.advance(40)
  await writer.inTurn(async () => undefined)
  expect(await messages(database)).toEqual(['one', 'two'])
  await writer.stop()
  await database.close()
})

test('what could not be written is kept in order and written later', async () => {
  const database = await open()
  let broken = true
  const warnings: string[] = []
  const writer = new LogWriter({
    database,
    clock,
    limit,
    log: { ...silentLog, warn: (event) => warnings.push(event) },
    groupIdOf: async () => {
      if (broken) throw new Error('no space')
      return 'id'
    },
  })
  writer.append(target, [{ timestamp: 1, message: 'one' }])
  await expect(writer.flush()).rejects.toThrow('no space')
  writer.append(target, [{ timestamp: 2, message: 'two' }])
  await clock.advance(1000)
  await writer.inTurn(async () => undefined)
  expect(warnings).toContain('log events not written')
  broken = false
  await clock.advance(2000)
  await writer.inTurn(async () => undefined)
  expect(await messages(database)).toEqual(['one', 'two'])
  await writer.stop()
  await database.close()
})

test('when nothing can be written for long, the oldest are dropped and that is said; memory stays bounded', async () => {
  const database = await open()
  let broken = true
  const warnings: string[] = []
  const writer = new LogWriter({
    database,
    clock,
    limit,
    log: { ...silentLog, warn: (event) => warnings.push(event) },
    groupIdOf: async () => {
      if (broken) throw new Error('no space')
      return 'id'
    },
  })
  const message = 'x'.repeat(100_000)
  for (let count = 0; count < 1000; count++) writer.append(target, [{ timestamp: count, message }])
  expect(warnings).toContain('log events dropped')
  broken = false
  await writer.flush()
  const kept = await database.db.selectFrom('log_event').select('timestamp').orderBy('id').execute()
  expect(kept.length).toBeLessThan(700)
  expect(kept.at(-1)!.timestamp).toBe(999)
  await writer.stop()
  await database.close()
})

test('what a client brings is stored or refused, and never dropped with the lines of functions that wait', async () => {
  const database = await open()
  let broken = true
  const writer = new LogWriter({
    database,
    clock,
    limit,
    log: silentLog,
    groupIdOf: async () => {
      if (broken) throw new Error('no space')
      return 'id'
    },
  })
  await expect(writer.put(target, [{ timestamp: 1, message: 'refused' }])).rejects.toThrow('no space')
  broken = false
  const put = writer.put(target, [{ timestamp: 2, message: 'accepted' }])
  for (let count = 0; count < 1000; count++) writer.append(target, [{ timestamp: 3, message: 'x'.repeat(100_000) }])
  await put
  await writer.flush()
  const short = (await messages(database)).filter((message) => message.length < 100)
  expect(short).toEqual(['accepted'])
  await writer.stop()
  await database.close()
})

test('whoever writes faster than the disk is told to wait, until most of it is written', async () => {
  const database = await open()
  let release!: () => void
  const held = new Promise<void>((resolve) => (release = resolve))
  const writer = new LogWriter({
    database,
    clock,
    limit,
    log: silentLog,
    groupIdOf: async () => {
      await held
      return 'id'
    },
  })
  const events = Array.from({ length: 1000 }, () => ({ timestamp: 1, message: 'x' }))
  let appended = 0
  // Short lines, which cost more in memory than they are long.
  for (; writer.room() === undefined && appended < 1_000_000; appended += events.length) writer.append(target, events)
  expect(appended).toBeGreaterThan(10_000)
  expect(appended).toBeLessThan(200_000)
  const flushed = writer.flush()
  release()
  await writer.room()
  expect(writer.room()).toBeUndefined()
  await flushed
  expect(await messages(database)).toHaveLength(appended)
  await writer.stop()
  await database.close()
})

test('nobody waits for a disk that is full', async () => {
  const database = await open()
  const writer = new LogWriter({
    database,
    clock,
    limit,
    log: silentLog,
    groupIdOf: async () => {
      throw new Error('no space')
    },
  })
  const events = Array.from({ length: 1000 }, () => ({ timestamp: 1, message: 'x' }))
  while (writer.room() === undefined) writer.append(target, events)
  const room = writer.room()
  await expect(writer.flush()).rejects.toThrow('no space')
  await room
  expect(writer.room()).toBeUndefined()
  await database.close()
})
