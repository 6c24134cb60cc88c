import { sha256 } from '../../base/digest.ts'

/** The canonical user id of an account: 64 hexadecimal digits that say nothing. */
export function canonicalId(accountId: string): string {
  return sha256(`canonical user of ${accountId}`)
}
