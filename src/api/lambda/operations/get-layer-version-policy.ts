import { getLayerVersion } from '../../../functions/layers.ts'
import { getPolicy } from '../../../functions/policies.ts'
import { parseLayerName } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'

export const getLayerVersionPolicy = defineOperation<{ readonly LayerName: string; readonly VersionNumber: number }>({
  name: 'GetLayerVersionPolicy',
  support: 'stored',
  async handle(input, { caller, services }) {
    const key = parseLayerName(input.LayerName, caller)
    await getLayerVersion(services.catalog.db, key, input.VersionNumber)
    return {
      json: await getPolicy(services.catalog.db, { ...key, kind: 'layer', qualifier: String(input.VersionNumber) }),
    }
  },
})
