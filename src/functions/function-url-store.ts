/** Function URLs: one per function and per alias, each with an id that is the first label of its host. */
import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { CatalogQueries } from '../store/catalog.ts'
import type { FunctionUrlTable } from '../store/tables/functions.ts'
import type { FunctionKey } from './function-name.ts'

export interface FunctionUrlCors {
  readonly AllowCredentials?: boolean
  readonly AllowHeaders?: readonly string[]
  readonly AllowMethods?: readonly string[]
  readonly AllowOrigins?: readonly string[]
  readonly ExposeHeaders?: readonly string[]
  /** Seconds. */
  readonly MaxAge?: number
}

/** In the API's own names. */
export interface FunctionUrlDocument {
  readonly AuthType: 'NONE' | 'AWS_IAM'
  readonly Cors?: FunctionUrlCors | undefined
  /** Absent unless it was asked for; then buffered. */
  readonly InvokeMode?: 'BUFFERED' | 'RESPONSE_STREAM' | undefined
}

export type FunctionUrlRow = Selectable<FunctionUrlTable>

/** 32 letters and digits. */
export function newUrlId(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  return [...randomBytes(32)].map((byte) => alphabet[byte % 32]).join('')
}

export function functionUrlsOf(db: CatalogQueries, key: FunctionKey) {
  return db
    .selectFrom('function_url')
    .selectAll()
    .where('account_id', '=', key.accountId)
    .where('region', '=', key.region)
    .where('name', '=', key.name)
}

export async function findFunctionUrl(
  db: CatalogQueries,
  key: FunctionKey,
  qualifier: string,
): Promise<FunctionUrlRow | undefined> {
  return functionUrlsOf(db, key).where('qualifier', '=', qualifier).executeTakeFirst()
}

export async function findFunctionUrlById(db: CatalogQueries, urlId: string): Promise<FunctionUrlRow | undefined> {
  return db.selectFrom('function_url').selectAll().where('url_id', '=', urlId).executeTakeFirst()
}
