/** Removes log events: expired ones, and those of deleted groups and streams. In small steps, so that nobody waits long. */
import { sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import type { Catalog } from '../store/catalog.ts'
import type { Database } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { eventOverheadBytes } from './log-writer.ts'

const dayMs = 24 * 60 * 60 * 1000
const rowsPerStep = 500

type Events = Database<LogEventSchema>

/** Removes the events of a group and its streams. */
export async function purgeGroup(events: Events, groupId: string): Promise<void> {
  await removeEvents(events, sql`group_id = ${groupId}`)
  await events.db.deleteFrom('log_stream').where('group_id', '=', groupId).execute()
}

export async function purgeStream(events: Events, streamId: number): Promise<void> {
  await removeEvents(events, sql`stream_id = ${streamId}`)
  await events.db.deleteFrom('log_stream').where('id', '=', streamId).execute()
}

/** Removes events older than their group's retention, and everything of groups that are no longer in the catalog. */
export async function expireEvents(events: Events, catalog: Catalog, clock: Clock): Promise<void> {
  const groups = await catalog.db.selectFrom('log_group').select(['id', 'retention_days']).execute()
  const known = new Set(groups.map((group) => group.id))
  const stored = await events.db.selectFrom('log_stream').select('group_id').distinct().execute()
  for (const { group_id } of stored) if (!known.has(group_id)) await purgeGroup(events, group_id)
  for (const { id, retention_days } of groups) {
    if (retention_days === null) continue
    const before = clock.now() - retention_days * dayMs
    if (await removeEvents(events, sql`group_id = ${id} and timestamp < ${before}`)) await recount(events, id)
  }
}

async function removeEvents(events: Events, condition: ReturnType<typeof sql>): Promise<boolean> {
  for (let removed = false; ; removed = true) {
    const { numAffectedRows } = await sql`
      delete from log_event where id in (select id from log_event where ${condition} limit ${rowsPerStep})
    `.execute(events.db)
    if (!numAffectedRows) return removed
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function recount(events: Events, groupId: string): Promise<void> {
  await sql`
    update log_stream set
      first_event_at = (select min(timestamp) from log_event where stream_id = log_stream.id),
      stored_bytes = (
        select coalesce(sum(length(message) + ${eventOverheadBytes}), 0) from log_event where stream_id = log_stream.id
      )
    where group_id = ${groupId}
  `.execute(events.db)
}
