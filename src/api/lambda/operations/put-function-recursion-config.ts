import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const putFunctionRecursionConfig = defineOperation<{
  readonly FunctionName: string
  readonly RecursiveLoop: 'Allow' | 'Terminate'
}>({
  name: 'PutFunctionRecursionConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseFunctionOnly(input.FunctionName, caller)
    const { RecursiveLoop } = input
    await services.catalog.transaction(async (db) => {
      await getFunction(db, key)
      await db
        .updateTable('function')
        .set({ recursive_loop: RecursiveLoop })
        .where('account_id', '=', key.accountId)
        .where('region', '=', key.region)
        .where('name', '=', key.name)
        .execute()
    })
    return { json: { RecursiveLoop } }
  },
})
