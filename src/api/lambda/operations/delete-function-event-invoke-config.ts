import { latest, parseFunctionName } from '../../../functions/function-name.ts'
import { deleteSetting } from '../../../functions/setting-store.ts'
import { noEventInvokeConfig } from '../event-invoke-config.ts'
import { defineOperation } from '../operation.ts'

export const deleteFunctionEventInvokeConfig = defineOperation<{
  readonly FunctionName: string
  readonly Qualifier?: string
}>({
  name: 'DeleteFunctionEventInvokeConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    const deleted = await deleteSetting(services.catalog.db, key, 'event-invoke', qualifier ?? latest)
    if (!deleted) throw noEventInvokeConfig(key, qualifier)
    return { status: 204 }
  },
})
