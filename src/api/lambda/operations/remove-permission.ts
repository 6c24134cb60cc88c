import { resourceNotFound } from '../../../functions/errors.ts'
import { functionArn, parseFunctionName } from '../../../functions/function-name.ts'
import { findFunction } from '../../../functions/function-store.ts'
import { removeStatement } from '../../../functions/policies.ts'
import { expectQualifier } from '../../../functions/qualifiers.ts'
import { defineOperation } from '../operation.ts'

interface Input {
  readonly FunctionName: string
  readonly StatementId: string
  readonly Qualifier?: string
  readonly RevisionId?: string
}

export const removePermission = defineOperation<Input>({
  name: 'RemovePermission',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    await services.catalog.transaction(async (db) => {
      if (!(await findFunction(db, key))) {
        throw resourceNotFound({ text: `No policy found for: ${functionArn(key, qualifier)}` })
      }
      await expectQualifier(db, key, qualifier)
      const policy = { ...key, kind: 'function', qualifier: qualifier ?? '' } as const
      await removeStatement(db, policy, input.StatementId, input.RevisionId)
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    return { status: 204 }
  },
})
