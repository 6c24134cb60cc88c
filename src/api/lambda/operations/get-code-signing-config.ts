import { codeSigningView, getConfig } from '../code-signing-view.ts'
import { defineOperation } from '../operation.ts'

export const getCodeSigningConfig = defineOperation<{ readonly CodeSigningConfigArn: string }>({
  name: 'GetCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const row = await getConfig(services.catalog.db, caller, input.CodeSigningConfigArn)
    return { json: { CodeSigningConfig: codeSigningView(row) } }
  },
})
