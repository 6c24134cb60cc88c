import { statSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { mebibyte } from '../base/byte-size.ts'
import { ManualClock, systemClock } from '../base/clock.ts'
import { silentLog, type LogFields } from '../base/log.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { openCatalog, type Catalog } from '../store/catalog.ts'
import { openDatabase } from '../store/database.ts'
import { logMigrations } from '../store/migrations/index.ts'
import { logEventsMigration } from '../store/migrations/logs-0001-events.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { createLogGroup, setRetention } from './log-group.ts'
import type { LogEvent } from './log-query.ts'
import { LogStore, type LogStoreOptions } from './log-store.ts'
import type { LogTarget, NewLogEvent } from './log-writer.ts'

const where = { accountId: '123456789012', region: 'us-east-1' }
const flooder: LogTarget = { ...where, group: '/aws/lambda/flooder', stream: 'a' }
const quiet: LogTarget = { ...where, group: '/aws/lambda/quiet', stream: 'a' }
const all = { direction: 'forward', limit: 10_000 } as const
const everything = { matches: () => true, limit: 10_000 }

async function open(
  options: Partial<LogStoreOptions> = {},
): Promise<{ logs: LogStore; catalog: Catalog; folder: string; close: () => Promise<void> }> {
  const folder = options.folder ?? temporaryFolder()
  const { clock = systemClock } = options
  const catalog = await openCatalog({ folder, clock })
  const logs = await LogStore.open({
    catalog,
    folder,
    clock,
    log: silentLog,
    space: async () => ({ freeBytes: 2 ** 40, totalBytes: 2 ** 41 }),
    ...options,
  })
  let isOpen = true
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    await logs.stop()
    await catalog.close()
  }
  onTestFinished(close)
  return { logs, catalog, folder, close }
}

/** Numbered lines of some length, each a millisecond younger than the one before. */
function lines(from: number, count: number, length: number): NewLogEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: from + index,
    message: `${from + index} `.padEnd(length, 'x'),
  }))
}

/** Writes as fast as the disk takes it, as a function's pipe does, and gives the largest that the files were. */
async function flood(
  { logs, folder }: { logs: LogStore; folder: string },
  target: (round: number) => LogTarget,
  options: { from?: number; bytes: number; length: number },
): Promise<number> {
  let largest = 0
  const perRound = Math.max(1, Math.min(200, Math.floor(mebibyte / options.length)))
  const rounds = Math.ceil(options.bytes / (options.length * perRound))
  for (let round = 0; round < rounds; round++) {
    logs.append(target(round), lines((options.from ?? 1) + round * perRound, perRound, options.length))
    await (logs.room() ?? logs.flush())
    largest = Math.max(largest, filesOf(folder))
  }
  await logs.flush()
  return Math.max(largest, filesOf(folder))
}

function filesOf(folder: string): number {
  return statSync(join(folder, 'logs.db')).size + statSync(join(folder, 'logs.db-wal')).size
}

const numbersOf = (events: readonly LogEvent[]): number[] => events.map((event) => Number.parseInt(event.message, 10))

test.each([
  ['a few characters', 1, 40_000],
  ['a hundred', 100, 4 * mebibyte],
  ['half a page', 2100, 8 * mebibyte],
  ['the longest that a function can write', 256 * 1024, 12 * mebibyte],
])('a function that floods its log with lines of %s does not fill the disk', async (_, length, bytes) => {
  const room = await open({ functionLogBytes: 2 * mebibyte })
  room.logs.append(quiet, lines(1, 3, 20))
  await createLogGroupOf(room, flooder)
  await room.logs.createStream({ ...flooder, stream: 'of a client' })
  await room.logs.put({ ...flooder, stream: 'of a client' }, lines(1, 5, 20))
  // Its file, and the write-ahead log of some 4 MiB that SQLite keeps beside each.
  expect(await flood(room, () => flooder, { length, bytes })).toBeLessThan(8 * mebibyte)
  expect(statSync(join(room.folder, 'logs.db')).size).toBeLessThan(3 * mebibyte)

  const kept = numbersOf(await room.logs.readStream(flooder, { ...all, direction: 'backward' }))
  const last = kept.at(-1)!
  // The newest, without a gap.
  expect(last).toBeGreaterThan(length === 1 ? 0 : 40)
  if (length > 1) expect(kept).toEqual(Array.from(kept, (__, index) => last - kept.length + 1 + index))
  // Nobody else's are gone, nor what was accepted from a client.
  expect(numbersOf(await room.logs.readStream(quiet, all))).toEqual([1, 2, 3])
  expect(numbersOf(await room.logs.readStream({ ...flooder, stream: 'of a client' }, all))).toEqual([1, 2, 3, 4, 5])
})

