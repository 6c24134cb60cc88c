/**
 * Which API a request is for. A signed one says so in its credential scope; the others are told apart by what only they send.
 */
import type { RequestHead } from './message.ts'

const queryActions: Readonly<Record<string, string>> = { '2011-06-15': 'sts', '2010-05-08': 'iam' }

/** The name of the service as in a credential scope: `lambda`, `s3`, `sqs` … */
export function addressedService(head: RequestHead, scopeService: string | undefined): string {
  if (scopeService !== undefined) return scopeService
  const target = head.headers['x-amz-target']
  if (typeof target === 'string')
    return target.startsWith('Logs_20140328.') ? 'logs' : target.split(/[_.]/)[0]!.toLowerCase()
  if (head.headers['content-type']?.startsWith('application/x-www-form-urlencoded') && head.path === '/') return 'query'
  if (/^\/20\d\d-\d\d-\d\d\//.test(head.path)) return 'lambda'
  return 's3'
}

/** `sts` or `iam` of a form body, from its `Version`; STS when it says nothing known. */
export function queryService(form: string): string {
  return queryActions[new URLSearchParams(form).get('Version') ?? ''] ?? 'sts'
}
