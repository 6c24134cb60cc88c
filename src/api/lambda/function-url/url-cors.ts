/** The CORS headers of a function URL that has a CORS configuration. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FunctionUrlCors } from '../../../functions/function-url-store.ts'

/** Headers of an answer to `Origin`; none when its origin is not allowed. */
export function corsHeaders(cors: FunctionUrlCors, headers: IncomingHttpHeaders): Record<string, string> {
  const origin = headers.origin
  if (origin === undefined || !allowsOrigin(cors, origin)) return {}
  const isAny = (cors.AllowOrigins ?? []).includes('*') && !cors.AllowCredentials
  return {
    'access-control-allow-origin': isAny ? '*' : origin,
    ...(!isAny && { vary: 'Origin' }),
    ...(cors.AllowCredentials && { 'access-control-allow-credentials': 'true' }),
    ...(cors.ExposeHeaders &&
      cors.ExposeHeaders.length > 0 && { 'access-control-expose-headers': cors.ExposeHeaders.join(',') }),
  }
}

/** Headers of the answer to a preflight. */
export function preflightHeaders(cors: FunctionUrlCors, headers: IncomingHttpHeaders): Record<string, string> {
  const common = corsHeaders(cors, headers)
  const method = headers['access-control-request-method'] ?? ''
  const allowed = cors.AllowMethods ?? []
  if (!common['access-control-allow-origin'] || !(allowed.includes('*') || allowed.includes(method))) return {}
  return {
    ...common,
    'access-control-allow-methods': allowed.join(','),
    ...(cors.AllowHeaders &&
      cors.AllowHeaders.length > 0 && { 'access-control-allow-headers': cors.AllowHeaders.join(',') }),
    ...(cors.MaxAge !== undefined && { 'access-control-max-age': String(cors.MaxAge) }),
  }
}

function allowsOrigin(cors: FunctionUrlCors, origin: string): boolean {
  return (cors.AllowOrigins ?? []).some((allowed) => {
    if (allowed === '*' || allowed === origin) return true
    const star = allowed.indexOf('*')
    if (star < 0) return false
    const [before, after] = [allowed.slice(0, star), allowed.slice(star + 1)]
    return origin.length >= before.length + after.length && origin.startsWith(before) && origin.endsWith(after)
  })
}
