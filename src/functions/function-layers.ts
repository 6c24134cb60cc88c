/** The layers of a function: checked as AWS checks them when a configuration names them. */
import { layersLimit } from '../lambda/quotas.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import type { Configuration } from './configuration.ts'
import { invalidParameter } from './errors.ts'
import type { Scope } from './function-name.ts'
import { findLayerVersion, splitLayerArn } from './layer-store.ts'

/** @param arns absent: the layers stay as they are */
export async function resolveLayers(
  db: CatalogQueries,
  scope: Scope,
  arns: readonly string[] | undefined,
): Promise<{ readonly layers: Configuration['Layers']; readonly unzippedBytes: number }> {
  if (!arns) return { layers: undefined, unzippedBytes: 0 }
  if (arns.length > layersLimit) throw invalidParameter({ text: `Cannot reference more than ${layersLimit} layers.` })
  const seen = new Map<string, string>()
  const layers: { Arn: string; CodeSize: number }[] = []
  let unzippedBytes = 0
  for (const arn of arns) {
    const parts = splitLayerArn(arn)
    if (parts && parts.region !== scope.region) {
      throw invalidParameter({
        text: `Layers are not in the same region as the function. Layers are expected to be in region ${scope.region}.`,
      })
    }
    const layer = arn.slice(0, arn.lastIndexOf(':'))
    const other = seen.get(layer)
    if (other !== undefined) {
      throw invalidParameter({
        text: `Two different versions of the same layer are not allowed to be referenced in the same function. ${other} and ${arn} are versions of the same layer.`,
      })
    }
    seen.set(layer, arn)
    const row = parts?.version === undefined ? undefined : await findLayerVersion(db, parts, parts.version)
    if (!row || row.deleted) throw invalidParameter({ text: `Layer version ${arn} does not exist.` })
    layers.push({ Arn: arn, CodeSize: row.code_bytes })
    unzippedBytes += row.unzipped_bytes
  }
  return { layers, unzippedBytes }
}

/** Sum of the unzipped sizes of layers that a function has already, deleted ones too. */
export async function layersUnzippedBytes(db: CatalogQueries, layers: Configuration['Layers']): Promise<number> {
  let bytes = 0
  for (const { Arn } of layers ?? []) {
    const parts = splitLayerArn(Arn)
    const row = parts?.version === undefined ? undefined : await findLayerVersion(db, parts, parts.version)
    bytes += row?.unzipped_bytes ?? 0
  }
  return bytes
}
