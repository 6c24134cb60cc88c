import { resourceConflict } from '../../../functions/errors.ts'
import { getConfig } from '../code-signing-view.ts'
import { defineOperation } from '../operation.ts'

export const deleteCodeSigningConfig = defineOperation<{ readonly CodeSigningConfigArn: string }>({
  name: 'DeleteCodeSigningConfig',
  support: 'stored',
  async handle(input, { caller, services }) {
    await services.catalog.transaction(async (db) => {
      const row = await getConfig(db, caller, input.CodeSigningConfigArn)
      const user = await db
        .selectFrom('function')
        .select('name')
        .where('account_id', '=', caller.accountId)
        .where('region', '=', caller.region)
        .where('code_signing_config', '=', input.CodeSigningConfigArn)
        .executeTakeFirst()
      if (user) {
        throw resourceConflict({
          text: 'The code signing configuration cannot be deleted because it is attached to functions.',
        })
      }
      await db.deleteFrom('code_signing_config').where('id', '=', row.id).execute()
    })
    return { status: 204 }
  },
})
