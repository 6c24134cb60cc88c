import { deleteLayerVersion as remove } from '../../../functions/layers.ts'
import { parseLayerName } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'

export const deleteLayerVersion = defineOperation<{ readonly LayerName: string; readonly VersionNumber: number }>({
  name: 'DeleteLayerVersion',
  support: 'implemented',
  note: 'functions that have the version keep it',
  async handle(input, { caller, services }) {
    await remove(services.catalog, parseLayerName(input.LayerName, caller), input.VersionNumber)
    return { status: 204 }
  },
})
