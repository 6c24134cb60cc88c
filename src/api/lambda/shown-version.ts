/** The version that a name and qualifier stand for, and the ARN under which its caller sees it. */
import { functionNotFound } from '../../functions/errors.ts'
import { findAlias } from '../../functions/alias-store.ts'
import { functionArn, isVersionNumber, latest, parseFunctionName, type Scope } from '../../functions/function-name.ts'
import { findVersion } from '../../functions/function-store.ts'
import { versionNumber, type FunctionVersion } from '../../functions/function-version.ts'
import type { CatalogQueries } from '../../store/catalog.ts'

/** @throws `resourceNotFound`, naming the ARN with the qualifier that was asked for, if one was */
export async function shownVersion(
  functionName: string,
  qualifier: string | undefined,
  scope: Scope,
  db: CatalogQueries,
): Promise<{ readonly version: FunctionVersion; readonly arn: string }> {
  const target = parseFunctionName(functionName, scope, qualifier)
  const arn = functionArn(target, target.qualifier)
  const number =
    target.qualifier === undefined || target.qualifier === latest || isVersionNumber(target.qualifier)
      ? versionNumber(target.qualifier ?? latest)
      : (await findAlias(db, target, target.qualifier))?.version
  const version = number === undefined ? undefined : await findVersion(db, target, number)
  if (!version) throw functionNotFound(arn)
  return { version, arn }
}
