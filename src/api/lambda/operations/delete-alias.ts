import { parseFunctionName } from '../../../functions/function-name.ts'
import { defineOperation } from '../operation.ts'

export const deleteAlias = defineOperation<{ readonly FunctionName: string; readonly Name: string }>({
  name: 'DeleteAlias',
  support: 'implemented',
  async handle(input, { caller, services }) {
    await services.aliases.delete(parseFunctionName(input.FunctionName, caller), input.Name)
    return { status: 204 }
  },
})
