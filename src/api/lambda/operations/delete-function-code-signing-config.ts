import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const deleteFunctionCodeSigningConfig = defineOperation<{ readonly FunctionName: string }>({
  name: 'DeleteFunctionCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseFunctionOnly(input.FunctionName, caller)
    await services.catalog.transaction(async (db) => {
      await getFunction(db, key)
      await db
        .updateTable('function')
        .set({ code_signing_config: null })
        .where('account_id', '=', key.accountId)
        .where('region', '=', key.region)
        .where('name', '=', key.name)
        .execute()
    })
    return { status: 204 }
  },
})
