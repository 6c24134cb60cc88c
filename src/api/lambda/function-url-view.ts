import { notSupported, resourceNotFound } from '../../functions/errors.ts'
import { functionArn, parseFunctionName, type FunctionKey, type Scope } from '../../functions/function-name.ts'
import { findFunction } from '../../functions/function-store.ts'
import type { FunctionUrlCors, FunctionUrlDocument, FunctionUrlRow } from '../../functions/function-url-store.ts'
import { hasQualifier } from '../../functions/qualifiers.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import type { LambdaServices } from './services.ts'

export interface FunctionUrlInput {
  readonly FunctionName: string
  readonly Qualifier?: string
  readonly AuthType?: 'NONE' | 'AWS_IAM'
  readonly Cors?: FunctionUrlCors
  readonly InvokeMode?: 'BUFFERED' | 'RESPONSE_STREAM'
}

/** As creation answers; reading and updating add `LastModifiedTime`. */
export function functionUrlView(row: FunctionUrlRow, services: LambdaServices): Record<string, unknown> {
  const key = { accountId: row.account_id, region: row.region, name: row.name }
  const { AuthType, Cors, InvokeMode } = JSON.parse(row.document) as FunctionUrlDocument
  return {
    FunctionUrl: urlOf(row, services),
    FunctionArn: functionArn(key, row.qualifier === '' ? undefined : row.qualifier),
    AuthType,
    Cors,
    CreationTime: new Date(row.created_at).toISOString(),
    InvokeMode,
  }
}

/** The function, and the alias or nothing. */
export function parseFunctionUrlInput(
  input: Pick<FunctionUrlInput, 'FunctionName' | 'Qualifier'>,
  scope: Scope,
): { readonly key: FunctionKey; readonly qualifier: string } {
  const { qualifier = '', ...key } = parseFunctionName(input.FunctionName, scope, input.Qualifier)
  return { key, qualifier }
}

/** As the operations that make and change URLs say that a function or alias is not there. */
export async function expectUrlTarget(db: CatalogQueries, key: FunctionKey, qualifier: string): Promise<void> {
  const isThere = qualifier === '' ? await findFunction(db, key) : await hasQualifier(db, key, qualifier)
  if (!isThere) throw resourceNotFound({ text: 'Function does not exist' })
}

function urlOf(row: FunctionUrlRow, services: LambdaServices): string {
  if (!services.functionUrl) throw notSupported({ what: 'A function URL' })
  return services.functionUrl(row.url_id, row.region)
}
