import { expect, test } from 'vitest'
import { ManualClock, systemClock, type Clock } from '../base/clock.ts'
import { silentLog, type Log } from '../base/log.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { openCatalog, type Catalog } from '../store/catalog.ts'
import { logGroupNotFound, logStreamExists, logStreamNotFound } from './errors.ts'
import { createLogGroup, findLogGroup, listLogGroups, setRetention } from './log-group.ts'
import { LogStore } from './log-store.ts'
import { messageLimit } from './log-writer.ts'

const target = {
  accountId: '123456789012',
  region: 'us-east-1',
  group: '/aws/lambda/hello',
  stream: '2026/11/22/[$LATEST]a',
}
const all = { direction: 'forward', limit: 10_000 } as const

async function open(
  folder = temporaryFolder(),
  clock: Clock = systemClock,
  log: Log = silentLog,
): Promise<{ catalog: Catalog; logs: LogStore }> {
  const catalog = await openCatalog({ folder, clock })
  return { catalog, logs: await LogStore.open({ catalog, folder, clock, log }) }
}

async function close({ catalog, logs }: { catalog: Catalog; logs: LogStore }): Promise<void> {
  await logs.stop()
  await catalog.close()
}

const matches = (message: string): boolean => message.startsWith('ERROR')
const messages = (events: readonly { message: string }[]): string[] => events.map((event) => event.message)

test('what was appended is read at once, in the order of time, and its group and stream are made', async () => {
  const room = await open()
  room.logs.append(target, [
    { timestamp: 20, message: 'second\n' },
    { timestamp: 10, message: 'first\n' },
  ])
  room.logs.append(target, [{ timestamp: 20, message: Buffer.from('third ü\n') }])
  expect(messages(await room.logs.readStream(target, all))).toEqual(['first\n', 'second\n', 'third ü\n'])
  const { streams } = await room.logs.listStreams(target, { limit: 50 })
  expect(streams).toMatchObject([
    { name: target.stream, firstEventAt: 10, lastEventAt: 20, storedBytes: 7 + 6 + 9 + 3 * 26 },
  ])
  await close(room)
})

test('appended events are there after a stop and a new start', async () => {
  const folder = temporaryFolder()
  const first = await open(folder)
  first.logs.append(target, [{ timestamp: 1, message: 'kept' }])
  await close(first)
  const second = await open(folder)
  expect(messages(await second.logs.readStream(target, all))).toEqual(['kept'])
  await close(second)
})

test('a message with a NUL and one beyond the limit lose nothing', async () => {
  const room = await open()
  const long = 'ü'.repeat(messageLimit / 2 + 10)
  room.logs.append(target, [
    { timestamp: 1, message: 'a\0b' },
    { timestamp: 2, message: long },
  ])
  const [nul] = await room.logs.readStream(target, all)
  expect(nul!.message).toBe('a\0b')
  const parts: string[] = []
  for (let position = nul as { timestamp: number; id: number }; ;) {
    const events = await room.logs.readStream(target, { ...all, position })
    if (events.length === 0) break
    parts.push(...messages(events))
    position = events.at(-1)!
  }
  expect(parts).toHaveLength(2)
  expect(parts.join('')).toBe(long)
  await close(room)
})

test('a stream is read in pages, forward from a place and backward before it', async () => {
  const room = await open()
  room.logs.append(
    target,
    Array.from({ length: 1500 }, (_, index) => ({ timestamp: Math.floor(index / 3), message: `${index}` })),
  )
  const head = await room.logs.readStream(target, { direction: 'forward', limit: 700 })
  expect([head.length, head.at(-1)!.message]).toEqual([700, '699'])
  const rest = await room.logs.readStream(target, { direction: 'forward', limit: 10_000, position: head.at(-1) })
  expect([rest.length, rest[0]!.message]).toEqual([800, '700'])
  const tail = await room.logs.readStream(target, { direction: 'backward', limit: 3 })
  expect(messages(tail)).toEqual(['1497', '1498', '1499'])
  const before = await room.logs.readStream(target, { direction: 'backward', limit: 2, position: tail[0] })
  expect(messages(before)).toEqual(['1495', '1496'])
  const between = await room.logs.readStream(target, { ...all, from: 2, until: 3 })
  expect(messages(between)).toEqual(['6', '7', '8'])
  await close(room)
})

test('a filter looks through all streams of a group in the order of time and tells where to go on', async () => {
  const room = await open()
  const other = { ...target, stream: 'other' }
  for (let index = 0; index < 10; index++) {
    room.logs.append(index % 2 ? other : target, [
      { timestamp: index, message: index % 3 ? `line ${index}` : `ERROR ${index}` },
    ])
  }
  const first = await room.logs.filter(target, { matches, limit: 3 })
  expect(messages(first.events)).toEqual(['ERROR 0', 'ERROR 3', 'ERROR 6'])
  expect(first.events.map((event) => event.stream)).toEqual([target.stream, 'other', target.stream])
  const second = await room.logs.filter(target, { matches, limit: 3, position: first.next })
  expect(messages(second.events)).toEqual(['ERROR 9'])
  expect(second.next).toBeUndefined()
  const one = await room.logs.filter(target, { matches, limit: 9, streams: ['other'] })
  expect(messages(one.events)).toEqual(['ERROR 3', 'ERROR 9'])
  const prefixed = await room.logs.filter(target, { matches, limit: 9, streamPrefix: '2026/' })
  expect(messages(prefixed.events)).toEqual(['ERROR 0', 'ERROR 6'])
  await close(room)
})

