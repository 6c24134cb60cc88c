import type { AdminRoute } from '../api/http/server.ts'
import type { ApiRequest, ApiResponse } from '../api/http/message.ts'
import type { CheckResult } from '../audit/check-package.ts'
import { defineError, ZipyardError } from '../base/errors.ts'
import type { FunctionKey } from '../functions/function-name.ts'
import type { EnvironmentStatus } from '../invoker/invocation.ts'
import { firstAccountId, type AccessKey, type AccessKeys } from './access-keys.ts'

/** Routes of the service's own commands, `zipyard keys`, `zipyard ps` and `zipyard check --function`, under `/_zipyard/`; signed like every request. */
export function adminRoutes(parts: {
  readonly keys: AccessKeys
  readonly environments: () => readonly EnvironmentStatus[]
  readonly findings: (key: FunctionKey) => Promise<CheckResult>
}): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/_zipyard/findings/',
      handle: guarded((request) => {
        const { accountId, region } = request.caller
        const name = decoded(request.path.slice('/_zipyard/findings/'.length))
        return parts.findings({ accountId, region, name })
      }),
    },
    {
      method: 'GET',
      path: '/_zipyard/environments',
      handle: guarded(async () => ({ environments: parts.environments() })),
    },
    {
      method: 'GET',
      path: '/_zipyard/keys',
      handle: guarded(async () => ({ keys: parts.keys.list().map((key) => shown(key)) })),
    },
    {
      method: 'POST',
      path: '/_zipyard/keys',
      handle: guarded(async (request) => {
        const input = parseInput((await request.body(10_000)).toString('utf8'))
        const key = await parts.keys.add(String(input.name ?? 'unnamed'), String(input.accountId ?? firstAccountId))
        return { ...shown(key), secretAccessKey: key.secret }
      }),
    },
    {
      method: 'DELETE',
      path: '/_zipyard/keys/',
      handle: guarded(async (request) => {
        const accessKeyId = decoded(request.path.split('/').at(-1)!)
        await parts.keys.revoke(accessKeyId)
        return { accessKeyId }
      }),
    },
  ]
}

const malformedCall = defineError('ZY0622', 'usage', (p: { problem: string }) => ({
  message: `The call cannot be read: ${p.problem}`,
  hint: 'Use the commands `zipyard keys`, `zipyard ps` and `zipyard check --function`',
}))

function parseInput(text: string): { readonly name?: unknown; readonly accountId?: unknown } {
  try {
    const input: unknown = JSON.parse(text)
    if (typeof input === 'object' && input !== null) return input
  } catch {
    // Said below.
  }
  throw malformedCall({ problem: 'its body is not a JSON object' })
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw malformedCall({ problem: `\`${segment}\` is not percent-encoded` })
  }
}

const guarded =
  (handle: (request: ApiRequest) => Promise<object>) =>
  (request: ApiRequest): Promise<ApiResponse> =>
    answer(request, handle)

const administratorsOnly = defineError('ZY0617', 'refused', (p: { arn: string }) => ({
  message: `\`${p.arn}\` may not administer the service`,
  hint: `Only access keys of the first account (${firstAccountId}) may`,
}))

async function answer(request: ApiRequest, handle: (request: ApiRequest) => Promise<object>): Promise<ApiResponse> {
  const headers = { 'content-type': 'application/json' }
  try {
    const { caller } = request
    if (caller.kind === 'role' || caller.accountId !== firstAccountId) throw administratorsOnly({ arn: caller.arn })
    return { status: 200, headers, body: JSON.stringify(await handle(request)) }
  } catch (error) {
    if (!(error instanceof ZipyardError)) throw error
    const status = administratorsOnly.is(error) ? 403 : 400
    return { status, headers, body: JSON.stringify({ code: error.code, message: error.message, hint: error.hint }) }
  }
}

/** What may be seen of a key again: all but its secret. */
function shown(key: AccessKey): object {
  const { accessKeyId, name, accountId, arn } = key
  return { accessKeyId, name, accountId, arn, createdAt: new Date(key.createdAt).toISOString() }
}
