/** Takes log events out of `logs.db`, oldest first and off the counts of their streams: in small steps, so that nobody waits long. */
import { sql } from 'kysely'
import { mebibyte } from '../base/byte-size.ts'
import type { Database, Queries } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { fileBytesOf } from './file-bytes.ts'
import type { LogPosition } from './log-query.ts'
import { eventOverheadBytes } from './log-writer.ts'

/** Of one transaction; longer ones would hold up the event loop. */
const rowsPerStep = 250
const bytesPerStep = mebibyte

export interface Removal {
  /** Ends it between two steps; what is left is for the next sweep. */
  readonly signal: AbortSignal
  /** Runs a step in turn with the writing, which goes on between two. */
  inTurn<Result>(step: () => Promise<Result>): Promise<Result>
  /** Hears what was removed, after it was. */
  onRemoved(groupId: string, functionBytes: number): void
}

export interface EventRange {
  readonly groupId: string
  /** One stream of the group; all of them when absent. */
  readonly streamId?: number | undefined
  /** Exclusive, milliseconds since the Unix epoch. */
  readonly until?: number | undefined
  /** Where to begin. */
  readonly after?: LogPosition | undefined
  /** Leaves what clients brought. */
  readonly ofFunctionsOnly?: boolean | undefined
}

export interface RemovedStep {
  readonly events: number
  /** What the functions' events among them took of the file. */
  readonly functionBytes: number
  /** Events that were looked at and left. */
  readonly left: number
  /** The last that was looked at; absent when there are no more. */
  readonly next?: LogPosition | undefined
}

interface Row extends LogPosition {
  readonly streamId: number
  readonly messageBytes: number
  readonly fromFunction: 0 | 1
}

/** Removes all events of a range. @throws the signal's reason */
export async function removeEvents(
  database: Database<LogEventSchema>,
  range: EventRange,
  removal: Removal,
): Promise<void> {
  for (;;) {
    removal.signal.throwIfAborted()
    const next = await removal.inTurn(async () => {
      const step = await removeStep(database, range)
      removal.onRemoved(range.groupId, step.functionBytes)
      return step.next
    })
    if (!next) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Removes the first events of a range: one transaction, in which the counts of their streams change too. */
export function removeStep(database: Database<LogEventSchema>, range: EventRange): Promise<RemovedStep> {
  return database.transaction(async (db) => {
    const { rows, isAll } = await firstRows(db, range)
    const removed = range.ofFunctionsOnly ? rows.filter((row) => row.fromFunction === 1) : rows
    if (removed.length > 0) {
      const ids = JSON.stringify(removed.map((row) => row.id))
      await sql`delete from log_event where id in (select value from json_each(${ids}))`.execute(db)
      await new Promise((resolve) => setImmediate(resolve))
      await takeOffStreams(db, removed)
    }
    return {
      events: removed.length,
      functionBytes: removed.reduce((sum, row) => sum + functionBytesOf(row), 0),
      left: rows.length - removed.length,
      next: isAll ? undefined : rows.at(-1),
    }
  })
}

async function firstRows(
  db: Queries<LogEventSchema>,
  { groupId, streamId, until, after }: EventRange,
): Promise<{ readonly rows: readonly Row[]; readonly isAll: boolean }> {
  let query = db
    .selectFrom('log_event')
    .select(['id', 'timestamp', 'stream_id as streamId', 'from_function as fromFunction'])
    // Of a BLOB: read from the head of its row.
    .select(sql<number>`length(message)`.as('messageBytes'))
    .orderBy('timestamp')
    .orderBy('id')
    .limit(rowsPerStep)
  query = streamId === undefined ? query.where('group_id', '=', groupId) : query.where('stream_id', '=', streamId)
  if (until !== undefined) query = query.where('timestamp', '<', until)
  if (after) query = query.where(sql<boolean>`(timestamp, id) > (${after.timestamp}, ${after.id})`)
  const found = await query.execute()
  let bytes = 0
  const enough = found.findIndex((row) => (bytes += row.messageBytes) >= bytesPerStep)
  const rows = enough < 0 ? found : found.slice(0, enough + 1)
  return { rows, isAll: rows.length === found.length && found.length < rowsPerStep }
}

async function takeOffStreams(db: Queries<LogEventSchema>, removed: readonly Row[]): Promise<void> {
  const streams = new Map<number, { bytes: number; functionBytes: number }>()
  for (const row of removed) {
    const stream = streams.get(row.streamId) ?? { bytes: 0, functionBytes: 0 }
    stream.bytes += row.messageBytes + eventOverheadBytes
    stream.functionBytes += functionBytesOf(row)
    streams.set(row.streamId, stream)
  }
  for (const [id, { bytes, functionBytes }] of streams) {
    await sql`update log_stream set
      first_event_at = (select min(timestamp) from log_event where stream_id = log_stream.id),
      stored_bytes = max(0, stored_bytes - ${bytes}),
      function_bytes = max(0, function_bytes - ${functionBytes})
      where id = ${id}`.execute(db)
  }
}

const functionBytesOf = (row: Row): number => (row.fromFunction === 1 ? fileBytesOf(row.messageBytes) : 0)
