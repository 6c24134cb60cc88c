/** The event that a function gets from its URL: payload format version 2.0. */
import type { IncomingHttpHeaders } from 'node:http'
import { parseQuery } from '../../../aws/sigv4.ts'
import type { Caller } from '../../http/message.ts'

export interface UrlRequest {
  readonly id: string
  readonly urlId: string
  readonly method: string
  /** As sent, without what names the function. */
  readonly path: string
  /** As sent, without `?`. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly protocol: string
  readonly sourceIp: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly caller: Caller | undefined
}

/** Content types whose bodies are handed over as text; all others in base64. */
const textTypes = /^(text\/|application\/(json|javascript|xml|.*\+json|.*\+xml)\b)/

export function urlEvent(request: UrlRequest): Buffer {
  const { host = '', cookie, ...headers } = request.headers
  const isText = textTypes.test(request.headers['content-type'] ?? '')
  const parameters = new Map<string, string>()
  for (const [name, value] of parseQuery(request.query) ?? []) {
    const before = parameters.get(name)
    parameters.set(name, before === undefined ? value : `${before},${value}`)
  }
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: decodePath(request.path),
    rawQueryString: request.query,
    ...(cookie !== undefined && { cookies: cookie.split('; ') }),
    headers: Object.fromEntries(
      [...Object.entries(headers), ['host', host]].map(([name, value]) => [name, String(value)]),
    ),
    ...(parameters.size > 0 && { queryStringParameters: Object.fromEntries(parameters) }),
    requestContext: {
      accountId: request.caller?.accountId ?? 'anonymous',
      apiId: request.urlId,
      ...(request.caller && { authorizer: { iam: authorizer(request.caller) } }),
      domainName: host,
      domainPrefix: request.urlId,
      http: {
        method: request.method,
        path: decodePath(request.path),
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: request.id,
      routeKey: '$default',
      stage: '$default',
      time: formatTime(new Date(request.time)),
      timeEpoch: request.time,
    },
    ...(request.body.length > 0 && { body: request.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  }
  return Buffer.from(JSON.stringify(event))
}

function authorizer(caller: Caller): Record<string, string> {
  return {
    accessKey: caller.accessKeyId,
    accountId: caller.accountId,
    callerId: caller.accessKeyId,
    userArn: caller.arn,
    userId: caller.accessKeyId,
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** `22/Nov/2026:12:00:00 +0000` */
function formatTime(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString())!
  return `${day}/${month}/${year}:${time} +0000`
}
