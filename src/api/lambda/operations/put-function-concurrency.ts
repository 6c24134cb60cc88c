import { reserve } from '../../../functions/concurrency.ts'
import { functionArn, latest } from '../../../functions/function-name.ts'
import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly FunctionName: string
  readonly ReservedConcurrentExecutions: number
}

export const putFunctionConcurrency = defineOperation<Input>({
  name: 'PutFunctionConcurrency',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseFunctionOnly(input.FunctionName, caller)
    const { ReservedConcurrentExecutions } = input
    await services.catalog.transaction(async (db) => {
      // The qualifier that nobody asked for is recorded.
      await getFunction(db, key, functionArn(key, latest))
      await reserve(db, key, ReservedConcurrentExecutions)
    })
    services.changes.announce({ ...key, what: 'concurrency' })
    return { json: { ReservedConcurrentExecutions } }
  },
})
