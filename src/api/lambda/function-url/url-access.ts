/** Who may call a function URL: decided by its authorization type, the caller's signature and the function's resource policy. */
import type { FunctionUrlDocument } from '../../../functions/function-url-store.ts'
import { functionArn, type FunctionKey } from '../../../functions/function-name.ts'
import { findPolicy, type Statement } from '../../../functions/policies.ts'
import type { CatalogQueries } from '../../../store/catalog.ts'
import { mayCall, type IsGranted } from '../../grants.ts'
import type { Caller } from '../../http/message.ts'

const action = 'lambda:InvokeFunctionUrl'

/** @param qualifier empty, or the alias that the URL is of */
export async function mayCallUrl(
  db: CatalogQueries,
  key: FunctionKey,
  qualifier: string,
  document: FunctionUrlDocument,
  caller: Caller | undefined,
  isGranted: IsGranted,
): Promise<boolean> {
  const resource = functionArn(key, qualifier === '' ? undefined : qualifier)
  if (document.AuthType === 'AWS_IAM') {
    if (!caller) return false
    if (caller.accountId === key.accountId && (await mayCall(isGranted, caller, { action, resource }))) return true
  }
  const policy = await findPolicy(db, { ...key, kind: 'function', qualifier })
  return (policy?.statements ?? []).some((statement) => allows(statement, document.AuthType, caller))
}

/** A condition that nothing of a request here can meet does not allow. */
function allows(statement: Statement, authType: string, caller: Caller | undefined): boolean {
  if (statement.Action !== action && statement.Action !== 'lambda:*' && statement.Action !== '*') return false
  const { StringEquals: equals = {}, ...otherConditions } = statement.Condition ?? {}
  if (Object.keys(otherConditions).length > 0) return false
  for (const [name, value] of Object.entries(equals)) {
    if (
      name === 'lambda:FunctionUrlAuthType'
        ? value !== authType
        : name !== 'AWS:SourceAccount' || value !== caller?.accountId
    ) {
      return false
    }
  }
  const { Principal: principal } = statement
  if (principal === '*') return true
  if (!caller || !('AWS' in principal)) return false
  return principal.AWS === caller.arn || principal.AWS === `arn:aws:iam::${caller.accountId}:root`
}