async function createLogGroupOf(room: { folder: string; logs: LogStore }, target: LogTarget): Promise<void> {
  room.logs.append({ ...target, stream: 'first' }, [{ timestamp: 1, message: 'x' }])
  await room.logs.flush()
}

test('the oldest of a group go first, whichever of its streams they are in, and what is counted of each is what is there', async () => {
  const room = await open({ functionLogBytes: mebibyte / 2 })
  await flood(room, (round) => ({ ...flooder, stream: `s${round % 7}` }), { length: 150, bytes: 1.5 * mebibyte })
  const { streams } = await room.logs.listStreams(flooder, { limit: 50 })
  expect(streams).toHaveLength(7)
  const left: LogEvent[] = []
  for (const stream of streams) {
    const events = await room.logs.readStream({ ...flooder, stream: stream.name }, all)
    left.push(...events)
    expect(stream).toMatchObject({
      firstEventAt: events[0]?.timestamp,
      storedBytes: events.reduce((sum, event) => sum + event.message.length + 26, 0),
    })
  }
  const { id } = await room.logs.group(flooder)
  const ofGroup = (await room.logs.storedBytes([id])).get(id)
  expect(ofGroup).toBe(left.reduce((sum, event) => sum + event.message.length + 26, 0))
  expect(ofGroup).toBeGreaterThan(mebibyte / 6)
  expect(ofGroup).toBeLessThan(mebibyte / 2)
  const numbers = numbersOf(left).toSorted((a, b) => a - b)
  expect(numbers).toEqual(Array.from(numbers, (_, index) => numbers[0]! + index))
})

test('events of clients between those of a function are kept, however old they are', async () => {
  const room = await open({ functionLogBytes: mebibyte / 2 })
  await room.logs.append(flooder, lines(1, 1, 10))
  // More than are looked at in one step, older and in the very stream.
  await room.logs.put(flooder, lines(1_000_000, 700, 30))
  await flood(room, () => flooder, { from: 2_000_000, length: 100, bytes: 1.5 * mebibyte })
  await room.logs.put(flooder, lines(3_000_000, 300, 30))
  await flood(room, () => flooder, { from: 4_000_000, length: 100, bytes: 1.5 * mebibyte })
  const { events } = await room.logs.filter(flooder, { ...everything, until: 2_000_000 })
  expect(numbersOf(events)).toEqual(numbersOf(eventsOf(lines(1_000_000, 700, 30))))
  const later = await room.logs.filter(flooder, { ...everything, from: 2_000_000, until: 4_000_000 })
  expect(numbersOf(later.events)).toEqual(numbersOf(eventsOf(lines(3_000_000, 300, 30))))
  expect(statSync(join(room.folder, 'logs.db')).size).toBeLessThan(1.5 * mebibyte)
})

const eventsOf = (events: readonly NewLogEvent[]): LogEvent[] =>
  events.map(({ timestamp, message }) => ({ id: 0, stream: '', timestamp, ingestedAt: 0, message: String(message) }))

test('of several that flood each keeps its share, and what nobody else needs goes to the last', async () => {
  const room = await open({ functionLogBytes: mebibyte / 2 })
  const other = { ...flooder, group: '/aws/lambda/other' }
  await flood(room, () => flooder, { length: 100, bytes: mebibyte })
  await flood(room, () => other, { length: 100, bytes: mebibyte / 2 })
  const ids = [(await room.logs.group(flooder)).id, (await room.logs.group(other)).id]
  const bytes = await room.logs.storedBytes(ids)
  const [one, two] = ids.map((id) => bytes.get(id)!) as [number, number]
  expect(Math.abs(one - two)).toBeLessThan(0.2 * (one + two))
  await room.logs.deleteGroup(flooder)
  await flood(room, () => other, { from: 1_000_000, length: 100, bytes: mebibyte / 2 })
  expect((await room.logs.storedBytes(ids)).get(ids[1]!)).toBeGreaterThan(1.7 * two)
})

