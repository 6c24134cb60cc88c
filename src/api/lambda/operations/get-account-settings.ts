import { reservedConcurrency } from '../../../functions/concurrency.ts'
import { storedCodeBytes } from '../../../functions/function-store.ts'
import { accountConcurrency, codeStorageLimit, unzippedSizeLimit, zippedSizeLimit } from '../../../lambda/quotas.ts'
import { defineOperation } from '../operation.ts'

export const getAccountSettings = defineOperation<object>({
  name: 'GetAccountSettings',
  support: 'implemented',
  async handle(_, { caller, services }) {
    const { db } = services.catalog
    const functions = await db
      .selectFrom('function')
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('account_id', '=', caller.accountId)
      .where('region', '=', caller.region)
      .executeTakeFirst()
    return {
      json: {
        AccountLimit: {
          TotalCodeSize: codeStorageLimit,
          CodeSizeUnzipped: unzippedSizeLimit,
          CodeSizeZipped: zippedSizeLimit,
          ConcurrentExecutions: accountConcurrency,
          UnreservedConcurrentExecutions: accountConcurrency - (await reservedConcurrency(db, caller)),
        },
        AccountUsage: {
          TotalCodeSize: await storedCodeBytes(db, caller),
          FunctionCount: Number(functions?.count ?? 0),
        },
      },
    }
  },
})
