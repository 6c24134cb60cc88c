import { latest, parseFunctionName } from '../../../functions/function-name.ts'
import { findSetting, putSetting } from '../../../functions/setting-store.ts'
import {
  checkDestinations,
  documentOf,
  eventInvokeView,
  expectSomething,
  expectTarget,
  noEventInvokeConfig,
  type EventInvokeDocument,
  type EventInvokeInput,
} from '../event-invoke-config.ts'
import { defineOperation } from '../operation.ts'

export const updateFunctionEventInvokeConfig = defineOperation<EventInvokeInput>({
  name: 'UpdateFunctionEventInvokeConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    const change = documentOf(input)
    const row = await services.catalog.transaction(async (db) => {
      await expectTarget(db, key, qualifier)
      expectSomething(change)
      await checkDestinations(db, key, change.DestinationConfig)
      const before = await findSetting(db, key, 'event-invoke', qualifier ?? latest)
      if (!before) throw noEventInvokeConfig(key, qualifier)
      const document = JSON.parse(before.document) as EventInvokeDocument
      const merged = {
        ...document,
        ...(JSON.parse(JSON.stringify(change)) as EventInvokeDocument),
        ...(change.DestinationConfig && {
          DestinationConfig: { ...document.DestinationConfig, ...change.DestinationConfig },
        }),
      }
      await putSetting(db, key, 'event-invoke', qualifier ?? latest, merged, services.clock.now())
      return (await findSetting(db, key, 'event-invoke', qualifier ?? latest))!
    })
    return { json: eventInvokeView(row) }
  },
})
