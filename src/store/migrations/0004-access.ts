import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

export const accessMigration: Migration = {
  name: '0004-access',
  async up(db) {
    await sql`create table access_key (
      access_key_id text primary key,
      account_id text not null,
      secret_access_key text not null,
      name text,
      principal_arn text not null,
      kind text not null,
      session_token text,
      created_at integer not null,
      expires_at integer,
      revoked_at integer
    ) strict`.execute(db)
    await sql`create unique index access_key_name on access_key (account_id, name) where revoked_at is null`.execute(db)
    await sql`create index access_key_expiry on access_key (expires_at) where expires_at is not null`.execute(db)
    await sql`create table role (
      account_id text not null,
      name text not null collate nocase,
      path text not null,
      role_id text not null,
      description text,
      trust_policy text not null,
      max_session_seconds integer not null,
      permissions_boundary text,
      tags text not null,
      created_at integer not null,
      primary key (account_id, name)
    ) strict`.execute(db)
    await sql`create table role_policy (
      account_id text not null,
      role_name text not null collate nocase,
      name text not null,
      document text not null,
      primary key (account_id, role_name, name),
      foreign key (account_id, role_name) references role (account_id, name)
    ) strict`.execute(db)
    await sql`create table role_attachment (
      account_id text not null,
      role_name text not null collate nocase,
      policy_arn text not null,
      policy_name text not null,
      primary key (account_id, role_name, policy_arn),
      foreign key (account_id, role_name) references role (account_id, name)
    ) strict`.execute(db)
    await sql`create table policy (
      account_id text not null,
      name text not null,
      arn text primary key,
      path text not null,
      policy_id text not null,
      description text,
      default_version text not null,
      next_version integer not null,
      tags text not null,
      created_at integer not null,
      updated_at integer not null,
      unique (account_id, name)
    ) strict`.execute(db)
    await sql`create table policy_version (
      policy_arn text not null references policy (arn) on delete cascade,
      version text not null,
      document text not null,
      created_at integer not null,
      primary key (policy_arn, version)
    ) strict`.execute(db)
  },
}
