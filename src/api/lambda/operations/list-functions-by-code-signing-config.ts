import { functionArn } from '../../../functions/function-name.ts'
import { getConfig } from '../code-signing-view.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'

interface Input {
  readonly CodeSigningConfigArn: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listFunctionsByCodeSigningConfig = defineOperation<Input>({
  name: 'ListFunctionsByCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    const { accountId, region } = caller
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const { db } = services.catalog
    await getConfig(db, caller, input.CodeSigningConfigArn)
    const rows = await db
      .selectFrom('function')
      .select('name')
      .where('account_id', '=', accountId)
      .where('region', '=', region)
      .where('code_signing_config', '=', input.CodeSigningConfigArn)
      .$if(after !== undefined, (query) => query.where('name', '>', after![0] as string))
      .orderBy('name')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.name]))
    return { json: { NextMarker, FunctionArns: page.map(({ name }) => functionArn({ accountId, region, name })) } }
  },
})
