import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

export const eventsMigration: Migration = {
  name: '0005-events',
  async up(db) {
    await sql`create table async_event (
      id text primary key,
      account_id text not null,
      region text not null,
      name text not null,
      qualifier text,
      request_id text not null,
      payload blob not null,
      client_context text,
      trace_header text not null,
      accepted_at integer not null,
      due_at integer not null,
      attempt integer not null,
      deferrals integer not null,
      owner text,
      locked_until integer not null
    ) strict`.execute(db)
    await sql`create index async_event_due on async_event (due_at) where owner is null`.execute(db)
    await sql`create index async_event_locked on async_event (locked_until) where owner is not null`.execute(db)
  },
}
