import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const getFunctionConcurrency = defineOperation<{ readonly FunctionName: string }>({
  name: 'GetFunctionConcurrency',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const row = await getFunction(services.catalog.db, parseFunctionOnly(input.FunctionName, caller))
    return { json: { ReservedConcurrentExecutions: row.reserved_concurrency ?? undefined } }
  },
})
