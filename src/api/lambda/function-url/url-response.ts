/** What a function's result means as an HTTP answer of its URL. */
import type { InvocationResult } from '../../../invoker/invocation.ts'

export interface UrlResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer | string
}

interface Structured {
  readonly statusCode?: unknown
  readonly headers?: Readonly<Record<string, unknown>>
  readonly cookies?: readonly unknown[]
  readonly body?: unknown
  readonly isBase64Encoded?: unknown
}

/** Headers that belong to the connection, not to the function. */
const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

export const badGateway: UrlResponse = {
  status: 502,
  headers: { 'content-type': 'application/json' },
  body: 'Internal Server Error',
}

/** An object with `statusCode` says it all; anything else is the body, JSON written as short as it can be. */
export function urlResponse(result: InvocationResult): UrlResponse {
  if (result.functionError) return badGateway
  let value: unknown
  try {
    value = JSON.parse(result.payload.toString())
  } catch {
    return badGateway
  }
  if (typeof value === 'object' && value !== null && 'statusCode' in value) return structured(value)
  const body = typeof value === 'string' ? value : JSON.stringify(value)
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

function structured(value: Structured): UrlResponse {
  const status = Number(value.statusCode)
  if (!Number.isInteger(status) || status < 100 || status > 599) return badGateway
  const headers: Record<string, string | string[]> = { 'content-type': 'application/json' }
  for (const [name, one] of Object.entries(value.headers ?? {})) {
    const lower = name.toLowerCase()
    if (!ownHeaders.has(lower) && isSendable(name, String(one))) headers[lower] = String(one)
  }
  const cookies = (value.cookies ?? []).map(String).filter((cookie) => isSendable('set-cookie', cookie))
  if (cookies.length > 0) headers['set-cookie'] = cookies
  const { body = '' } = value
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers, body: value.isBase64Encoded === true ? Buffer.from(text, 'base64') : text }
}

/** A function's text must not end a header and start another. */
function isSendable(name: string, value: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
