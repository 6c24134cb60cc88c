/** Log streams: one per execution environment. */
import type { Queries } from '../store/database.ts'
import type { LogEventSchema, LogStreamTable } from '../store/tables/logs.ts'
import type { Selectable } from 'kysely'

export interface LogStream {
  readonly id: number
  readonly name: string
  readonly createdAt: number
  /** Absent until it has events. */
  readonly firstEventAt: number | undefined
  readonly lastEventAt: number | undefined
  readonly lastIngestedAt: number | undefined
  readonly storedBytes: number
}

export interface LogStreamPage {
  readonly streams: readonly LogStream[]
  /** Pass it as `after` for the next page; absent at the end. */
  readonly next?: { readonly name: string; readonly lastEventAt: number } | undefined
}

export async function findLogStream(
  db: Queries<LogEventSchema>,
  groupId: string,
  name: string,
): Promise<LogStream | undefined> {
  const row = await db
    .selectFrom('log_stream')
    .selectAll()
    .where('group_id', '=', groupId)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Streams by name or by the time of their last event (streams without one count as 0), at most `limit`. */
export async function listLogStreams(
  db: Queries<LogEventSchema>,
  groupId: string,
  options: {
    readonly limit: number
    readonly prefix?: string | undefined
    readonly orderBy?: 'name' | 'last event' | undefined
    readonly descending?: boolean | undefined
    readonly after?: LogStreamPage['next']
  },
): Promise<LogStreamPage> {
  const direction = options.descending ? 'desc' : 'asc'
  const beyond = options.descending ? '<' : '>'
  let query = db
    .selectFrom('log_stream')
    .selectAll()
    .where('group_id', '=', groupId)
    .limit(options.limit + 1)
  if (options.prefix) {
    query = query.where('name', '>=', options.prefix).where('name', '<', `${options.prefix}\u{10ffff}`)
  }
  const { after } = options
  if (options.orderBy === 'last event') {
    query = query
      .orderBy((order) => order.fn.coalesce('last_event_at', order.val(0)), direction)
      .orderBy('name', direction)
    if (after) {
      query = query.where((where) => {
        const lastEventAt = where.fn.coalesce('last_event_at', where.val(0))
        return where.or([
          where(lastEventAt, beyond, after.lastEventAt),
          where.and([where(lastEventAt, '=', after.lastEventAt), where('name', beyond, after.name)]),
        ])
      })
    }
  } else {
    query = query.orderBy('name', direction)
    if (after) query = query.where('name', beyond, after.name)
  }
  const rows = await query.execute()
  const streams = rows.slice(0, options.limit).map(fromRow)
  const last = streams.at(-1)
  if (rows.length <= options.limit || !last) return { streams }
  return { streams, next: { name: last.name, lastEventAt: last.lastEventAt ?? 0 } }
}

export async function storedBytesOfGroups(
  db: Queries<LogEventSchema>,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (groupIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('log_stream')
    .select(({ fn }) => ['group_id', fn.sum<number>('stored_bytes').as('bytes')])
    .where('group_id', 'in', groupIds)
    .groupBy('group_id')
    .execute()
  return new Map(rows.map((row) => [row.group_id, row.bytes]))
}

function fromRow(row: Selectable<LogStreamTable>): LogStream {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    firstEventAt: row.first_event_at ?? undefined,
    lastEventAt: row.last_event_at ?? undefined,
    lastIngestedAt: row.last_ingested_at ?? undefined,
    storedBytes: row.stored_bytes,
  }
}
