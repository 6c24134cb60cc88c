/** Removes log events that nobody is to see any more: expired ones, and those of deleted groups and streams. */
import type { Clock } from '../base/clock.ts'
import type { Catalog } from '../store/catalog.ts'
import type { Database } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { removeEvents, type Removal } from './remove-events.ts'

const dayMs = 24 * 60 * 60 * 1000

type Events = Database<LogEventSchema>

/** Removes the events of a group and its streams. */
export async function purgeGroup(events: Events, groupId: string, removal: Removal): Promise<void> {
  await removeEvents(events, { groupId }, removal)
  removal.signal.throwIfAborted()
  await removal.inTurn(() => events.db.deleteFrom('log_stream').where('group_id', '=', groupId).execute())
}

export async function purgeStream(
  events: Events,
  stream: { readonly groupId: string; readonly streamId: number },
  removal: Removal,
): Promise<void> {
  await removeEvents(events, stream, removal)
  await events.db.deleteFrom('log_stream').where('id', '=', stream.streamId).execute()
}

/** Removes events older than their group's retention, and everything of groups that are no longer in the catalog. */
export async function expireEvents(events: Events, catalog: Catalog, clock: Clock, removal: Removal): Promise<void> {
  // In this order: a group that is made meanwhile is not taken for one that was deleted.
  const stored = await events.db.selectFrom('log_stream').select('group_id').distinct().execute()
  const groups = await catalog.db.selectFrom('log_group').select(['id', 'retention_days']).execute()
  const known = new Set(groups.map((group) => group.id))
  for (const { group_id } of stored) if (!known.has(group_id)) await purgeGroup(events, group_id, removal)
  for (const { id, retention_days } of groups) {
    if (retention_days === null) continue
    await removeEvents(events, { groupId: id, until: clock.now() - retention_days * dayMs }, removal)
  }
}
