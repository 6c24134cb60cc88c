import { latest, parseFunctionName } from '../../../functions/function-name.ts'
import { findSetting, putSetting } from '../../../functions/setting-store.ts'
import {
  checkDestinations,
  documentOf,
  eventInvokeView,
  expectSomething,
  expectTarget,
  type EventInvokeInput,
} from '../event-invoke-config.ts'
import { defineOperation } from '../operation.ts'

export const putFunctionEventInvokeConfig = defineOperation<EventInvokeInput>({
  name: 'PutFunctionEventInvokeConfig',
  support: 'implemented',
  note: 'destinations that are functions or buckets of this service are served; others are stored',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller, input.Qualifier)
    const document = documentOf(input)
    const row = await services.catalog.transaction(async (db) => {
      expectSomething(document)
      await expectTarget(db, key, qualifier)
      await checkDestinations(db, key, document.DestinationConfig)
      await putSetting(db, key, 'event-invoke', qualifier ?? latest, document, services.clock.now())
      return (await findSetting(db, key, 'event-invoke', qualifier ?? latest))!
    })
    return { json: eventInvokeView(row) }
  },
})
