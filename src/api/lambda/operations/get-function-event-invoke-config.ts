import { latest, parseFunctionName } from '../../../functions/function-name.ts'
import { findSetting } from '../../../functions/setting-store.ts'
import { eventInvokeView, noEventInvokeConfig } from '../event-invoke-config.ts'
import { defineOperation } from '../operation.ts'

export const getFunctionEventInvokeConfig = defineOperation<{
  readonly FunctionName: string
  readonly Qualifier?: string
}>({
  name: 'GetFunctionEventInvokeConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    const row = await findSetting(services.catalog.db, key, 'event-invoke', qualifier ?? latest)
    if (!row) throw noEventInvokeConfig(key, qualifier)
    return { json: eventInvokeView(row) }
  },
})
