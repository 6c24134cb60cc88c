import { nothingThere } from '../../../functions/errors.ts'
import { findFunctionUrl, type FunctionUrlDocument } from '../../../functions/function-url-store.ts'
import { expectUrlTarget, functionUrlView, parseFunctionUrlInput, type FunctionUrlInput } from '../function-url-view.ts'
import { defineOperation } from '../operation.ts'

export const updateFunctionUrlConfig = defineOperation<FunctionUrlInput>({
  name: 'UpdateFunctionUrlConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { key, qualifier } = parseFunctionUrlInput(input, caller)
    const row = await services.catalog.transaction(async (db) => {
      await expectUrlTarget(db, key, qualifier)
      const before = await findFunctionUrl(db, key, qualifier)
      if (!before) throw nothingThere()
      const document = JSON.parse(before.document) as FunctionUrlDocument
      const after = {
        AuthType: input.AuthType ?? document.AuthType,
        Cors: input.Cors ?? document.Cors,
        InvokeMode: input.InvokeMode ?? document.InvokeMode,
      }
      const changed = { ...before, document: JSON.stringify(after), modified_at: services.clock.now() }
      await db.updateTable('function_url').set(changed).where('url_id', '=', before.url_id).execute()
      return changed
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    const LastModifiedTime = new Date(row.modified_at).toISOString()
    return { json: { ...functionUrlView(row, services), LastModifiedTime } }
  },
})
