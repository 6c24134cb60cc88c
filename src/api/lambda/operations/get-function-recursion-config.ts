import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const getFunctionRecursionConfig = defineOperation<{ readonly FunctionName: string }>({
  name: 'GetFunctionRecursionConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const row = await getFunction(services.catalog.db, parseFunctionOnly(input.FunctionName, caller))
    return { json: { RecursiveLoop: row.recursive_loop } }
  },
})
