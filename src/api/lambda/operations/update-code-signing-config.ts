import {
  codeSigningView,
  expectNotEnforced,
  getConfig,
  type CodeSigningDocument,
  type CodeSigningInput,
} from '../code-signing-view.ts'
import { defineOperation } from '../operation.ts'

export const updateCodeSigningConfig = defineOperation<CodeSigningInput & { readonly CodeSigningConfigArn: string }>({
  name: 'UpdateCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    expectNotEnforced(input)
    const row = await services.catalog.transaction(async (db) => {
      const before = await getConfig(db, caller, input.CodeSigningConfigArn)
      const document = JSON.parse(before.document) as CodeSigningDocument
      const after = {
        Description: input.Description ?? document.Description,
        AllowedPublishers: input.AllowedPublishers ?? document.AllowedPublishers,
        CodeSigningPolicies: input.CodeSigningPolicies ?? document.CodeSigningPolicies,
      }
      const changed = { ...before, document: JSON.stringify(after), modified_at: services.clock.now() }
      await db.updateTable('code_signing_config').set(changed).where('id', '=', before.id).execute()
      return changed
    })
    return { json: { CodeSigningConfig: codeSigningView(row) } }
  },
})
