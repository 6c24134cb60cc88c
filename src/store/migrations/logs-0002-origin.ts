import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

/** Who wrote an event. Of those that are there nobody knows, so they count as a client's: nothing that was accepted from a client is ever forgotten. */
export const logOriginMigration: Migration = {
  name: 'logs-0002-origin',
  async up(db) {
    await sql`alter table log_event add column from_function integer not null default 0`.execute(db)
    await sql`alter table log_stream add column function_bytes integer not null default 0`.execute(db)
  },
}
