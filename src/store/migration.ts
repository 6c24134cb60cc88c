/** Brings a database to the schema of this version, one transaction per migration. */
import { sql, type Kysely } from 'kysely'
import type { Clock } from '../base/clock.ts'
import { storeNewer } from './errors.ts'

/** A handle without a schema: a migration must not change when the types of today do. */
export type MigrationQueries = Kysely<Record<string, Record<string, unknown>>>

/** One step of the schema. Once released it is never edited; a later step changes what it made. */
export interface Migration {
  /** `0001-functions`: ordered, unique, what `storeNewer` names. */
  readonly name: string
  up(db: MigrationQueries): Promise<void>
}

interface Migratable<Schema> {
  transaction<Result>(callback: (db: Kysely<Schema>) => Promise<Result>): Promise<Result>
}

/** @throws `storeNewer` when the database has a migration that the list does not. */
export async function migrate<Schema>(
  database: Migratable<Schema>,
  migrations: readonly Migration[],
  options: { readonly clock: Clock; readonly file: string },
): Promise<void> {
  const applied = await database.transaction(async (db) => {
    await sql`create table if not exists migration (name text primary key, applied_at integer not null) strict`.execute(
      db,
    )
    const { rows } = await sql<{ name: string }>`select name from migration order by name`.execute(db)
    return new Set(rows.map((row) => row.name))
  })
  const known = new Set(migrations.map((migration) => migration.name))
  const unknown = [...applied].find((name) => !known.has(name))
  if (unknown !== undefined) throw storeNewer({ file: options.file, migration: unknown })
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue
    await database.transaction(async (db) => {
      await migration.up(db as unknown as MigrationQueries)
      await sql`insert into migration (name, applied_at) values (${migration.name}, ${options.clock.now()})`.execute(db)
    })
  }
}
