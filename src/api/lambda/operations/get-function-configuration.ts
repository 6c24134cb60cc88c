import { defineOperation } from '../operation.ts'
import { shownVersion } from '../shown-version.ts'
import { fullConfiguration } from '../views.ts'

interface Input {
  readonly FunctionName: string
  readonly Qualifier?: string
}

export const getFunctionConfiguration = defineOperation<Input>({
  name: 'GetFunctionConfiguration',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { version, arn } = await shownVersion(input.FunctionName, input.Qualifier, caller, services.catalog.db)
    return { json: fullConfiguration(version, arn) }
  },
})
