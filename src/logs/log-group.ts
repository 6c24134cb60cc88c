/** Log groups, in the catalog: making one and its retention are promises that outlive a power cut. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { CatalogQueries } from '../store/catalog.ts'
import { isDuplicate } from '../store/database.ts'
import type { LogGroupTable } from '../store/tables/logs.ts'
import { logGroupExists, logGroupNotFound } from './errors.ts'

export interface LogGroupKey {
  readonly accountId: string
  readonly region: string
  /** `/aws/lambda/hello` */
  readonly group: string
}

export interface LogGroup {
  /** Ours; never seen by clients. */
  readonly id: string
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  readonly retentionDays: number | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly class: 'STANDARD' | 'INFREQUENT_ACCESS'
  readonly kmsKeyId: string | undefined
}

export interface NewLogGroup {
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly class?: LogGroup['class'] | undefined
  readonly kmsKeyId?: string | undefined
}

/** @throws `logGroupExists` */
export async function createLogGroup(
  db: CatalogQueries,
  clock: Clock,
  key: LogGroupKey,
  group: NewLogGroup = {},
): Promise<void> {
  try {
    await db
      .insertInto('log_group')
      .values(newRow(clock, key, group))
      .execute()
  } catch (error) {
    throw isDuplicate(error) ? logGroupExists({ name: key.group }) : error
  }
}

/** The id of the group, which is made when it is missing: a function's first log line does that on AWS too. */
export async function ensureLogGroup(db: CatalogQueries, clock: Clock, key: LogGroupKey): Promise<string> {
  const found = await findLogGroup(db, key)
  if (found) return found.id
  await db
    .insertInto('log_group')
    .values(newRow(clock, key, {}))
    .onConflict((conflict) => conflict.columns(['account_id', 'region', 'name']).doNothing())
    .execute()
  return (await requireLogGroup(db, key)).id
}

export async function findLogGroup(db: CatalogQueries, key: LogGroupKey): Promise<LogGroup | undefined> {
  const row = await db
    .selectFrom('log_group')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.group)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** @throws `logGroupNotFound` */
export async function requireLogGroup(db: CatalogQueries, key: LogGroupKey): Promise<LogGroup> {
  const group = await findLogGroup(db, key)
  if (!group) throw logGroupNotFound({ name: key.group })
  return group
}

/** What a person calls the group of that id. */
export async function logGroupName(db: CatalogQueries, id: string): Promise<string | undefined> {
  return (await db.selectFrom('log_group').select('name').where('id', '=', id).executeTakeFirst())?.name
}

/** Groups in the order of their names, after `after`, at most `limit`. */
export async function listLogGroups(
  db: CatalogQueries,
  options: {
    readonly accountId: string
    readonly region: string
    readonly limit: number
    readonly prefix?: string | undefined
    readonly contains?: string | undefined
    readonly names?: readonly string[] | undefined
    readonly class?: LogGroup['class'] | undefined
    readonly after?: string | undefined
  },
): Promise<readonly LogGroup[]> {
  let query = db
    .selectFrom('log_group')
    .selectAll()
    .where('account_id', '=', options.accountId)
    .where('region', '=', options.region)
    .orderBy('name')
    .limit(options.limit)
  const { prefix, contains, after } = options
  if (after !== undefined) query = query.where('name', '>', after)
  // Names are ASCII, so a prefix is the range up to its last character's successor.
  if (prefix) query = query.where('name', '>=', prefix).where('name', '<', `${prefix}\u{10ffff}`)
  if (contains) query = query.where((where) => where.fn<number>('instr', ['name', where.val(contains)]), '>', 0)
  if (options.names) query = query.where('name', 'in', options.names)
  if (options.class) query = query.where('class', '=', options.class)
  return (await query.execute()).map(fromRow)
}

/** @throws `logGroupNotFound` */
export async function setRetention(db: CatalogQueries, key: LogGroupKey, days: number | undefined): Promise<void> {
  await update(db, key, { retention_days: days ?? null })
}

/** @throws `logGroupNotFound` */
export async function setLogGroupTags(db: CatalogQueries, key: LogGroupKey, tags: LogGroup['tags']): Promise<void> {
  await update(db, key, { tags: JSON.stringify(tags) })
}

/** Removes the group and gives its id, under which its streams are still to be removed. @throws `logGroupNotFound` */
export async function deleteLogGroup(db: CatalogQueries, key: LogGroupKey): Promise<string> {
  const group = await requireLogGroup(db, key)
  await db.deleteFrom('log_group').where('id', '=', group.id).execute()
  return group.id
}

async function update(
  db: CatalogQueries,
  key: LogGroupKey,
  change: Partial<Pick<LogGroupTable, 'retention_days' | 'tags'>>,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('log_group')
    .set(change)
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.group)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) throw logGroupNotFound({ name: key.group })
}

function newRow(clock: Clock, key: LogGroupKey, group: NewLogGroup): LogGroupTable {
  return {
    id: randomUUID(),
    account_id: key.accountId,
    region: key.region,
    name: key.group,
    created_at: clock.now(),
    retention_days: null,
    tags: JSON.stringify(group.tags ?? {}),
    class: group.class ?? 'STANDARD',
    kms_key_id: group.kmsKeyId ?? null,
  }
}

function fromRow(row: LogGroupTable): LogGroup {
  return {
    id: row.id,
    name: row.name,
    arn: `arn:aws:logs:${row.region}:${row.account_id}:log-group:${row.name}`,
    createdAt: row.created_at,
    retentionDays: row.retention_days ?? undefined,
    tags: JSON.parse(row.tags) as Record<string, string>,
    class: row.class,
    kmsKeyId: row.kms_key_id ?? undefined,
  }
}
