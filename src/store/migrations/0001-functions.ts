import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

export const functionsMigration: Migration = {
  name: '0001-functions',
  async up(db) {
    await sql`create table function (
      account_id text not null,
      region text not null,
      name text not null,
      id text not null unique,
      created_at integer not null,
      last_version integer not null,
      tags text not null,
      reserved_concurrency integer,
      recursive_loop text not null,
      code_signing_config text,
      primary key (account_id, region, name)
    ) strict, without rowid`.execute(db)
    await sql`create table function_version (
      account_id text not null,
      region text not null,
      name text not null,
      number integer not null,
      revision_id text not null,
      configuration text not null,
      code_digest text not null,
      code_bytes integer not null,
      unzipped_bytes integer not null,
      fingerprint text,
      state text not null,
      update_status text,
      failure text,
      modified_at integer not null,
      running_configuration text,
      running_digest text,
      running_bytes integer,
      primary key (account_id, region, name, number),
      foreign key (account_id, region, name) references function on delete cascade
    ) strict, without rowid`.execute(db)
    await sql`create index function_version_by_digest on function_version (code_digest)`.execute(db)
    await sql`create index function_version_usage on function_version (account_id, region, code_bytes)`.execute(db)
    await sql`create index function_version_by_running_digest on function_version (running_digest) where running_digest is not null`.execute(
      db,
    )
    // Resumption after a restart looks for what was under way.
    await sql`create index function_version_under_way on function_version (state)
      where state = 'Pending' or update_status = 'InProgress'`.execute(db)
    await sql`create table function_alias (
      account_id text not null,
      region text not null,
      name text not null,
      alias text not null,
      version integer not null,
      description text not null,
      weights text not null,
      revision_id text not null,
      primary key (account_id, region, name, alias),
      foreign key (account_id, region, name) references function on delete cascade
    ) strict, without rowid`.execute(db)
    await sql`create table function_setting (
      account_id text not null,
      region text not null,
      name text not null,
      qualifier text not null,
      kind text not null,
      document text not null,
      modified_at integer not null,
      primary key (account_id, region, name, kind, qualifier),
      foreign key (account_id, region, name) references function on delete cascade
    ) strict, without rowid`.execute(db)
    await sql`create table function_url (
      url_id text primary key,
      account_id text not null,
      region text not null,
      name text not null,
      qualifier text not null,
      document text not null,
      created_at integer not null,
      modified_at integer not null,
      unique (account_id, region, name, qualifier),
      foreign key (account_id, region, name) references function on delete cascade
    ) strict, without rowid`.execute(db)
    await sql`create table resource_policy (
      account_id text not null,
      region text not null,
      kind text not null,
      name text not null,
      qualifier text not null,
      statements text not null,
      revision_id text not null,
      primary key (account_id, region, kind, name, qualifier)
    ) strict, without rowid`.execute(db)
    await sql`create table layer (
      account_id text not null,
      region text not null,
      name text not null,
      last_version integer not null,
      primary key (account_id, region, name)
    ) strict, without rowid`.execute(db)
    await sql`create table layer_version (
      account_id text not null,
      region text not null,
      name text not null,
      version integer not null,
      code_digest text not null,
      code_bytes integer not null,
      unzipped_bytes integer not null,
      document text not null,
      created_at integer not null,
      deleted integer not null,
      primary key (account_id, region, name, version)
    ) strict, without rowid`.execute(db)
    await sql`create index layer_version_by_digest on layer_version (code_digest)`.execute(db)
    await sql`create table code_signing_config (
      account_id text not null,
      region text not null,
      id text not null,
      document text not null,
      modified_at integer not null,
      primary key (account_id, region, id)
    ) strict, without rowid`.execute(db)
  },
}
