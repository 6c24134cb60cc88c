/** Code-signing configurations: stored and read back; packages are not verified, so `Enforce` is refused. */
import type { Selectable } from 'kysely'
import type { CatalogQueries } from '../store/catalog.ts'
import type { CodeSigningConfigTable } from '../store/tables/functions.ts'
import { codeSigningConfigNotFound } from './errors.ts'
import type { Scope } from './function-name.ts'

export type CodeSigningConfigRow = Selectable<CodeSigningConfigTable>

export function codeSigningConfigArn(scope: Scope, id: string): string {
  return `arn:aws:lambda:${scope.region}:${scope.accountId}:code-signing-config:${id}`
}

export async function findCodeSigningConfig(
  db: CatalogQueries,
  scope: Scope,
  arn: string,
): Promise<CodeSigningConfigRow | undefined> {
  const id = arn.split(':').at(-1)!
  if (codeSigningConfigArn(scope, id) !== arn) return undefined
  return db
    .selectFrom('code_signing_config')
    .selectAll()
    .where('account_id', '=', scope.accountId)
    .where('region', '=', scope.region)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** As an operation on a function says that the configuration it names is not there. */
export async function expectCodeSigningConfig(db: CatalogQueries, scope: Scope, arn: string): Promise<void> {
  if (await findCodeSigningConfig(db, scope, arn)) return
  throw codeSigningConfigNotFound({
    text: `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
  })
}
