/** What a function's resource policy grants, to whom. */
import { functionArn, type FunctionKey } from '../../functions/function-name.ts'
import { findPolicy, type Statement } from '../../functions/policies.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import type { Caller } from '../http/message.ts'

export interface PolicyQuestion {
  /** `lambda:InvokeFunction` */
  readonly action: string
  /** Absent: nobody signed the request. */
  readonly caller: Caller | undefined
  /** Of a function URL. */
  readonly authType?: string | undefined
}

/** @param qualifier the version or alias that is called, whose own policy counts, or nothing */
export async function isGrantedByPolicy(
  db: CatalogQueries,
  key: FunctionKey,
  qualifier: string | undefined,
  question: PolicyQuestion,
): Promise<boolean> {
  const policy = await findPolicy(db, { ...key, kind: 'function', qualifier: qualifier ?? '' })
  const resource = functionArn(key, qualifier)
  return (policy?.statements ?? []).some((one) => one.Resource === resource && allows(one, question))
}

/** A condition that nothing of a request here can meet does not allow. */
function allows(statement: Statement, { action, caller, authType }: PolicyQuestion): boolean {
  if (statement.Action !== action && statement.Action !== 'lambda:*' && statement.Action !== '*') return false
  const { StringEquals: equals = {}, ...otherConditions } = statement.Condition ?? {}
  if (Object.keys(otherConditions).length > 0) return false
  const known: Readonly<Record<string, string | undefined>> = {
    'lambda:FunctionUrlAuthType': authType,
    'AWS:SourceAccount': caller?.accountId,
  }
  if (Object.entries(equals).some(([name, value]) => known[name] !== value)) return false
  const { Principal: principal } = statement
  if (principal === '*') return true
  if (!caller || !('AWS' in principal)) return false
  return principal.AWS === caller.arn || principal.AWS === `arn:aws:iam::${caller.accountId}:root`
}
