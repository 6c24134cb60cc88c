import { parseFunctionName } from '../../../functions/function-name.ts'
import { getFunction } from '../../../functions/function-store.ts'
import { functionUrlsOf } from '../../../functions/function-url-store.ts'
import { functionUrlView } from '../function-url-view.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'

interface Input {
  readonly FunctionName: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listFunctionUrlConfigs = defineOperation<Input>({
  name: 'ListFunctionUrlConfigs',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseFunctionName(input.FunctionName, caller)
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const { db } = services.catalog
    await getFunction(db, key)
    const rows = await functionUrlsOf(db, key)
      .$if(after !== undefined, (query) => query.where('qualifier', '>', after![0] as string))
      .orderBy('qualifier')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.qualifier]))
    return {
      json: {
        NextMarker,
        FunctionUrlConfigs: page.map((row) => {
          const view = functionUrlView(row, services)
          const LastModifiedTime = new Date(row.modified_at).toISOString()
          return { ...view, InvokeMode: view['InvokeMode'] ?? 'BUFFERED', LastModifiedTime }
        }),
      },
    }
  },
})
