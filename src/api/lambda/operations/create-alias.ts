import type { Weights } from '../../../functions/aliases.ts'
import { parseFunctionName } from '../../../functions/function-name.ts'
import { aliasView } from '../alias-view.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly FunctionName: string
  readonly Name: string
  readonly FunctionVersion: string
  readonly Description?: string
  readonly RoutingConfig?: { readonly AdditionalVersionWeights?: Weights }
}

export const createAlias = defineOperation<Input>({
  name: 'CreateAlias',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const row = await services.aliases.create(parseFunctionName(input.FunctionName, caller), input.Name, {
      version: input.FunctionVersion,
      description: input.Description,
      weights: input.RoutingConfig?.AdditionalVersionWeights,
    })
    return { json: aliasView(row) }
  },
})
