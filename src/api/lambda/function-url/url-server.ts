/**
 * Serves function URLs on a port of their own: what a function answers must never share an origin with the API.
 *
 * A URL is `http://ID.lambda-url.REGION.localhost:PORT/` and, since not every resolver knows names under `localhost`, also
 * `http://127.0.0.1:PORT/ID/`. Anyone may ask; the function's URL configuration and policy decide who is answered.
 */
import { randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../../base/clock.ts'
import type { Log } from '../../../base/log.ts'
import {
  findFunctionUrlById,
  type FunctionUrlDocument,
  type FunctionUrlRow,
} from '../../../functions/function-url-store.ts'
import { functionArn } from '../../../functions/function-name.ts'
import type { RunnableVersions } from '../../../functions/runnable.ts'
import { throttled } from '../../../invoker/errors.ts'
import type { Invocation, InvocationResult } from '../../../invoker/invocation.ts'
import { synchronousPayloadLimit } from '../../../lambda/quotas.ts'
import type { Catalog } from '../../../store/catalog.ts'
import type { IsGranted } from '../../grants.ts'
import { readClaim, verifyClaim } from '../../http/authenticate.ts'
import { holdBody, type HeldBody } from '../../http/body.ts'
import { requestStalled, requestTooLarge } from '../../http/errors.ts'
import { hostName, knownHost } from '../../http/host-rules.ts'
import type { KeyRing } from '../../http/key-ring.ts'
import type { Caller } from '../../http/message.ts'
import { Patience, type HttpLimits } from '../../http/patience.ts'
import { newTraceHeader } from '../trace-header.ts'
import { mayCallUrl } from './url-access.ts'
import { corsHeaders, preflightHeaders } from './url-cors.ts'
import { urlEvent } from './url-event.ts'
import { badGateway, urlResponse, type UrlResponse } from './url-response.ts'

export interface FunctionUrlServerOptions {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly log: Log
  readonly keyRing: KeyRing
  readonly isGranted: IsGranted
  readonly runnable: RunnableVersions
  readonly invoke: (invocation: Invocation) => Promise<InvocationResult>
  /** Names besides loopback under which clients may reach us. */
  readonly hostNames: readonly string[]
  /** How long clients may take; `standardLimits` unless given. */
  readonly limits?: HttpLimits
}

export interface FunctionUrlServer {
  /** Takes another port when this one is taken. */
  listen(address: { readonly host: string; readonly port: number }): Promise<void>
  /** The URL of a configuration, with its final slash; known once the server listens. */
  urlOf(urlId: string, region: string): string
  close(graceMs: number): Promise<void>
}

const forbidden: UrlResponse = {
  status: 403,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException' },
  body: '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}',
}

export function createFunctionUrlServer(options: FunctionUrlServerOptions): FunctionUrlServer {
  const patience = new Patience(options.clock, options.limits)
  const server = createServer(patience.serverOptions)
  server.on('request', (request, response) => void serve(request, response, options, patience))
  const listenOn = (port: number, host: string): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  let base = { port: 0, host: '127.0.0.1', hasNames: false }
  return {
    async listen({ host, port }) {
      await listenOn(port, host).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE' || port === 0) throw error
        return listenOn(0, host)
      })
      server.on('error', (error) => options.log.error('function URLs failed', { error: String(error) }))
      const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
      base = {
        port: (server.address() as AddressInfo).port,
        host: shown.includes(':') ? `[${shown}]` : shown,
        hasNames: await resolvesNames(),
      }
    },
    urlOf: (urlId, region) =>
      base.hasNames
        ? `http://${urlId}.lambda-url.${region}.localhost:${base.port}/`
        : `http://${base.host}:${base.port}/${urlId}/`,
    close: (graceMs) =>
      new Promise((resolve) => {
        if (!server.listening) return resolve()
        const cut = options.clock.after(graceMs, () => server.closeAllConnections())
        server.close(() => {
          cut.cancel()
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

/** Whether this machine's resolver finds names under `localhost`. */
async function resolvesNames(): Promise<boolean> {
  try {
    const { address } = await lookup('x.lambda-url.us-east-1.localhost')
    return address === '127.0.0.1' || address === '::1'
  } catch {
    return false
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: FunctionUrlServerOptions,
  patience: Patience,
): Promise<void> {
  const id = randomUUID()
  let answer: UrlResponse
  try {
    answer = await answerRequest(id, request, options, patience)
  } catch (error) {
    answer = failureOf(error)
    options.log.warn('a function URL could not be answered', {
      id,
      error: error instanceof Error ? error.message : String(error),
    })
  }
  if (response.destroyed) return
  patience.watchAnswer(response)
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value as string | string[])
  response.setHeader('x-amzn-RequestId', id)
  const hasBody = answer.status >= 200 && answer.status !== 204 && answer.status !== 304
  if (hasBody) response.setHeader('content-length', Buffer.byteLength(answer.body))
  response.end(hasBody && request.method !== 'HEAD' ? answer.body : undefined)
  if (!request.complete) patience.watchBody(request, () => request.destroy())
}

function failureOf(error: unknown): UrlResponse {
  const headers = { 'content-type': 'application/json' }
  if (throttled.is(error)) return { status: 429, headers, body: '{"Message":"Rate Exceeded."}' }
  if (requestTooLarge.is(error)) return { status: 413, headers, body: '{"Message":"Request Entity Too Large"}' }
  if (requestStalled.is(error))
    return { status: 408, headers: { ...headers, connection: 'close' }, body: '{"Message":"Request Timeout"}' }
  return badGateway
}

async function answerRequest(
  id: string,
  request: IncomingMessage,
  options: FunctionUrlServerOptions,
  patience: Patience,
): Promise<UrlResponse> {
  const { catalog, clock, isGranted, runnable } = options
  const target = targetOf(request, options.hostNames)
  const row = target && (await findFunctionUrlById(catalog.db, target.urlId))
  if (!row || (target.region !== undefined && target.region !== row.region)) return forbidden
  const document = JSON.parse(row.document) as FunctionUrlDocument
  const cors = document.Cors
  if (cors && request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
    return { status: 200, headers: preflightHeaders(cors, request.headers), body: '' }
  }
  const added = cors ? corsHeaders(cors, request.headers) : {}
  const body = await holdBody(request, synchronousPayloadLimit, patience)
  const caller = callerOf(request, body, options)
  const key = { accountId: row.account_id, region: row.region, name: row.name }
  if (!(await mayCallUrl(catalog.db, key, row.qualifier, document, caller, isGranted))) {
    return { ...forbidden, headers: { ...forbidden.headers, ...added } }
  }
  const qualifier = row.qualifier === '' ? undefined : row.qualifier
  const version = await runnable.resolve(key, qualifier)
  const traceHeader = newTraceHeader(clock.now(), request.headers['x-amzn-trace-id'])
  const result = await options.invoke({
    requestId: id,
    target: version,
    invokedArn: functionArn(key, qualifier),
    payload: toEvent(id, row, target, request, body, caller, clock.now()),
    traceHeader,
    wantsLogTail: false,
  })
  const answer = urlResponse(result)
  return { ...answer, headers: { ...answer.headers, ...added, 'x-amzn-trace-id': traceHeader } }
}

interface Target {
  readonly urlId: string
  readonly region: string | undefined
  /** As sent, without the id where the path names it. */
  readonly path: string
  readonly query: string
}

function targetOf(request: IncomingMessage, hostNames: readonly string[]): Target | undefined {
  const [whole = '/', query = ''] = splitOnce(request.url ?? '/', '?')
  const name = hostName(request.headers.host) ?? ''
  const named = /^([a-z0-9]{32})\.lambda-url\.([a-z0-9-]+)\.(.+)$/.exec(name)
  if (named) {
    return named[3] === 'localhost' || hostNames.includes(named[3]!)
      ? { urlId: named[1]!, region: named[2], path: whole, query }
      : undefined
  }
  if (!knownHost(request.headers.host, hostNames)) return undefined
  const inPath = /^\/([a-z0-9]{32})(\/.*)?$/.exec(whole)
  return inPath ? { urlId: inPath[1]!, region: undefined, path: inPath[2] ?? '/', query } : undefined
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Who signed the request; nobody, when it is not signed or its signature does not hold. */
function callerOf(request: IncomingMessage, body: HeldBody, options: FunctionUrlServerOptions): Caller | undefined {
  const [path, query] = splitOnce(request.url ?? '/', '?')
  const signable = { method: request.method ?? 'GET', path, query, headers: request.headersDistinct }
  try {
    const claim = readClaim(signable, options.keyRing, options.clock.now())
    if (claim.signature.scope.service !== 'lambda') return undefined
    verifyClaim(signable, claim, body.hash)
    const { accountId, arn, kind } = claim.key
    const { accessKeyId, scope } = claim.signature
    return { accountId, arn, kind, region: scope.region, accessKeyId }
  } catch {
    return undefined
  }
}

function toEvent(
  id: string,
  row: FunctionUrlRow,
  target: Target,
  request: IncomingMessage,
  body: HeldBody,
  caller: Caller | undefined,
  time: number,
): Buffer {
  return urlEvent({
    id,
    urlId: row.url_id,
    method: request.method ?? 'GET',
    path: target.path,
    query: target.query,
    headers: request.headers,
    body: Buffer.concat(body.chunks, body.bytes),
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp: request.socket.remoteAddress ?? '',
    time,
    caller,
  })
}
