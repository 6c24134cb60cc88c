import { getLayerVersion as read } from '../../../functions/layers.ts'
import { fullLayerVersion, parseLayerName } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'

export const getLayerVersion = defineOperation<{ readonly LayerName: string; readonly VersionNumber: number }>({
  name: 'GetLayerVersion',
  support: 'implemented',
  async handle(input, { caller, origin, services }) {
    const row = await read(services.catalog.db, parseLayerName(input.LayerName, caller), input.VersionNumber)
    return { json: fullLayerVersion(row, origin, services) }
  },
})
