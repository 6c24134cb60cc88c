import type { AccessQuestion } from '../aws/iam-policy.ts'
import type { Caller } from './http/message.ts'

/** Port: whether a policy of the caller's role grants this. Asked for callers of kind `role` only. */
export type IsGranted = (caller: Caller, question: AccessQuestion) => Promise<boolean>

/** Users may do everything in their account, roles what is granted to them, nobody else anything. */
export async function mayCall(isGranted: IsGranted, caller: Caller, question: AccessQuestion): Promise<boolean> {
  if (caller.kind === 'user') return true
  return caller.kind === 'role' && isGranted(caller, question)
}
