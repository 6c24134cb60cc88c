/** Whether a qualifier stands for something, said as the operations on permissions and provisioned concurrency say it. */
import type { CatalogQueries } from '../store/catalog.ts'
import { findAlias } from './alias-store.ts'
import { aliasNotFound, functionNotFound } from './errors.ts'
import { functionArn, isVersionNumber, latest, type FunctionKey } from './function-name.ts'
import { findFunction, findVersion } from './function-store.ts'

/** Whether there is such a version or alias, `$LATEST` included. */
export async function hasQualifier(db: CatalogQueries, key: FunctionKey, qualifier: string): Promise<boolean> {
  if (qualifier === latest) return (await findFunction(db, key)) !== undefined
  if (isVersionNumber(qualifier)) return (await findVersion(db, key, Number(qualifier))) !== undefined
  return (await findAlias(db, key, qualifier)) !== undefined
}

/** @throws `resourceNotFound`, with words of their own for names that only an alias could have */
export async function expectQualifier(
  db: CatalogQueries,
  key: FunctionKey,
  qualifier: string | undefined,
): Promise<void> {
  if (qualifier === undefined ? await findFunction(db, key) : await hasQualifier(db, key, qualifier)) return
  const arn = functionArn(key, qualifier)
  const isAlias = qualifier !== undefined && /^(?!\d+$)[a-zA-Z0-9-_]+$/.test(qualifier)
  throw isAlias ? aliasNotFound(arn) : functionNotFound(arn)
}
