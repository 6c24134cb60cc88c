import { parseFunctionName } from '../../../functions/function-name.ts'
import { aliasView } from '../alias-view.ts'
import { defineOperation } from '../operation.ts'

export const getAlias = defineOperation<{ readonly FunctionName: string; readonly Name: string }>({
  name: 'GetAlias',
  support: 'implemented',
  async handle(input, { caller, services }) {
    return { json: aliasView(await services.aliases.get(parseFunctionName(input.FunctionName, caller), input.Name)) }
  },
})
