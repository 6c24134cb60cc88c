import { randomBytes } from 'node:crypto'
import type { CodeSigningConfigRow } from '../../../functions/code-signing.ts'
import { codeSigningView, expectNotEnforced, type CodeSigningInput } from '../code-signing-view.ts'
import { defineOperation } from '../operation.ts'

export const createCodeSigningConfig = defineOperation<CodeSigningInput>({
  name: 'CreateCodeSigningConfig',
  support: 'stored',
  note: 'the policy `Enforce` is refused: signatures are not verified',
  async handle(input, { caller, services }) {
    expectNotEnforced(input)
    const row: CodeSigningConfigRow = {
      account_id: caller.accountId,
      region: caller.region,
      id: `csc-${randomBytes(9).toString('hex').slice(0, 17)}`,
      document: JSON.stringify({
        Description: input.Description ?? '',
        AllowedPublishers: input.AllowedPublishers,
        CodeSigningPolicies: input.CodeSigningPolicies ?? { UntrustedArtifactOnDeployment: 'Warn' },
      }),
      modified_at: services.clock.now(),
    }
    await services.catalog.db.insertInto('code_signing_config').values(row).execute()
    return { json: { CodeSigningConfig: codeSigningView(row) } }
  },
})
