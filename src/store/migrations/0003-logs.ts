import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

export const logsMigration: Migration = {
  name: '0003-logs',
  async up(db) {
    await sql`create table log_group (
      id text primary key,
      account_id text not null,
      region text not null,
      name text not null,
      created_at integer not null,
      retention_days integer,
      tags text not null,
      class text not null,
      kms_key_id text,
      unique (account_id, region, name)
    ) strict`.execute(db)
  },
}
