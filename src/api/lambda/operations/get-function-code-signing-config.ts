import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const getFunctionCodeSigningConfig = defineOperation<{ readonly FunctionName: string }>({
  name: 'GetFunctionCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseFunctionOnly(input.FunctionName, caller)
    const row = await getFunction(services.catalog.db, key)
    const arn = row.code_signing_config
    return { json: arn === null ? {} : { CodeSigningConfigArn: arn, FunctionName: key.name } }
  },
})
