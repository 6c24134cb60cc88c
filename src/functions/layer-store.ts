/** Queries on layers. A deleted version is still found for the functions that have it. */
import type { Selectable } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import type { LayerVersionTable } from '../store/tables/functions.ts'
import type { Scope } from './function-name.ts'

export interface LayerKey extends Scope {
  readonly name: string
}

export type LayerVersionRow = Selectable<LayerVersionTable>

export function layerArn(key: LayerKey, version?: number): string {
  return `arn:aws:lambda:${key.region}:${key.accountId}:layer:${key.name}${version === undefined ? '' : `:${version}`}`
}

/** The parts of `arn:aws:lambda:REGION:ACCOUNT:layer:NAME[:VERSION]`, or `undefined`. */
export function splitLayerArn(arn: string): (LayerKey & { readonly version: number | undefined }) | undefined {
  const match = /^arn:[^:]+:lambda:([^:]+):(\d{12}):layer:([^:]+)(?::(\d{1,15}))?$/.exec(arn)
  if (!match) return undefined
  return {
    region: match[1]!,
    accountId: match[2]!,
    name: match[3]!,
    version: match[4] === undefined ? undefined : Number(match[4]),
  }
}

/** Also a deleted one; the caller decides what that means. */
export async function findLayerVersion(
  db: CatalogQueries,
  key: LayerKey,
  version: number,
): Promise<LayerVersionRow | undefined> {
  return db
    .selectFrom('layer_version')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** The packages of a function's layers, in the order of its configuration. */
export async function layerDigests(
  db: CatalogQueries,
  arns: readonly string[],
): Promise<readonly { readonly arn: string; readonly codeDigest: Digest }[]> {
  const found: { arn: string; codeDigest: Digest }[] = []
  for (const arn of arns) {
    const parts = splitLayerArn(arn)
    const row = parts?.version === undefined ? undefined : await findLayerVersion(db, parts, parts.version)
    if (row) found.push({ arn, codeDigest: row.code_digest })
  }
  return found
}
