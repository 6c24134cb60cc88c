import { callJson } from './call.ts'
import type { Target } from './target.ts'

/** Calls of the service's own door, `/_zipyard/…`, signed like any other call. */
export function callAdmin<Result>(target: Target, method: string, path: string, input?: object): Promise<Result> {
  return callJson<Result>(target, `${method} ${path}`, {
    service: 'lambda',
    method,
    path: `/_zipyard${path}`,
    headers: { 'content-type': 'application/json' },
    ...(input ? { body: JSON.stringify(input) } : {}),
  })
}
