import { invalidParameter } from '../../../functions/errors.ts'
import { putSetting } from '../../../functions/setting-store.ts'
import { defineOperation } from '../operation.ts'
import { shownVersion } from '../shown-version.ts'

interface Input {
  readonly FunctionName: string
  readonly Qualifier?: string
  readonly UpdateRuntimeOn: 'Auto' | 'Manual' | 'FunctionUpdate'
  readonly RuntimeVersionArn?: string
}

export const putRuntimeManagementConfig = defineOperation<Input>({
  name: 'PutRuntimeManagementConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const { UpdateRuntimeOn, RuntimeVersionArn } = input
    if ((UpdateRuntimeOn === 'Manual') !== (RuntimeVersionArn !== undefined)) {
      throw invalidParameter({
        text:
          UpdateRuntimeOn === 'Manual'
            ? 'RuntimeVersionArn is required when UpdateRuntimeOn is Manual.'
            : 'RuntimeVersionArn can only be specified when UpdateRuntimeOn is Manual.',
      })
    }
    const document = { UpdateRuntimeOn, RuntimeVersionArn }
    const { version, arn } = await services.catalog.transaction(async (db) => {
      const shown = await shownVersion(input.FunctionName, input.Qualifier, caller, db)
      await putSetting(db, shown.version, 'runtime-management', shown.version.version, document, services.clock.now())
      return shown
    })
    services.changes.announce({
      accountId: version.accountId,
      region: version.region,
      name: version.name,
      what: 'setting',
    })
    return { json: { ...document, FunctionArn: arn } }
  },
})
