import { aliasesOf } from '../../../functions/alias-store.ts'
import { parseFunctionName } from '../../../functions/function-name.ts'
import { getFunction } from '../../../functions/function-store.ts'
import { versionNumber } from '../../../functions/function-version.ts'
import { aliasView } from '../alias-view.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'

interface Input {
  readonly FunctionName: string
  readonly FunctionVersion?: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listAliases = defineOperation<Input>({
  name: 'ListAliases',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseFunctionName(input.FunctionName, caller)
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const { db } = services.catalog
    await getFunction(db, key)
    const rows = await aliasesOf(db, key)
      .$if(input.FunctionVersion !== undefined, (query) =>
        query.where('version', '=', versionNumber(input.FunctionVersion!)),
      )
      .$if(after !== undefined, (query) => query.where('alias', '>', after![0] as string))
      .orderBy('alias')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.alias]))
    return { json: { NextMarker, Aliases: page.map(aliasView) } }
  },
})
