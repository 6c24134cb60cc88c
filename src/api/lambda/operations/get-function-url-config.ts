import { nothingThere } from '../../../functions/errors.ts'
import { findFunctionUrl } from '../../../functions/function-url-store.ts'
import { functionUrlView, parseFunctionUrlInput, type FunctionUrlInput } from '../function-url-view.ts'
import { defineOperation } from '../operation.ts'

export const getFunctionUrlConfig = defineOperation<FunctionUrlInput>({
  name: 'GetFunctionUrlConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { key, qualifier } = parseFunctionUrlInput(input, caller)
    const row = await findFunctionUrl(services.catalog.db, key, qualifier)
    if (!row) throw nothingThere()
    const LastModifiedTime = new Date(row.modified_at).toISOString()
    const view = functionUrlView(row, services)
    return { json: { ...view, InvokeMode: view['InvokeMode'] ?? 'BUFFERED', LastModifiedTime } }
  },
})
