import { reserve } from '../../../functions/concurrency.ts'
import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const deleteFunctionConcurrency = defineOperation<{ readonly FunctionName: string }>({
  name: 'DeleteFunctionConcurrency',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseFunctionOnly(input.FunctionName, caller)
    await services.catalog.transaction(async (db) => {
      await getFunction(db, key)
      await reserve(db, key, null)
    })
    services.changes.announce({ ...key, what: 'concurrency' })
    return { status: 204 }
  },
})
