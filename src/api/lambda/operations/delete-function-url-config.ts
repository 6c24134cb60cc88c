import { nothingThere } from '../../../functions/errors.ts'
import { findFunctionUrl } from '../../../functions/function-url-store.ts'
import { parseFunctionUrlInput, type FunctionUrlInput } from '../function-url-view.ts'
import { defineOperation } from '../operation.ts'

export const deleteFunctionUrlConfig = defineOperation<FunctionUrlInput>({
  name: 'DeleteFunctionUrlConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { key, qualifier } = parseFunctionUrlInput(input, caller)
    await services.catalog.transaction(async (db) => {
      const row = await findFunctionUrl(db, key, qualifier)
      if (!row) throw nothingThere()
      await db.deleteFrom('function_url').where('url_id', '=', row.url_id).execute()
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    return { status: 204 }
  },
})
