import { functionArn } from '../../../functions/function-name.ts'
import { toFunctionVersion } from '../../../functions/function-version.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'
import { plainConfiguration, qualifiedArn } from '../views.ts'

interface Input {
  readonly MasterRegion?: string
  readonly FunctionVersion?: 'ALL'
  readonly Marker?: string
  readonly MaxItems?: number
}

/** AWS gives at most 50, whatever is asked. */
const mostPerPage = 50

export const listFunctions = defineOperation<Input>({
  name: 'ListFunctions',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string', 'number'])
    const rows = await services.catalog.db
      .selectFrom('function_version')
      .selectAll()
      .where('account_id', '=', caller.accountId)
      .where('region', '=', caller.region)
      .$if(input.FunctionVersion !== 'ALL', (query) => query.where('number', '=', 0))
      .$if(after !== undefined, (query) =>
        query.where((e) => e(e.refTuple('name', 'number'), '>', e.tuple(after![0] as string, after![1] as number))),
      )
      .orderBy('name')
      .orderBy('number')
      .limit(limit + 1)
      .execute()
    const { page, NextMarker } = pageOf(rows, limit, (row) => encodeMarker([row.name, row.number]))
    return {
      json: {
        NextMarker,
        Functions: page
          .map(toFunctionVersion)
          .map((version) =>
            plainConfiguration(version, input.FunctionVersion === 'ALL' ? qualifiedArn(version) : functionArn(version)),
          ),
      },
    }
  },
})
