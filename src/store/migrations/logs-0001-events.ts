import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

export const logEventsMigration: Migration = {
  name: 'logs-0001-events',
  async up(db) {
    await sql`create table log_stream (
      id integer primary key autoincrement,
      group_id text not null,
      name text not null,
      created_at integer not null,
      first_event_at integer,
      last_event_at integer,
      last_ingested_at integer,
      stored_bytes integer not null,
      unique (group_id, name)
    ) strict`.execute(db)
    await sql`create table log_event (
      id integer primary key autoincrement,
      group_id text not null,
      stream_id integer not null,
      timestamp integer not null,
      ingested_at integer not null,
      message blob not null
    ) strict`.execute(db)
    await sql`create index log_event_by_stream on log_event (stream_id, timestamp, id)`.execute(db)
    await sql`create index log_event_by_group on log_event (group_id, timestamp, id)`.execute(db)
  },
}
