import { nothingThere } from '../../../functions/errors.ts'
import { splitLayerArn } from '../../../functions/layer-store.ts'
import { getLayerVersion as read } from '../../../functions/layers.ts'
import { expectOwn, fullLayerVersion } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'

export const getLayerVersionByArn = defineOperation<{ readonly Arn: string }>({
  name: 'GetLayerVersionByArn',
  support: 'implemented',
  async handle(input, { caller, origin, services }) {
    const parts = splitLayerArn(input.Arn)
    if (parts?.version === undefined) throw nothingThere()
    const row = await read(services.catalog.db, expectOwn(parts, caller), parts.version)
    return { json: fullLayerVersion(row, origin, services) }
  },
})
