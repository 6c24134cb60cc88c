import { parseFunctionName } from '../../../functions/function-name.ts'
import { settingsOf } from '../../../functions/setting-store.ts'
import { eventInvokeView, expectTarget } from '../event-invoke-config.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'

interface Input {
  readonly FunctionName: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listFunctionEventInvokeConfigs = defineOperation<Input>({
  name: 'ListFunctionEventInvokeConfigs',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseFunctionName(input.FunctionName, caller)
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const { db } = services.catalog
    await expectTarget(db, key, undefined)
    const rows = await settingsOf(db, key, 'event-invoke')
      .$if(after !== undefined, (query) => query.where('qualifier', '>', after![0] as string))
      .orderBy('qualifier')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.qualifier]))
    return { json: { NextMarker, FunctionEventInvokeConfigs: page.map(eventInvokeView) } }
  },
})
