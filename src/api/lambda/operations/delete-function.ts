import { parseFunctionName } from '../../../functions/function-name.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly FunctionName: string
  readonly Qualifier?: string
}

export const deleteFunction = defineOperation<Input>({
  name: 'DeleteFunction',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    await services.functions.delete(key, qualifier)
    // 200 in the model, 204 on the wire: recorded.
    return { status: 204 }
  },
})
