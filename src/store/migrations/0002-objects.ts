import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

export const objectsMigration: Migration = {
  name: '0002-objects',
  async up(db) {
    await sql`create table bucket (
      name text primary key,
      account_id text not null,
      region text not null,
      created_at integer not null,
      versioning text
    ) strict`.execute(db)
    await sql`create index bucket_by_account on bucket (account_id, name)`.execute(db)
    await sql`create table bucket_setting (
      bucket text not null references bucket (name) on delete cascade,
      name text not null,
      document text not null,
      primary key (bucket, name)
    ) strict`.execute(db)
    await sql`create table object_version (
      id integer primary key autoincrement,
      bucket text not null references bucket (name),
      key text not null,
      version_id text not null,
      latest integer not null,
      delete_marker integer not null,
      digest text,
      bytes integer,
      etag text,
      headers text,
      metadata text,
      checksum text,
      parts text,
      tags text,
      modified_at integer not null,
      unique (bucket, key, version_id)
    ) strict`.execute(db)
    await sql`create unique index object_latest on object_version (bucket, key) where latest = 1`.execute(db)
    await sql`create index object_by_key on object_version (bucket, key, id desc)`.execute(db)
    await sql`create index object_by_digest on object_version (digest)`.execute(db)
    await sql`create table multipart_upload (
      upload_id text primary key,
      bucket text not null references bucket (name),
      key text not null,
      headers text not null,
      metadata text not null,
      checksum text,
      tags text,
      initiated_at integer not null
    ) strict`.execute(db)
    await sql`create index multipart_by_key on multipart_upload (bucket, key, upload_id)`.execute(db)
    await sql`create table multipart_part (
      upload_id text not null references multipart_upload (upload_id) on delete cascade,
      part_number integer not null,
      digest text not null,
      bytes integer not null,
      etag text not null,
      checksum text,
      modified_at integer not null,
      primary key (upload_id, part_number)
    ) strict`.execute(db)
    await sql`create index part_by_digest on multipart_part (digest)`.execute(db)
  },
}
