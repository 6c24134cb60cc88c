import { codeSigningView } from '../code-signing-view.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'

const mostPerPage = 50

export const listCodeSigningConfigs = defineOperation<{ readonly Marker?: string; readonly MaxItems?: number }>({
  name: 'ListCodeSigningConfigs',
  support: 'stored',
  async handle(input, { caller, services }) {
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const rows = await services.catalog.db
      .selectFrom('code_signing_config')
      .selectAll()
      .where('account_id', '=', caller.accountId)
      .where('region', '=', caller.region)
      .$if(after !== undefined, (query) => query.where('id', '>', after![0] as string))
      .orderBy('id')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.id]))
    return { json: { NextMarker, CodeSigningConfigs: page.map(codeSigningView) } }
  },
})
