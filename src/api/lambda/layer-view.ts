import { digestToBase64 } from '../../base/digest.ts'
import { accessDenied, resourceNotFound } from '../../functions/errors.ts'
import type { Scope } from '../../functions/function-name.ts'
import { layerArn, splitLayerArn, type LayerKey, type LayerVersionRow } from '../../functions/layer-store.ts'
import type { LayerDocument } from '../../functions/layers.ts'
import type { LambdaServices } from './services.ts'
import { formatTime } from './views.ts'

export function layerKeyOf(row: LayerVersionRow): LayerKey {
  return { accountId: row.account_id, region: row.region, name: row.name }
}

/** As lists show a version: without a description that is empty. Source: a test of a public suite that is verified against AWS (moto, `test_lambda_layers.py`). */
export function plainLayerVersion(row: LayerVersionRow): Record<string, unknown> {
  const { Description, ...document } = JSON.parse(row.document) as LayerDocument
  return { ...namedLayerVersion(row), ...document, ...(Description !== '' && { Description }) }
}

function namedLayerVersion(row: LayerVersionRow): Record<string, unknown> {
  return {
    LayerVersionArn: layerArn(layerKeyOf(row), row.version),
    Version: row.version,
    CreatedDate: formatTime(row.created_at),
  }
}

/** With the layer's ARN and where its package can be fetched. */
export function fullLayerVersion(
  row: LayerVersionRow,
  origin: string,
  services: LambdaServices,
): Record<string, unknown> {
  return {
    ...namedLayerVersion(row),
    ...(JSON.parse(row.document) as LayerDocument),
    LayerArn: layerArn(layerKeyOf(row)),
    Content: {
      Location: services.downloadUrl(origin, row.code_digest),
      CodeSha256: digestToBase64(row.code_digest),
      CodeSize: row.code_bytes,
    },
  }
}

/** The layer that a name or an ARN without version means. */
export function parseLayerName(text: string, scope: Scope): LayerKey {
  const parts = splitLayerArn(text)
  if (!parts) return { accountId: scope.accountId, region: scope.region, name: text }
  return expectOwn(parts, scope)
}

export function expectOwn<Key extends Scope>(key: Key, scope: Scope): Key {
  if (key.region !== scope.region) {
    throw resourceNotFound({
      text: `Layers from '${key.region}' are not reachable in this region ('${scope.region}')`,
    })
  }
  if (key.accountId !== scope.accountId) {
    throw accessDenied({ text: `Account ${scope.accountId} may not use layers of account ${key.accountId}` })
  }
  return key
}
