/**
 * Whether a role's trust policy lets a caller assume it. A statement with a condition, or one that cannot be read, lets nobody in.
 */
import type { Caller } from '../http/message.ts'

interface Statement {
  readonly Effect?: string
  readonly Action?: string | readonly string[]
  readonly Principal?: unknown
  readonly Condition?: unknown
}

export function trusts(document: string, caller: Pick<Caller, 'accountId' | 'arn'>): boolean {
  const applying = statementsOf(document).filter(
    (statement) => namesAssumeRole(statement.Action) && namesCaller(statement.Principal, caller),
  )
  if (applying.some((statement) => statement.Effect === 'Deny')) return false
  return applying.some((statement) => statement.Effect === 'Allow' && statement.Condition === undefined)
}

function statementsOf(document: string): readonly Statement[] {
  try {
    const { Statement: found } = JSON.parse(document) as { Statement?: Statement | readonly Statement[] }
    return found === undefined ? [] : ([found].flat() as Statement[])
  } catch {
    return []
  }
}

function namesAssumeRole(action: Statement['Action']): boolean {
  return texts(action).some((one) => ['sts:assumerole', 'sts:*', '*'].includes(one.toLowerCase()))
}

function namesCaller(principal: unknown, caller: Pick<Caller, 'accountId' | 'arn'>): boolean {
  if (principal === '*') return true
  if (typeof principal !== 'object' || principal === null) return false
  const { accountId, arn } = caller
  const names = ['*', accountId, `arn:aws:iam::${accountId}:root`, arn, roleOfSession(arn)]
  return texts((principal as { AWS?: unknown }).AWS).some((one) => names.includes(one))
}

/** A session is also its role. */
function roleOfSession(arn: string): string | undefined {
  const match = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn)
  return match ? `arn:aws:iam::${match[1]}:role/${match[2]}` : undefined
}

function texts(value: unknown): readonly string[] {
  return [value].flat().filter((one): one is string => typeof one === 'string')
}
