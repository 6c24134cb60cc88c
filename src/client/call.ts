import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { sha256 } from '../base/digest.ts'
import { defineError } from '../base/errors.ts'
import { signRequest, unsignedPayload } from '../aws/sigv4.ts'
import type { AwsService, Target } from './target.ts'

export interface Call {
  readonly service: AwsService
  readonly method: string
  /** Percent-encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string | { readonly stream: () => Readable; readonly bytes: number }
  readonly signal?: AbortSignal
}

export interface CallResult {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export const endpointUnreachable = defineError('ZY0703', 'refused', (p: { endpoint: string }) => ({
  message: `\`${p.endpoint}\` does not answer`,
  hint: 'Is the service running (`zipyard serve`)? Check the address, and your proxy if it is not on this machine',
}))

/** What the service answered instead of doing it. `type` is AWS's name of the error. */
export const callRefused = defineError(
  'ZY0704',
  'refused',
  (p: { call: string; status: number; type: string; message: string; hint?: string | undefined }) => ({
    message: `${p.call} was refused: ${p.message} (\`${p.type}\`, HTTP ${p.status})`,
    hint: p.hint ?? hints[p.type],
  }),
)

const hints: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'See what there is with `aws lambda list-functions`, or create it with `zipyard deploy`',
  InvalidSignatureException:
    'The secret key is not the one of that access key; for the local service run `eval "$(zipyard env)"` again',
  UnrecognizedClientException:
    'The access key is not known there; for the local service run `eval "$(zipyard env)"` again',
  ExpiredTokenException: 'Log in again to renew the session',
  AccessDeniedException: 'The identity that signed the call lacks that permission',
}

/** Sends one signed call; any status is a result. Only an endpoint that cannot be reached throws. */
export async function send(target: Target, call: Call): Promise<CallResult> {
  const endpoint = new URL(target.endpoint(call.service))
  const query = encodeQuery(call.query ?? {})
  const path = `${endpoint.pathname.replace(/\/$/, '')}${call.path}`
  const stream = typeof call.body === 'object' && 'stream' in call.body ? call.body : undefined
  const bytes = stream ? undefined : Buffer.from((call.body as Buffer | string | undefined) ?? '')
  const headers: Record<string, string> = {
    host: endpoint.host,
    ...call.headers,
    'content-length': String(stream ? stream.bytes : bytes!.length),
  }
  const signed = signRequest(
    { method: call.method, path, query, headers },
    {
      credentials: await target.credentials(),
      region: target.region,
      service: call.service,
      date: new Date(),
      payloadHash: stream ? unsignedPayload : sha256(bytes!),
    },
  )
  const all = { ...headers, ...signed }
  const url = `${endpoint.origin}${path}${query ? `?${query}` : ''}`
  try {
    if (needsProxy(endpoint)) return await sendThroughProxy(url, call, all, stream?.stream() ?? bytes!)
    return await sendDirectly(url, call, all, stream?.stream() ?? bytes!)
  } catch (cause) {
    if (call.signal?.aborted) throw cause
    throw endpointUnreachable({ endpoint: endpoint.origin }, { cause })
  }
}

/** Sends a call and gives back its JSON, or throws `callRefused`. `name` is the operation for the error sentence. */
export async function callJson<Result>(target: Target, name: string, call: Call): Promise<Result> {
  const result = await send(target, call)
  if (result.status >= 300) throw refusal(name, result)
  return (result.body.length === 0 ? {} : JSON.parse(result.body.toString('utf8'))) as Result
}

/** The error of an answer, whichever protocol it is in. */
export function refusal(name: string, result: CallResult): ReturnType<typeof callRefused> {
  const text = result.body.toString('utf8')
  const header = result.headers['x-amzn-errortype']
  let type = typeof header === 'string' ? header.split(':')[0]! : ''
  let message = text.slice(0, 500)
  let hint: string | undefined
  if (text.startsWith('<')) {
    type ||= /<Code>([^<]*)/.exec(text)?.[1] ?? ''
    message = /<Message>([^<]*)/.exec(text)?.[1] ?? message
  } else {
    try {
      const body = JSON.parse(text) as Record<string, string>
      message = body['message'] ?? body['Message'] ?? body['errorMessage'] ?? message
      hint = body['hint'] // the service's own door has one
      type ||= (body['__type'] ?? body['code'] ?? '').replace(/^.*#/, '')
    } catch {
      // Not JSON: the text itself is the best there is.
    }
  }
  return callRefused({
    call: name,
    status: result.status,
    type: type || 'Unknown',
    message: message || 'no reason was given',
    hint,
  })
}

function sendDirectly(
  url: string,
  call: Call,
  headers: Readonly<Record<string, string>>,
  body: Buffer | Readable,
): Promise<CallResult> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(
      url,
      { method: call.method, headers, signal: call.signal },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        )
        response.on('error', reject)
      },
    )
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server may close an idle connection at the moment it is used again; nothing was read of it then.
      if (request.reusedSocket && error.code === 'ECONNRESET' && Buffer.isBuffer(body))
        resolve(sendDirectly(url, call, headers, body))
      else reject(error)
    })
    if (Buffer.isBuffer(body)) request.end(body)
    else body.on('error', (error) => request.destroy(error)).pipe(request)
  })
}

async function sendThroughProxy(
  url: string,
  call: Call,
  headers: Readonly<Record<string, string>>,
  body: Buffer | Readable,
): Promise<CallResult> {
  const { EnvHttpProxyAgent, request } = await import('undici')
  const { host: _host, ...rest } = headers
  const response = await request(url, {
    method: call.method as 'GET',
    headers: rest,
    body: Buffer.isBuffer(body) && body.length === 0 ? null : body,
    dispatcher: new EnvHttpProxyAgent(),
    signal: call.signal ?? null,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return {
    status: response.statusCode,
    headers: response.headers,
    body: Buffer.from(await response.body.arrayBuffer()),
  }
}

/** Loopback is never behind a proxy. */
export function needsProxy(endpoint: URL): boolean {
  if (['127.0.0.1', 'localhost', '[::1]'].includes(endpoint.hostname)) return false
  return ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some((name) => process.env[name])
}

/** RFC 3986 encoding, sorted: what is signed is what is sent. */
function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
}

export function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
