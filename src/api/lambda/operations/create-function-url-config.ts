import { resourceConflict } from '../../../functions/errors.ts'
import { functionArn } from '../../../functions/function-name.ts'
import { findFunctionUrl, newUrlId, type FunctionUrlRow } from '../../../functions/function-url-store.ts'
import { expectUrlTarget, functionUrlView, parseFunctionUrlInput, type FunctionUrlInput } from '../function-url-view.ts'
import { defineOperation } from '../operation.ts'

export const createFunctionUrlConfig = defineOperation<FunctionUrlInput>({
  name: 'CreateFunctionUrlConfig',
  support: 'implemented',
  note: 'served on a port of its own; answers are buffered in both invoke modes',
  async handle(input, { caller, services }) {
    const { key, qualifier } = parseFunctionUrlInput(input, caller)
    const now = services.clock.now()
    const { AuthType, Cors, InvokeMode } = input
    const row: FunctionUrlRow = {
      url_id: newUrlId(),
      account_id: key.accountId,
      region: key.region,
      name: key.name,
      qualifier,
      document: JSON.stringify({ AuthType, Cors, InvokeMode }),
      created_at: now,
      modified_at: now,
    }
    await services.catalog.transaction(async (db) => {
      await expectUrlTarget(db, key, qualifier)
      if (await findFunctionUrl(db, key, qualifier)) {
        const arn = functionArn(key, qualifier === '' ? undefined : qualifier)
        throw resourceConflict({
          text: `Failed to create function url config for [functionArn = ${arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
        })
      }
      await db.insertInto('function_url').values(row).execute()
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    return { json: functionUrlView(row, services) }
  },
})
