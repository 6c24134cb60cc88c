/** The commands on layers. Versions are numbered from 1 and never used twice, also after all were deleted. */
import type { Clock } from '../base/clock.ts'
import type { Catalog, CatalogQueries } from '../store/catalog.ts'
import { nothingThere, invalidParameter } from './errors.ts'
import { expectStorage } from './function-store.ts'
import type { Code } from './functions.ts'
import { findLayerVersion, type LayerKey, type LayerVersionRow } from './layer-store.ts'

/** What describes a layer version; absent members are not shown. */
export interface LayerDocument {
  readonly Description: string
  readonly CompatibleRuntimes?: readonly string[] | undefined
  readonly CompatibleArchitectures?: readonly string[] | undefined
  readonly LicenseInfo?: string | undefined
}

export async function publishLayerVersion(
  catalog: Catalog,
  clock: Clock,
  key: LayerKey,
  document: LayerDocument,
  code: Code,
): Promise<LayerVersionRow> {
  return catalog.transaction(async (db) => {
    await expectStorage(db, key, code.bytes)
    const version = await nextVersion(db, key)
    const row: LayerVersionRow = {
      account_id: key.accountId,
      region: key.region,
      name: key.name,
      version,
      code_digest: code.digest,
      code_bytes: code.bytes,
      unzipped_bytes: code.unzippedBytes,
      document: JSON.stringify(document),
      created_at: clock.now(),
      deleted: 0,
    }
    await db.insertInto('layer_version').values(row).execute()
    return row
  })
}

export async function getLayerVersion(db: CatalogQueries, key: LayerKey, version: number): Promise<LayerVersionRow> {
  expectPositive(version)
  const row = await findLayerVersion(db, key, version)
  if (!row || row.deleted) throw nothingThere()
  return row
}

/** One that is not there is deleted without complaint. Functions that have it keep it. */
export async function deleteLayerVersion(catalog: Catalog, key: LayerKey, version: number): Promise<void> {
  expectPositive(version)
  await catalog.transaction(async (db) => {
    await db
      .deleteFrom('resource_policy')
      .where('account_id', '=', key.accountId)
      .where('region', '=', key.region)
      .where('kind', '=', 'layer')
      .where('name', '=', key.name)
      .where('qualifier', '=', String(version))
      .execute()
    await db
      .updateTable('layer_version')
      .set({ deleted: 1 })
      .where('account_id', '=', key.accountId)
      .where('region', '=', key.region)
      .where('name', '=', key.name)
      .where('version', '=', version)
      .execute()
  })
}

export function layerVersionsOf(db: CatalogQueries, key: Omit<LayerKey, 'name'>) {
  return db
    .selectFrom('layer_version')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('deleted', '=', 0)
}

function expectPositive(version: number): void {
  if (version < 1) throw invalidParameter({ text: 'Layer Version Cannot be less than 1' })
}

async function nextVersion(db: CatalogQueries, key: LayerKey): Promise<number> {
  const row = await db
    .insertInto('layer')
    .values({ account_id: key.accountId, region: key.region, name: key.name, last_version: 1 })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'region', 'name']).doUpdateSet((e) => ({
        last_version: e('layer.last_version', '+', 1),
      })),
    )
    .returning('last_version')
    .executeTakeFirstOrThrow()
  return row.last_version
}
