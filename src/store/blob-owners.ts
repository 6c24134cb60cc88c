/** Which rows of the catalog name blobs: the one list that decides what may be collected. */
import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { CatalogQueries } from './catalog.ts'

/** Table and column, each with an index on the column. A test compares the list with the schema. */
export const blobColumns: readonly (readonly [table: string, column: string])[] = [
  ['object_version', 'digest'],
  ['multipart_part', 'digest'],
  ['function_version', 'code_digest'],
  ['function_version', 'running_digest'],
  ['layer_version', 'code_digest'],
]

/** Below SQLite's limit of parameters, and a short step. */
const digestsPerQuery = 200

/** Which of the candidates some row still names. */
export async function ownedDigests(db: CatalogQueries, candidates: readonly Digest[]): Promise<ReadonlySet<Digest>> {
  const owned = new Set<Digest>()
  for (let at = 0; at < candidates.length; at += digestsPerQuery) {
    const some = candidates.slice(at, at + digestsPerQuery)
    for (const [table, column] of blobColumns) {
      const { rows } = await sql<{ digest: Digest }>`
        select distinct ${sql.ref(column)} as digest from ${sql.table(table)} where ${sql.ref(column)} in (${sql.join(some)})
      `.execute(db)
      for (const { digest } of rows) owned.add(digest)
    }
  }
  return owned
}
