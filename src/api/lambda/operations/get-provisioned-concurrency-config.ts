import { provisionedConcurrencyNotFound } from '../../../functions/errors.ts'
import { expectQualifier } from '../../../functions/qualifiers.ts'
import { findSetting } from '../../../functions/setting-store.ts'
import { defineOperation } from '../operation.ts'
import { parseProvisioned, provisionedView, type ProvisionedInput } from '../provisioned-view.ts'

export const getProvisionedConcurrencyConfig = defineOperation<ProvisionedInput>({
  name: 'GetProvisionedConcurrencyConfig',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseProvisioned(input, caller)
    await expectQualifier(services.catalog.db, key, qualifier)
    const row = await findSetting(services.catalog.db, key, 'provisioned-concurrency', qualifier)
    if (!row) {
      throw provisionedConcurrencyNotFound({ text: 'No Provisioned Concurrency Config found for this function' })
    }
    return { json: provisionedView(key, row, services) }
  },
})