test('streams are listed by name and by their last event, in pages', async () => {
  const room = await open()
  for (const [name, timestamp] of [
    ['a', 3],
    ['b', 1],
    ['c', 2],
    ['d', 2],
  ] as const) {
    room.logs.append({ ...target, stream: name }, [{ timestamp, message: 'x' }])
  }
  const names = async (options: { orderBy?: 'last event'; descending?: boolean }): Promise<string[]> => {
    const found: string[] = []
    let page = await room.logs.listStreams(target, { limit: 3, ...options })
    found.push(...page.streams.map((stream) => stream.name))
    while (page.next) {
      page = await room.logs.listStreams(target, { limit: 3, ...options, after: page.next })
      found.push(...page.streams.map((stream) => stream.name))
    }
    return found
  }
  expect(await names({})).toEqual(['a', 'b', 'c', 'd'])
  expect(await names({ orderBy: 'last event' })).toEqual(['b', 'c', 'd', 'a'])
  expect(await names({ orderBy: 'last event', descending: true })).toEqual(['a', 'd', 'c', 'b'])
  await close(room)
})

test('streams and groups that are not there, or are there already, are told by name', async () => {
  const room = await open()
  await expect(room.logs.readStream(target, all)).rejects.toSatisfy(logGroupNotFound.is)
  await createLogGroup(room.catalog.db, systemClock, target)
  await expect(room.logs.readStream(target, all)).rejects.toSatisfy(logStreamNotFound.is)
  await expect(room.logs.put(target, [{ timestamp: 1, message: 'x' }])).rejects.toSatisfy(logStreamNotFound.is)
  await room.logs.createStream(target)
  await expect(room.logs.createStream(target)).rejects.toSatisfy(logStreamExists.is)
  await room.logs.put(target, [{ timestamp: 1, message: 'x' }])
  await room.logs.deleteStream(target)
  await expect(room.logs.deleteStream(target)).rejects.toSatisfy(logStreamNotFound.is)
  room.logs.append(target, [{ timestamp: 2, message: 'y' }])
  expect(messages(await room.logs.readStream(target, all))).toEqual(['y'])
  await close(room)
})

test('a deleted group that is made again does not bring back its old events', async () => {
  const room = await open()
  room.logs.append(target, [{ timestamp: 1, message: 'old' }])
  await room.logs.deleteGroup(target)
  expect(await findLogGroup(room.catalog.db, target)).toBeUndefined()
  room.logs.append(target, [{ timestamp: 2, message: 'new' }])
  expect(messages(await room.logs.readStream(target, all))).toEqual(['new'])
  await close(room)
})

test('nobody waits until a large group is removed, a stop neither; after the next start it is', async () => {
  const folder = temporaryFolder()
  const warnings: string[] = []
  const first = await open(folder, systemClock, { ...silentLog, warn: (event) => warnings.push(event) })
  for (let round = 0; round < 20; round++) {
    first.logs.append(
      target,
      Array.from({ length: 1000 }, () => ({ timestamp: 1, message: 'old' })),
    )
    await first.logs.flush()
  }
  const { id } = await first.logs.group(target)
  const left = async ({ logs }: { logs: LogStore }): Promise<number> => (await logs.storedBytes([id])).get(id) ?? 0
  expect(await left(first)).toBe(20_000 * 29)
  await first.logs.deleteGroup(target)
  first.logs.append(target, [{ timestamp: 2, message: 'new' }])
  expect(messages(await first.logs.readStream(target, all))).toEqual(['new'])
  expect(await left(first)).toBeGreaterThan(0)
  await close(first)
  expect(warnings).toEqual([])
  // Its sweep waits for the clock.
  const clock = new ManualClock()
  const second = await open(folder, clock)
  expect(await left(second)).toBeGreaterThan(0)
  await clock.advance(0)
  await expect.poll(() => left(second)).toBe(0)
  expect(messages(await second.logs.readStream(target, all))).toEqual(['new'])
  await close(second)
})

test('events older than their retention are removed', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const room = await open(folder, clock)
  const day = 24 * 60 * 60 * 1000
  room.logs.append(target, [
    { timestamp: clock.now(), message: 'old' },
    { timestamp: clock.now() + 2 * day, message: 'young' },
  ])
  await room.logs.flush()
  await setRetention(room.catalog.db, target, 1)
  await clock.advance(1.5 * day)
  await expect.poll(async () => messages(await room.logs.readStream(target, all))).toEqual(['young'])
  const { streams } = await room.logs.listStreams(target, { limit: 1 })
  expect(streams).toMatchObject([{ storedBytes: 5 + 26 }])
  await close(room)
})

test('groups are listed by prefix and by part of their name, of their own account and region only', async () => {
  const room = await open()
  const where = { accountId: '123456789012', region: 'us-east-1' }
  for (const group of ['/aws/lambda/b', '/aws/lambda/a', '/other']) {
    await createLogGroup(room.catalog.db, systemClock, { ...where, group })
  }
  await createLogGroup(room.catalog.db, systemClock, { ...where, region: 'eu-west-1', group: '/aws/lambda/c' })
  const names = async (options: object): Promise<string[]> =>
    (await listLogGroups(room.catalog.db, { ...where, limit: 50, ...options })).map((group) => group.name)
  expect(await names({})).toEqual(['/aws/lambda/a', '/aws/lambda/b', '/other'])
  expect(await names({ prefix: '/aws/' })).toEqual(['/aws/lambda/a', '/aws/lambda/b'])
  expect(await names({ contains: 'the' })).toEqual(['/other'])
  expect(await names({ after: '/aws/lambda/a', limit: 1 })).toEqual(['/aws/lambda/b'])
  await close(room)
})
