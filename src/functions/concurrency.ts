/** Reserved concurrency of functions, and what of the account's is left. */
import { accountConcurrency, unreservedConcurrencyMinimum } from '../lambda/quotas.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import { invalidParameter } from './errors.ts'
import type { FunctionKey, Scope } from './function-name.ts'
import { settingsOf } from './setting-store.ts'

/** What functions of an account have reserved in a region, `except` one of them. */
export async function reservedConcurrency(db: CatalogQueries, scope: Scope, except?: string): Promise<number> {
  const row = await db
    .selectFrom('function')
    .select((e) => e.fn.sum<number | null>('reserved_concurrency').as('reserved'))
    .where('account_id', '=', scope.accountId)
    .where('region', '=', scope.region)
    .$if(except !== undefined, (query) => query.where('name', '!=', except!))
    .executeTakeFirst()
  return Number(row?.reserved ?? 0)
}

/** Provisioned concurrency of all qualifiers of a function. */
export async function provisionedConcurrency(db: CatalogQueries, key: FunctionKey): Promise<number> {
  const rows = await settingsOf(db, key, 'provisioned-concurrency').execute()
  return rows.reduce((sum, row) => sum + (JSON.parse(row.document) as { requested: number }).requested, 0)
}

export async function reserve(db: CatalogQueries, key: FunctionKey, concurrency: number | null): Promise<void> {
  if (concurrency !== null) {
    const others = await reservedConcurrency(db, key, key.name)
    if (accountConcurrency - others - concurrency < unreservedConcurrencyMinimum) {
      throw invalidParameter({
        text: `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedConcurrencyMinimum}].`,
        untyped: true,
      })
    }
    const provisioned = await provisionedConcurrency(db, key)
    if (concurrency < provisioned) {
      throw invalidParameter({
        text: ` ReservedConcurrentExecutions  ${concurrency} should not be lower than function's total provisioned concurrency [${provisioned}].`,
        untyped: true,
      })
    }
  }
  await db
    .updateTable('function')
    .set({ reserved_concurrency: concurrency })
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .execute()
}
