import { functionArn, parseFunctionName } from '../../../functions/function-name.ts'
import { getFunction } from '../../../functions/function-store.ts'
import { settingsOf } from '../../../functions/setting-store.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'
import { provisionedView } from '../provisioned-view.ts'

interface Input {
  readonly FunctionName: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listProvisionedConcurrencyConfigs = defineOperation<Input>({
  name: 'ListProvisionedConcurrencyConfigs',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier: _, ...key } = parseFunctionName(input.FunctionName, caller)
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const { db } = services.catalog
    await getFunction(db, key)
    const rows = await settingsOf(db, key, 'provisioned-concurrency')
      .$if(after !== undefined, (query) => query.where('qualifier', '>', after![0] as string))
      .orderBy('qualifier')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.qualifier]))
    return {
      json: {
        NextMarker,
        ProvisionedConcurrencyConfigs: page.map((row) => ({
          FunctionArn: functionArn(key, row.qualifier),
          ...provisionedView(key, row, services),
        })),
      },
    }
  },
})
