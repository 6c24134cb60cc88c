import type { Weights } from '../../../functions/aliases.ts'
import { parseFunctionName } from '../../../functions/function-name.ts'
import { aliasView } from '../alias-view.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly FunctionName: string
  readonly Name: string
  readonly FunctionVersion?: string
  readonly Description?: string
  readonly RoutingConfig?: { readonly AdditionalVersionWeights?: Weights }
  readonly RevisionId?: string
}

export const updateAlias = defineOperation<Input>({
  name: 'UpdateAlias',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const row = await services.aliases.update(parseFunctionName(input.FunctionName, caller), input.Name, {
      version: input.FunctionVersion,
      description: input.Description,
      weights: input.RoutingConfig && (input.RoutingConfig.AdditionalVersionWeights ?? {}),
      revisionId: input.RevisionId,
    })
    return { json: aliasView(row) }
  },
})
