import { invalidParameter } from '../../../functions/errors.ts'
import { functionArn, latest, parseFunctionName } from '../../../functions/function-name.ts'
import { addStatement } from '../../../functions/policies.ts'
import { expectQualifier } from '../../../functions/qualifiers.ts'
import { defineOperation } from '../operation.ts'
import { makeStatement, type PermissionInput } from '../statement.ts'

interface Input extends PermissionInput {
  readonly FunctionName: string
  readonly Qualifier?: string
  readonly RevisionId?: string
}

export const addPermission = defineOperation<Input>({
  name: 'AddPermission',
  support: 'implemented',
  note: 'enforced for function URLs and for invocations with keys of other accounts; conditions that nothing here can meet grant nothing',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    if (qualifier === latest)
      throw invalidParameter({ text: 'We currently do not support adding policies for $LATEST.' })
    const statement = await services.catalog.transaction(async (db) => {
      await expectQualifier(db, key, qualifier)
      const made = makeStatement(input, functionArn(key, qualifier))
      await addStatement(db, { ...key, kind: 'function', qualifier: qualifier ?? '' }, made, input.RevisionId)
      return made
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    return { json: { Statement: JSON.stringify(statement) } }
  },
})