test('whoever reads page by page goes on after what was forgotten meanwhile', async () => {
  const room = await open({ functionLogBytes: mebibyte / 2 })
  await flood(room, () => flooder, { length: 100, bytes: mebibyte / 8 })
  const first = await room.logs.readStream(flooder, { direction: 'forward', limit: 10 })
  const filtered = await room.logs.filter(flooder, { ...everything, limit: 10 })
  const tail = await room.logs.readStream(flooder, { direction: 'backward', limit: 10 })
  await flood(room, () => flooder, { from: 100_000, length: 100, bytes: mebibyte })

  const oldest = numbersOf(await room.logs.readStream(flooder, { direction: 'forward', limit: 1 }))[0]!
  expect(oldest).toBeGreaterThan(100_000)
  const forward = await room.logs.readStream(flooder, { direction: 'forward', limit: 2, position: first.at(-1) })
  expect(numbersOf(forward)).toEqual([oldest, oldest + 1])
  const next = await room.logs.filter(flooder, { ...everything, limit: 2, position: filtered.next })
  expect(numbersOf(next.events)).toEqual([oldest, oldest + 1])
  expect(await room.logs.readStream(flooder, { direction: 'backward', limit: 10, position: tail[0] })).toEqual([])
})

test('after a restart the limit holds for all that is there, and a lower one at once', async () => {
  const folder = temporaryFolder()
  const first = await open({ folder, functionLogBytes: mebibyte })
  await flood(first, () => flooder, { length: 100, bytes: 1.5 * mebibyte })
  await first.close()
  const second = await open({ folder, functionLogBytes: mebibyte })
  await flood(second, (round) => ({ ...flooder, stream: `b${round % 3}` }), {
    from: 100_000,
    length: 100,
    bytes: 1.5 * mebibyte,
  })
  await second.close()
  expect(statSync(join(folder, 'logs.db')).size).toBeLessThan(1.5 * mebibyte)
  const third = await open({ folder, functionLogBytes: mebibyte / 2 })
  third.logs.append(flooder, lines(500_000, 1, 100))
  await third.logs.flush()
  const { id } = await third.logs.group(flooder)
  expect((await third.logs.storedBytes([id])).get(id)).toBeLessThan(mebibyte / 2)
})

test('what expired, and what a deleted stream held, makes room for others', async () => {
  const clock = new ManualClock()
  const { logs, catalog } = await open({ clock, functionLogBytes: mebibyte })
  const day = 24 * 60 * 60 * 1000
  const now = clock.now()
  const fill = async (target: LogTarget, from: number): Promise<void> => {
    logs.append(target, lines(from, 1500, 100))
    await logs.flush()
  }
  const count = async (target: LogTarget): Promise<number> => (await logs.readStream(target, all)).length
  await fill(flooder, now - 2 * day)
  await fill({ ...flooder, stream: 'b' }, now - 2 * day)
  await setRetention(catalog.db, flooder, 1)
  await clock.advance(day / 24)
  await expect.poll(() => count(flooder)).toBe(0)
  await fill(quiet, now)
  await fill({ ...quiet, stream: 'b' }, now)
  expect(await count(quiet)).toBe(1500)
  await logs.deleteStream(quiet)
  await fill({ ...quiet, stream: 'c' }, now)
  expect([await count({ ...quiet, stream: 'b' }), await count({ ...quiet, stream: 'c' })]).toEqual([1500, 1500])
  // And what does not fit any more is forgotten all the same.
  await fill({ ...quiet, stream: 'd' }, now)
  expect(await count({ ...quiet, stream: 'b' })).toBeLessThan(1500)
})

test('that events were forgotten is said with their number and the function, once a minute at most', async () => {
  const clock = new ManualClock()
  const warnings: (LogFields & { events: number })[] = []
  const log = {
    ...silentLog,
    warn: (event: string, fields: LogFields = {}) => warnings.push({ event, events: 0, ...fields }),
  }
  const room = await open({ clock, log, functionLogBytes: mebibyte })
  const left = async (): Promise<number> => {
    let events = 0
    for (let position: LogEvent | undefined; ;) {
      const page = await room.logs.readStream(flooder, { ...all, position })
      if (page.length === 0) return events
      events += page.length
      position = page.at(-1)
    }
  }
  room.logs.append(quiet, lines(1, 3, 20))
  await flood(room, () => flooder, { length: 100, bytes: mebibyte })
  await clock.advance(1000)
  await expect.poll(() => warnings.length).toBe(1)
  const written = Math.ceil(mebibyte / 20_000) * 200
  expect(warnings[0]).toMatchObject({
    event: 'oldest log events of functions forgotten',
    events: written - (await left()),
    group: flooder.group,
    because: 'functions may keep 1.0 MB of logs',
  })
  await flood(room, () => flooder, { from: 100_000, length: 100, bytes: mebibyte })
  await clock.advance(30_000)
  expect(warnings).toHaveLength(1)
  await clock.advance(30_000)
  await expect.poll(() => warnings.length).toBe(2)
  expect(warnings[0]!.events + warnings[1]!.events).toBe(2 * written - (await left()))
})

