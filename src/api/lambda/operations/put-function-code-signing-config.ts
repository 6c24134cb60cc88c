import { expectCodeSigningConfig } from '../../../functions/code-signing.ts'
import { getFunction } from '../../../functions/function-store.ts'
import { parseFunctionOnly } from '../function-only.ts'
import { defineOperation } from '../operation.ts'

export const putFunctionCodeSigningConfig = defineOperation<{
  readonly FunctionName: string
  readonly CodeSigningConfigArn: string
}>({
  name: 'PutFunctionCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseFunctionOnly(input.FunctionName, caller)
    const { CodeSigningConfigArn } = input
    await services.catalog.transaction(async (db) => {
      await expectCodeSigningConfig(db, key, CodeSigningConfigArn)
      await getFunction(db, key)
      await db
        .updateTable('function')
        .set({ code_signing_config: CodeSigningConfigArn })
        .where('account_id', '=', key.accountId)
        .where('region', '=', key.region)
        .where('name', '=', key.name)
        .execute()
    })
    return { json: { CodeSigningConfigArn, FunctionName: key.name } }
  },
})
