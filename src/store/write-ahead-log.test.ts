import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { systemClock } from '../base/clock.ts'
import { openCatalog } from './catalog.ts'
import type { AsyncEventTable } from './tables/events.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

const trips = vi.hoisted(() => ({ begun: 0, release: undefined as (() => void) | undefined, error: undefined as Error | undefined })) // prettier-ignore

/** The disk: each trip lasts until it is released, when it is asked to. */
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  const fdatasync = (descriptor: number, done: (error: Error | null) => void): void => {
    trips.begun += 1
    if (trips.error) return done(trips.error)
    if (!trips.release) return real.fdatasync(descriptor, done)
    trips.release = () => real.fdatasync(descriptor, done)
  }
  return { ...real, fdatasync }
})

test('who asks while the disk is at work waits for the next trip, and shares it', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'log')
  writeFileSync(path, 'x')
  const log = new WriteAheadLog(path)
  const before = trips.begun
  trips.release = () => undefined
  const order: string[] = []
  const first = log.sync().then(() => order.push('first'))
  const second = log.sync().then(() => order.push('second'))
  const third = log.sync().then(() => order.push('third'))
  expect(trips.begun - before).toBe(1)
  const release = trips.release
  trips.release = undefined
  release()
  await Promise.all([first, second, third])
  expect(order).toEqual(['first', 'second', 'third'])
  expect(trips.begun - before).toBe(2)
  await log.close()
})

test('a commit is answered when it is on the disk, a query that changes nothing at once', async () => {
  const catalog = await openCatalog({ folder: join(temporaryFolder(), 'data'), clock: systemClock })
  const insert = (id: string): Promise<unknown> =>
    catalog.transaction((db) => db.insertInto('async_event').values(event(id)).execute())
  try {
    const before = trips.begun
    await catalog.db.selectFrom('async_event').selectAll().execute()
    expect(trips.begun).toBe(before)
    trips.release = () => undefined
    let isAnswered = false
    const writing = insert('a').then(() => (isAnswered = true))
    await expect.poll(() => trips.begun).toBe(before + 1)
    // Nobody sees the row before.
    let seen: number | undefined
    const reading = catalog.db.selectFrom('async_event').selectAll().execute().then(({ length }) => (seen = length)) // prettier-ignore
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([isAnswered, seen]).toEqual([false, undefined])
    const release = trips.release
    trips.release = undefined
    release()
    await writing
    expect(await reading).toBe(1)
    trips.error = new Error('the disk is broken')
    await expect(insert('b')).rejects.toThrow('the disk is broken')
    trips.error = undefined
    await catalog.db.deleteFrom('async_event').execute()
    expect(trips.begun).toBe(before + 3)
  } finally {
    trips.error = undefined
    await catalog.close()
  }
})

function event(id: string): AsyncEventTable {
  const known = { id, account_id: '1', region: 'us-east-1', name: 'f', request_id: id, payload: Buffer.from('{}') }
  const unknown = { qualifier: null, client_context: null, trace_header: '', owner: null }
  return { ...known, ...unknown, accepted_at: 0, due_at: 0, attempt: 0, deferrals: 0, locked_until: 0 }
}