test('where the volume is nearly full the file does not grow, and a little is kept all the same', async () => {
  const folder = temporaryFolder()
  const volumeBytes = 40 * mebibyte
  let taken = 18 * mebibyte
  const warnings: unknown[] = []
  const room = await open({
    folder,
    log: { ...silentLog, warn: (_, fields) => warnings.push(fields?.['because']) },
    space: async () => ({ totalBytes: volumeBytes, freeBytes: volumeBytes - taken - filesOf(folder) }),
  })
  const reserve = 2 * mebibyte
  // It takes what there is, but for the reserve.
  await flood(room, () => flooder, { length: 1000, bytes: 20 * mebibyte })
  const free = (): number => volumeBytes - taken - filesOf(folder)
  expect(free()).toBeGreaterThan(reserve)
  expect(free()).toBeLessThan(reserve + 5 * mebibyte)
  // Somebody else takes more: what is there is written anew.
  taken += free() - mebibyte
  const before = filesOf(folder)
  await flood(room, () => flooder, { from: 1_000_000, length: 300, bytes: 6 * mebibyte })
  expect(filesOf(folder)).toBeLessThan(before + mebibyte)
  expect(free()).toBeGreaterThan(0)
  await room.close()
  expect(warnings.at(-1)).toBe('the volume of the data folder is nearly full')

  // On a volume that was nearly full before the first line.
  const other = await open({ space: async () => ({ totalBytes: volumeBytes, freeBytes: 0 }) })
  await flood(other, () => flooder, { length: 1000, bytes: 4 * mebibyte })
  const { id } = await other.logs.group(flooder)
  expect((await other.logs.storedBytes([id])).get(id)).toBeGreaterThan(mebibyte / 2)
  expect(statSync(join(other.folder, 'logs.db')).size).toBeLessThan(reserve)
})

test('events that an older version stored are kept: whose they were is not known', async () => {
  const folder = temporaryFolder()
  const catalog = await openCatalog({ folder, clock: systemClock })
  await createLogGroup(catalog.db, systemClock, flooder)
  const { id } = await catalog.db.selectFrom('log_group').select('id').executeTakeFirstOrThrow()
  await catalog.close()
  const old = await openDatabase<LogEventSchema>({
    path: join(folder, 'logs.db'),
    clock: systemClock,
    migrations: [logEventsMigration],
    synchronous: 'normal',
  })
  await sql`insert into log_stream (group_id, name, created_at, first_event_at, last_event_at, stored_bytes) values (${id}, 'a', 1, 1, 2, 54)`.execute(
    old.db,
  )
  for (const timestamp of [1, 2])
    await sql`insert into log_event (group_id, stream_id, timestamp, ingested_at, message) values (${id}, 1, ${timestamp}, 1, ${Buffer.from(`${timestamp}`)})`.execute(
      old.db,
    )
  await old.close()
  const room = await open({ folder, functionLogBytes: mebibyte })
  await flood(room, () => flooder, { from: 1000, length: 100, bytes: 2 * mebibyte })
  expect(numbersOf(await room.logs.readStream(flooder, { direction: 'forward', limit: 2 }))).toEqual([1, 2])
  const { streams } = await room.logs.listStreams(flooder, { limit: 1 })
  const events = await room.logs.readStream(flooder, all)
  expect(streams).toMatchObject([
    {
      firstEventAt: 1,
      storedBytes: events.reduce((sum, event) => sum + event.message.length + 26, 0),
    },
  ])
})

test('a count that is wrong is put right, also where only events of clients are left', async () => {
  const folder = temporaryFolder()
  const first = await open({ folder })
  first.logs.append(flooder, lines(1, 1, 10))
  await first.logs.flush()
  await first.logs.put(flooder, lines(1, 600, 10))
  await first.close()
  const spoilt = await openDatabase<LogEventSchema>({
    path: join(folder, 'logs.db'),
    clock: systemClock,
    migrations: logMigrations,
    synchronous: 'normal',
  })
  await spoilt.db
    .updateTable('log_stream')
    .set({ function_bytes: 2 * mebibyte })
    .execute()
  await spoilt.close()
  const room = await open({ folder, functionLogBytes: mebibyte })
  room.logs.append(quiet, lines(1, 3, 20))
  await room.logs.flush()
  room.logs.append(quiet, lines(4, 3, 20))
  expect(numbersOf(await room.logs.readStream(quiet, all))).toEqual([1, 2, 3, 4, 5, 6])
  expect(await room.logs.readStream(flooder, all)).toHaveLength(600)
})
