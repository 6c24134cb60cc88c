/** Who may call a function URL: decided by its authorization type, the caller's signature and the function's resource policy. */
import type { FunctionUrlDocument } from '../../../functions/function-url-store.ts'
import { functionArn, type FunctionKey } from '../../../functions/function-name.ts'
import type { CatalogQueries } from '../../../store/catalog.ts'
import { mayCall, type IsGranted } from '../../grants.ts'
import type { Caller } from '../../http/message.ts'
import { isGrantedByPolicy } from '../policy-access.ts'

const action = 'lambda:InvokeFunctionUrl'

/** @param alias empty when the URL is of the function itself */
export async function mayCallUrl(
  db: CatalogQueries,
  key: FunctionKey,
  alias: string,
  document: FunctionUrlDocument,
  caller: Caller | undefined,
  isGranted: IsGranted,
): Promise<boolean> {
  const qualifier = alias === '' ? undefined : alias
  const authType = document.AuthType
  if (authType === 'AWS_IAM') {
    if (!caller) return false
    const resource = functionArn(key, qualifier)
    if (caller.accountId === key.accountId && (await mayCall(isGranted, caller, { action, resource }))) return true
  }
  return isGrantedByPolicy(db, key, qualifier, { action, caller, authType })
}
