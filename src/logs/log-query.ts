/** Reads log events: of one stream in both directions, or of a whole group through a filter. */
import { sql } from 'kysely'
import { mebibyte } from '../base/byte-size.ts'
import type { Queries } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { eventOverheadBytes } from './log-writer.ts'

export interface LogEvent {
  /** Grows with ingestion. */
  readonly id: number
  readonly stream: string
  readonly timestamp: number
  readonly ingestedAt: number
  readonly message: string
}

/** A place between events, in the order of time and then of ingestion. */
export interface LogPosition {
  readonly timestamp: number
  readonly id: number
}

export interface TimeRange {
  /** Inclusive, milliseconds since the Unix epoch. */
  readonly from?: number | undefined
  /** Exclusive. */
  readonly until?: number | undefined
}

/** What one answer holds at most, in bytes. Source: GetLogEvents and FilterLogEvents API references. */
export const answerLimit = mebibyte

/** Events that one call of `filterEvents` looks at before it hands back a place to go on from. */
const scanLimit = 20_000
const rowsPerPage = 500
/** A filter hands over to others after this long. */
const longestStepMs = 5

/** Events of a stream in ascending order: those after `position`, or the last ones before it. */
export async function readStream(
  db: Queries<LogEventSchema>,
  streamId: number,
  options: TimeRange & {
    readonly direction: 'forward' | 'backward'
    readonly position?: LogPosition | undefined
    readonly limit: number
  },
): Promise<readonly LogEvent[]> {
  const events: LogEvent[] = []
  const budget = new Budget(options.limit)
  let position = options.position
  for (;;) {
    const rows = await page(db, { ...options, position, streamIds: [streamId] })
    for (const event of rows) {
      if (!budget.take(event)) return inTimeOrder(events, options.direction)
      events.push(event)
    }
    if (rows.length < rowsPerPage) return inTimeOrder(events, options.direction)
    position = rows.at(-1)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Events of a group, in ascending order, whose message passes; `next` is where to go on, absent at the end. */
export async function filterEvents(
  db: Queries<LogEventSchema>,
  groupId: string,
  options: TimeRange & {
    readonly streamIds?: readonly number[] | undefined
    readonly matches: (message: string) => boolean
    readonly position?: LogPosition | undefined
    readonly limit: number
  },
): Promise<{ readonly events: readonly LogEvent[]; readonly next?: LogPosition | undefined }> {
  const events: LogEvent[] = []
  const budget = new Budget(options.limit)
  let position = options.position
  for (let scanned = 0; scanned < scanLimit; scanned += rowsPerPage) {
    const rows = await page(db, { ...options, groupId, position, direction: 'forward' })
    let started = performance.now()
    for (const event of rows) {
      if (performance.now() - started > longestStepMs) {
        await new Promise((resolve) => setImmediate(resolve))
        started = performance.now()
      }
      if (options.matches(event.message)) {
        if (!budget.take(event)) return { events, next: position }
        events.push(event)
      }
      position = event
    }
    if (rows.length < rowsPerPage) return { events }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { events, next: position }
}

interface PageOptions extends TimeRange {
  readonly groupId?: string | undefined
  readonly streamIds?: readonly number[] | undefined
  readonly direction: 'forward' | 'backward'
  readonly position?: LogPosition | undefined
}

/** In the order of the direction. */
async function page(db: Queries<LogEventSchema>, options: PageOptions): Promise<LogEvent[]> {
  const order = options.direction === 'forward' ? 'asc' : 'desc'
  let query = db
    .selectFrom('log_event as event')
    .innerJoin('log_stream as stream', 'stream.id', 'event.stream_id')
    .select(['event.id', 'stream.name', 'event.timestamp', 'event.ingested_at', 'event.message'])
    .orderBy('event.timestamp', order)
    .orderBy('event.id', order)
    .limit(rowsPerPage)
  if (options.groupId !== undefined) query = query.where('event.group_id', '=', options.groupId)
  if (options.streamIds) query = query.where('event.stream_id', 'in', options.streamIds)
  if (options.from !== undefined) query = query.where('event.timestamp', '>=', options.from)
  if (options.until !== undefined) query = query.where('event.timestamp', '<', options.until)
  if (options.position) {
    const { timestamp, id } = options.position
    const beyond = sql.raw(options.direction === 'forward' ? '>' : '<')
    query = query.where(sql<boolean>`(event.timestamp, event.id) ${beyond} (${timestamp}, ${id})`)
  }
  const rows = await query.execute()
  return rows.map((row) => ({
    id: row.id,
    stream: row.name,
    timestamp: row.timestamp,
    ingestedAt: row.ingested_at,
    message: row.message.toString('utf8'),
  }))
}

/** Counts down events and bytes of an answer; the first event always fits. */
class Budget {
  #events: number
  #bytes = answerLimit
  #empty = true

  constructor(events: number) {
    this.#events = events
  }

  take(event: LogEvent): boolean {
    const bytes = Buffer.byteLength(event.message) + eventOverheadBytes
    if (!this.#empty && (this.#events < 1 || this.#bytes < bytes)) return false
    this.#empty = false
    this.#events -= 1
    this.#bytes -= bytes
    return true
  }
}

function inTimeOrder(events: LogEvent[], direction: 'forward' | 'backward'): readonly LogEvent[] {
  return direction === 'forward' ? events : events.reverse()
}
