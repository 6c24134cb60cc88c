/** Queries on functions and their versions, shared by the commands of this room. Each takes the catalog or a transaction of it. */
import { CompiledQuery, type Insertable, type Selectable } from 'kysely'
import { codeStorageLimit } from '../lambda/quotas.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import type { FunctionTable, FunctionVersionTable } from '../store/tables/functions.ts'
import { codeStorageExceeded, functionNotFound, resourceConflict } from './errors.ts'
import { functionArn, type FunctionKey, type Scope } from './function-name.ts'
import { toFunctionVersion, type FunctionVersion } from './function-version.ts'

export type FunctionRow = Selectable<FunctionTable>

/** The two reads on every way to a function are written out: building and compiling them anew would cost more than running them. */
const functionByName = 'select * from "function" where account_id = ? and region = ? and name = ?'
const versionByNumber = 'select * from function_version where account_id = ? and region = ? and name = ? and number = ?'

export async function findFunction(db: CatalogQueries, key: FunctionKey): Promise<FunctionRow | undefined> {
  const { rows } = await db.executeQuery<FunctionRow>(
    CompiledQuery.raw(functionByName, [key.accountId, key.region, key.name]),
  )
  return rows[0]
}

/** @param arn the ARN that the error names, when it is not the unqualified one */
export async function getFunction(db: CatalogQueries, key: FunctionKey, arn = functionArn(key)): Promise<FunctionRow> {
  const row = await findFunction(db, key)
  if (!row) throw functionNotFound(arn)
  return row
}

export async function findVersion(
  db: CatalogQueries,
  key: FunctionKey,
  number: number,
): Promise<FunctionVersion | undefined> {
  const { rows } = await db.executeQuery<Selectable<FunctionVersionTable>>(
    CompiledQuery.raw(versionByNumber, [key.accountId, key.region, key.name, number]),
  )
  return rows[0] && toFunctionVersion(rows[0])
}

/** `$LATEST` of a function that must be there. */
export async function getLatest(
  db: CatalogQueries,
  key: FunctionKey,
  arn = functionArn(key),
): Promise<FunctionVersion> {
  const version = await findVersion(db, key, 0)
  if (!version) throw functionNotFound(arn)
  return version
}

/** The published version with the highest number. */
export async function findNewestPublished(db: CatalogQueries, key: FunctionKey): Promise<FunctionVersion | undefined> {
  const row = await versionsOf(db, key).where('number', '>', 0).orderBy('number', 'desc').executeTakeFirst()
  return row && toFunctionVersion(row)
}

/** What Lambda says of a function that is not Active. */
export function notReady(version: Pick<FunctionVersion, 'state'>): Error {
  return resourceConflict({
    text: `The operation cannot be performed at this time. The function is currently in the following state: ${version.state}`,
  })
}

/** @throws `resourceConflict` when a creation or an update of this version has not ended yet */
export function expectSettled(version: FunctionVersion): void {
  if (version.state === 'Pending') throw notReady(version)
  if (version.updateStatus === 'InProgress') {
    throw resourceConflict({
      text: `The operation cannot be performed at this time. An update is in progress for resource: ${functionArn(version)}`,
    })
  }
}

export function toVersionRow(version: Omit<FunctionVersion, 'version'>): Insertable<FunctionVersionTable> {
  return {
    account_id: version.accountId,
    region: version.region,
    name: version.name,
    number: version.number,
    revision_id: version.revisionId,
    configuration: JSON.stringify(version.configuration),
    code_digest: version.codeDigest,
    code_bytes: version.codeBytes,
    unzipped_bytes: version.unzippedBytes,
    fingerprint: version.fingerprint,
    state: version.state,
    update_status: version.updateStatus,
    failure: version.failure,
    modified_at: version.modifiedAt,
    running_configuration: version.running ? JSON.stringify(version.running.configuration) : null,
    running_digest: version.running?.codeDigest ?? null,
    running_bytes: version.running?.codeBytes ?? null,
  }
}

/** Writes a version over the one that was read, unless somebody else did in between. */
export async function replaceVersion(
  db: CatalogQueries,
  before: FunctionVersion,
  after: FunctionVersion,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('function_version')
    .set(toVersionRow(after))
    .where('account_id', '=', before.accountId)
    .where('region', '=', before.region)
    .where('name', '=', before.name)
    .where('number', '=', before.number)
    .where('revision_id', '=', before.revisionId)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Bytes of all packages of an account in a region: every version's and every layer's, equal ones counted each time, as AWS does. */
export async function storedCodeBytes(db: CatalogQueries, scope: Scope): Promise<number> {
  const versions = await db
    .selectFrom('function_version')
    .select((e) => e.fn.sum<number | null>('code_bytes').as('bytes'))
    .where('account_id', '=', scope.accountId)
    .where('region', '=', scope.region)
    .executeTakeFirst()
  const layers = await db
    .selectFrom('layer_version')
    .select((e) => e.fn.sum<number | null>('code_bytes').as('bytes'))
    .where('account_id', '=', scope.accountId)
    .where('region', '=', scope.region)
    .where('deleted', '=', 0)
    .executeTakeFirst()
  return Number(versions?.bytes ?? 0) + Number(layers?.bytes ?? 0)
}

/** @throws `codeStorageExceeded` when another package of so many bytes would be over the limit of the account in its region */
export async function expectStorage(db: CatalogQueries, scope: Scope, bytes: number): Promise<void> {
  if ((await storedCodeBytes(db, scope)) + bytes > codeStorageLimit) {
    throw codeStorageExceeded({ text: 'Code storage limit exceeded.' })
  }
}

export function versionsOf(db: CatalogQueries, key: FunctionKey) {
  return db
    .selectFrom('function_version')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
}
