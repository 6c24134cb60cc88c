import { functionNotFound } from '../../../functions/errors.ts'
import { functionArn, parseFunctionName } from '../../../functions/function-name.ts'
import { findFunction, versionsOf } from '../../../functions/function-store.ts'
import { toFunctionVersion } from '../../../functions/function-version.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'
import { plainConfiguration, qualifiedArn } from '../views.ts'

interface Input {
  readonly FunctionName: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listVersionsByFunction = defineOperation<Input>({
  name: 'ListVersionsByFunction',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseFunctionName(input.FunctionName, caller)
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['number'])
    const { db } = services.catalog
    if (!(await findFunction(db, key))) throw functionNotFound(functionArn(key))
    const rows = await versionsOf(db, key)
      .$if(after !== undefined, (query) => query.where('number', '>', after![0] as number))
      .orderBy('number')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.number]))
    return {
      json: {
        NextMarker,
        Versions: page.map(toFunctionVersion).map((version) => plainConfiguration(version, qualifiedArn(version))),
      },
    }
  },
})
