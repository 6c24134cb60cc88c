import { layerVersionsOf, type LayerDocument } from '../../../functions/layers.ts'
import { parseLayerName, plainLayerVersion } from '../layer-view.ts'
import { defineOperation } from '../operation.ts'
import { decodeMarker, encodeMarker, pageOf } from '../paging.ts'

interface Input {
  readonly LayerName: string
  readonly CompatibleRuntime?: string
  readonly CompatibleArchitecture?: string
  readonly Marker?: string
  readonly MaxItems?: number
}

const mostPerPage = 50

export const listLayerVersions = defineOperation<Input>({
  name: 'ListLayerVersions',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const key = parseLayerName(input.LayerName, caller)
    const limit = Math.min(input.MaxItems ?? mostPerPage, mostPerPage)
    const before = decodeMarker(input.Marker, ['number'])
    const rows = await layerVersionsOf(services.catalog.db, key)
      .where('name', '=', key.name)
      .$if(before !== undefined, (query) => query.where('version', '<', before![0] as number))
      .orderBy('version', 'desc')
      .execute()
    const matching = rows.filter((row) => isCompatible(JSON.parse(row.document) as LayerDocument, input))
    const { page, NextMarker } = pageOf(matching, limit, (row) => encodeMarker([row.version]))
    return { json: { NextMarker, LayerVersions: page.map(plainLayerVersion) } }
  },
})

/** Whether a version says that it is for this runtime and architecture. */
export function isCompatible(
  document: LayerDocument,
  filter: { readonly CompatibleRuntime?: string; readonly CompatibleArchitecture?: string },
): boolean {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = filter
  return (
    (runtime === undefined || (document.CompatibleRuntimes ?? []).includes(runtime)) &&
    (architecture === undefined || (document.CompatibleArchitectures ?? []).includes(architecture))
  )
}
