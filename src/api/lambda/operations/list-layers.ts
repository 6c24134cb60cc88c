import { layerArn, type LayerVersionRow } from '../../../functions/layer-store.ts'
import { layerVersionsOf, type LayerDocument } from '../../../functions/layers.ts'
import { layerKeyOf, plainLayerVersion } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'
import { isCompatible } from './list-layer-versions.ts'

interface Input {
  readonly CompatibleRuntime?: string
  readonly CompatibleArchitecture?: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listLayers = defineOperation<Input>({
  name: 'ListLayers',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const after = decodeMarker(input.Marker, ['string'])
    const rows = await layerVersionsOf(services.catalog.db, caller)
      .$if(after !== undefined, (query) => query.where('name', '>', after![0] as string))
      .orderBy('name')
      .orderBy('version', 'desc')
      .execute()
    const newest = new Map<string, LayerVersionRow>()
    for (const row of rows) {
      if (!newest.has(row.name) && isCompatible(JSON.parse(row.document) as LayerDocument, input))
        newest.set(row.name, row)
    }
    const { page, NextMarker } = pageOf([...newest.values()], limit, (row) => encodeMarker([row.name]))
    return {
      json: {
        NextMarker,
        Layers: page.map((row) => ({
          LayerName: row.name,
          LayerArn: layerArn(layerKeyOf(row)),
          LatestMatchingVersion: plainLayerVersion(row),
        })),
      },
    }
  },
})
