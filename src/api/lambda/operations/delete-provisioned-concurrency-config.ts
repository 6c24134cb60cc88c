import { expectQualifier } from '../../../functions/qualifiers.ts'
import { deleteSetting } from '../../../functions/setting-store.ts'
import { defineOperation } from '../operation.ts'
import { parseProvisioned, type ProvisionedInput } from '../provisioned-view.ts'

export const deleteProvisionedConcurrencyConfig = defineOperation<ProvisionedInput>({
  name: 'DeleteProvisionedConcurrencyConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseProvisioned(input, caller)
    await services.catalog.transaction(async (db) => {
      await expectQualifier(db, key, qualifier)
      await deleteSetting(db, key, 'provisioned-concurrency', qualifier)
    })
    services.changes.announce({ ...key, what: 'setting', qualifier })
    return { status: 204 }
  },
})
