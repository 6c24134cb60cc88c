import { findSetting } from '../../../functions/setting-store.ts'
import { latest } from '../../../functions/function-name.ts'
import { defineOperation } from '../operation.ts'
import { shownVersion } from '../shown-version.ts'

export const getRuntimeManagementConfig = defineOperation<{
  readonly FunctionName: string
  readonly Qualifier?: string
}>({
  name: 'GetRuntimeManagementConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const { db } = services.catalog
    const { version, arn } = await shownVersion(input.FunctionName, input.Qualifier, caller, db)
    const row = await findSetting(db, version, 'runtime-management', version.number === 0 ? latest : version.version)
    const document = row ? (JSON.parse(row.document) as object) : { UpdateRuntimeOn: 'Auto' }
    return { json: { ...document, FunctionArn: arn } }
  },
})
