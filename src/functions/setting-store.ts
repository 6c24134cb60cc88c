/** Documents of one qualifier of a function: asynchronous invocation, provisioned concurrency, runtime management. */
import type { Selectable } from 'kysely'
import type { CatalogQueries } from '../store/catalog.ts'
import type { FunctionSettingTable } from '../store/tables/functions.ts'
import type { FunctionKey } from './function-name.ts'

export type SettingKind = FunctionSettingTable['kind']
export type SettingRow = Selectable<FunctionSettingTable>

export function settingsOf(db: CatalogQueries, key: FunctionKey, kind: SettingKind) {
  return db
    .selectFrom('function_setting')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .where('kind', '=', kind)
}

export async function findSetting(
  db: CatalogQueries,
  key: FunctionKey,
  kind: SettingKind,
  qualifier: string,
): Promise<SettingRow | undefined> {
  return settingsOf(db, key, kind).where('qualifier', '=', qualifier).executeTakeFirst()
}

export async function putSetting(
  db: CatalogQueries,
  key: FunctionKey,
  kind: SettingKind,
  qualifier: string,
  document: object,
  modifiedAt: number,
): Promise<void> {
  const values = { document: JSON.stringify(document), modified_at: modifiedAt }
  await db
    .insertInto('function_setting')
    .values({ account_id: key.accountId, region: key.region, name: key.name, qualifier, kind, ...values })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'region', 'name', 'kind', 'qualifier']).doUpdateSet(values),
    )
    .execute()
}

/** Whether there was one. */
export async function deleteSetting(
  db: CatalogQueries,
  key: FunctionKey,
  kind: SettingKind,
  qualifier: string,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('function_setting')
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .where('kind', '=', kind)
    .where('qualifier', '=', qualifier)
    .executeTakeFirst()
  return numDeletedRows > 0n
}
