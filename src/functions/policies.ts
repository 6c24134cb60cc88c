/** Resource policies of functions and layers: statements that are added and removed one by one, each policy with its own RevisionId. */
import { randomUUID } from 'node:crypto'
import type { CatalogQueries } from '../store/catalog.ts'
import { nothingThere, resourceConflict, resourceNotFound, revisionMismatch } from './errors.ts'
import type { Scope } from './function-name.ts'

/** As it stands in the policy; the order of its members is AWS's. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Principal: '*' | { readonly AWS: string } | { readonly Service: string }
  readonly Action: string
  readonly Resource: string
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface PolicyKey extends Scope {
  readonly kind: 'function' | 'layer'
  readonly name: string
  /** Empty, a version or an alias. */
  readonly qualifier: string
}

export interface Policy {
  readonly statements: readonly Statement[]
  readonly revisionId: string
}

export async function findPolicy(db: CatalogQueries, key: PolicyKey): Promise<Policy | undefined> {
  const row = await db
    .selectFrom('resource_policy')
    .select(['statements', 'revision_id'])
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('kind', '=', key.kind)
    .where('name', '=', key.name)
    .where('qualifier', '=', key.qualifier)
    .executeTakeFirst()
  return row && { statements: JSON.parse(row.statements) as Statement[], revisionId: row.revision_id }
}

/** The document and revision, as the operations that read policies show them. */
export async function getPolicy(db: CatalogQueries, key: PolicyKey): Promise<{ Policy: string; RevisionId: string }> {
  const policy = await findPolicy(db, key)
  if (!policy) throw nothingThere()
  const document = { Version: '2012-10-17', Id: 'default', Statement: policy.statements }
  return { Policy: JSON.stringify(document), RevisionId: policy.revisionId }
}

/** @returns the policy's new revision */
export async function addStatement(
  db: CatalogQueries,
  key: PolicyKey,
  statement: Statement,
  revisionId: string | undefined,
): Promise<string> {
  const before = await findPolicy(db, key)
  if (before?.statements.some((one) => one.Sid === statement.Sid)) {
    throw resourceConflict({
      text: `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    })
  }
  expectRevision(key, before, revisionId)
  return write(db, key, [...(before?.statements ?? []), statement])
}

/** Removing the last statement removes the policy. */
export async function removeStatement(
  db: CatalogQueries,
  key: PolicyKey,
  sid: string,
  revisionId: string | undefined,
): Promise<void> {
  const before = await findPolicy(db, key)
  if (!before) throw resourceNotFound({ text: 'No policy is associated with the given resource.' })
  if (!before.statements.some((one) => one.Sid === sid)) {
    throw resourceNotFound({ text: `Statement ${sid} is not found in resource policy.` })
  }
  expectRevision(key, before, revisionId)
  await write(
    db,
    key,
    before.statements.filter((one) => one.Sid !== sid),
  )
}

function expectRevision(key: PolicyKey, policy: Policy | undefined, revisionId: string | undefined): void {
  if (revisionId === undefined || revisionId === policy?.revisionId) return
  throw revisionMismatch(key.kind === 'layer' ? 'GetLayerPolicy' : 'GetPolicy')
}

async function write(db: CatalogQueries, key: PolicyKey, statements: readonly Statement[]): Promise<string> {
  const { accountId: account_id, region, kind, name, qualifier } = key
  await db
    .deleteFrom('resource_policy')
    .where('account_id', '=', account_id)
    .where('region', '=', region)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('qualifier', '=', qualifier)
    .execute()
  const revision_id = randomUUID()
  if (statements.length > 0) {
    await db
      .insertInto('resource_policy')
      .values({ account_id, region, kind, name, qualifier, statements: JSON.stringify(statements), revision_id })
      .execute()
  }
  return revision_id
}
