/** Queries on aliases. */
import type { Selectable } from 'kysely'
import type { CatalogQueries } from '../store/catalog.ts'
import type { FunctionAliasTable } from '../store/tables/functions.ts'
import type { FunctionKey } from './function-name.ts'

export type AliasRow = Selectable<FunctionAliasTable>

export async function findAlias(db: CatalogQueries, key: FunctionKey, alias: string): Promise<AliasRow | undefined> {
  return aliasesOf(db, key).where('alias', '=', alias).executeTakeFirst()
}

export function aliasesOf(db: CatalogQueries, key: FunctionKey) {
  return db
    .selectFrom('function_alias')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
}
