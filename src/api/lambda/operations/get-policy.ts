import { parseFunctionName } from '../../../functions/function-name.ts'
import { getPolicy as readPolicy } from '../../../functions/policies.ts'
import { defineOperation } from '../operation.ts'

export const getPolicy = defineOperation<{ readonly FunctionName: string; readonly Qualifier?: string }>({
  name: 'GetPolicy',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    return { json: await readPolicy(services.catalog.db, { ...key, kind: 'function', qualifier: qualifier ?? '' }) }
  },
})
