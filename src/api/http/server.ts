/**
 * The one HTTP server of all APIs. In order: is the host ours, does a browser ask from elsewhere, which API is addressed, who signed
 * it, then the API's own handler. Every refusal is said in the protocol of the addressed API.
 */
import { randomUUID } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { createServer as createSocketServer, type Server as SocketServer } from 'node:net'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { parseQuery, unsignedPayload } from '../../aws/sigv4.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { recalling } from '../../base/recall.ts'
import { readClaim, verifyClaim, type Claim } from './authenticate.ts'
import type { HeldBody } from './body.ts'
import { NodeArrival, type Arrival } from './arrival.ts'
import { answerClientError, closeServer, urlOf } from './connections.ts'
import { addressedService, queryService } from './dispatch.ts'
import {
  malformedRequest,
  requestStalled,
  hostRefused,
  incompleteSignature,
  originRefused,
  payloadHashMismatch,
  unknownService,
} from './errors.ts'
import { hostName, isForeignOrigin, knownHost } from './host-rules.ts'
import { Exchange, HttpApiRequest } from './exchange.ts'
import type { KeyRing } from './key-ring.ts'
import type { ApiHandler, ApiResponse, ApiService, Caller, RequestHead } from './message.ts'
import { Patience, type HttpLimits } from './patience.ts'
import { PlainConnections } from './plain-connections.ts'
import { renderPlainError } from './plain-error.ts'
import { send } from './send-response.ts'

/** A route of Zipyard itself under `/_zipyard/`. */
export interface AdminRoute {
  readonly method: string
  /** `/_zipyard/environments`; a path that ends with `/` takes everything below it. */
  readonly path: string
  /** `signed` (the default): like every API request. `open`: anyone who reaches the port, no caller. */
  readonly access?: 'signed' | 'open'
  readonly handle: ApiHandler
}

export interface ApiServerOptions {
  readonly services: readonly ApiService[]
  readonly keyRing: KeyRing
  /** Takes any signature or none; for foreign test suites. */
  readonly allowUnsigned: boolean
  /** Names besides loopback under which clients may reach us. */
  readonly hostNames: readonly string[]
  readonly log: Log
  readonly clock: Clock
  readonly adminRoutes: readonly AdminRoute[]
  /** Account of requests that nobody signed, with `allowUnsigned`. */
  readonly defaultAccountId?: string
  /** How long clients may take; `standardLimits` unless given. */
  readonly limits?: HttpLimits
}

export interface ApiServer {
  /** @throws the system's error when the port is taken or not ours to take. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>
  /** Serves whoever connects to a unix socket, too; who may is decided by its folder. One that a killed service left there is replaced. */
  listenAt(socketPath: string): Promise<void>
  /** Stops accepting, lets running requests end for `graceMs`, then cuts what is left. */
  close(graceMs?: number): Promise<void>
}

const healthPath = '/_zipyard/health'
const defaultBodyLimitBytes = 1024 * 1024

export function createApiServer(options: ApiServerOptions): ApiServer {
  const door = new FrontDoor(options)
  const patience = new Patience(options.clock, options.limits)
  const server = createServer(patience.serverOptions)
  const answer = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void =>
    void door.answer(new NodeArrival(request, response, patience), expectsContinue)
  server.on('request', (request, response) => answer(request, response, false))
  server.on('checkContinue', (request, response) => answer(request, response, true))
  server.on('checkExpectation', (request, response) => answer(request, response, false))
  const plain = new PlainConnections(server, patience, (arrival) => void door.answer(arrival, false))
  server.on('clientError', answerClientError)
  const doors: SocketServer[] = []
  return {
    listen: (address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(address.port, address.host, () => {
          server.off('error', reject)
          server.on('error', (error) => options.log.error('server failed', { error: String(error) }))
          door.addHostName(address.host)
          resolve({ url: urlOf(server, address.host) })
        })
      }),
    async listenAt(path) {
      await rm(path, { force: true })
      const local = createSocketServer((socket) => server.emit('connection', socket))
      await new Promise<void>((resolve, reject) => {
        local.once('error', reject)
        local.listen(path, resolve)
      })
      await chmod(path, 0o666)
      doors.push(local)
    },
    close: (graceMs = 5000) => {
      plain.end()
      return closeServer(server, graceMs, options.clock, () => plain.destroy(), doors)
    },
  }
}

class FrontDoor {
  readonly #options: ApiServerOptions
  readonly #services: ReadonlyMap<string, ApiService>
  readonly #hostNames: string[]

  constructor(options: ApiServerOptions) {
    this.#options = options
    this.#services = new Map(options.services.map((service) => [service.name, service]))
    this.#hostNames = options.hostNames.map((name) => name.toLowerCase())
  }

  /** The address we listen on is a name of ours, unless it stands for all addresses. */
  addHostName(host: string): void {
    const name = hostName(host.includes(':') ? `[${host}]` : host)
    if (name !== undefined && name !== '0.0.0.0' && name !== '[::]') this.#hostNames.push(name)
  }

  async answer(arrival: Arrival, expectsContinue: boolean): Promise<void> {
    const id = randomUUID()
    const started = this.#options.clock.monotonic()
    const exchange = new Exchange(id, arrival, expectsContinue)
    let result: ApiResponse
    try {
      result = await this.#handle(exchange)
    } catch (error) {
      result = this.#renderError(error, exchange)
    }
    exchange.end()
    try {
      send(exchange, result)
    } catch (error) {
      // A header that cannot be written must not leave the client waiting, nor end the service.
      send(exchange, this.#renderError(error, exchange))
    }
    this.#options.log.debug('request', {
      id,
      method: exchange.method,
      path: exchange.path,
      service: exchange.service?.name,
      status: result.status,
      ms: Math.round(this.#options.clock.monotonic() - started),
    })
  }

  #renderError(error: unknown, exchange: Exchange): ApiResponse {
    const rendered = exchange.service
      ? exchange.service.renderError(error, exchange.named)
      : renderPlainError(error, exchange.headers)
    if (rendered.status >= 500 && !unknownService.is(error)) {
      const stack = error instanceof Error ? error.stack : String(error)
      this.#options.log.error('request failed', {
        id: exchange.id,
        method: exchange.method,
        path: exchange.path,
        error: stack,
      })
    }
    // What still comes of a body that was given up would be read as the next request.
    const closing = requestStalled.is(error) ? { connection: 'close' } : undefined
    return { ...rendered, headers: { ...rendered.headers, ...exchange.extraHeaders, ...closing } }
  }

  /** Each step that need not wait goes on at once: an `await` on the way costs a warm invocation microseconds, there and back. */
  #handle(exchange: Exchange): ApiResponse | Promise<ApiResponse> {
    const host = knownHost(exchange.headers.host, this.#hostNames)
    if (!host) throw hostRefused({ host: exchange.headers.host ?? '' })
    if (!isQuery(exchange.rawQuery) || !isDecodable(exchange.path) || !exchange.path.startsWith('/')) {
      exchange.service = this.#services.get(host.bucket ? 's3' : addressedService(exchange, signedService(exchange)))
      throw malformedRequest({
        because: exchange.path.startsWith('/')
          ? 'a percent sign in its path or query encodes nothing'
          : 'its path does not start with `/`',
      })
    }
    if (exchange.path === healthPath && exchange.method === 'GET') {
      if (isForeignOrigin(exchange.headers)) throw originRefused({ origin: originOf(exchange.headers) })
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"status":"ok"}' }
    }
    const head: RequestHead = {
      method: exchange.method,
      path: exchange.path,
      headers: exchange.headers,
      hostBucket: host.bucket,
    }
    const admin = exchange.path.startsWith('/_zipyard/') ? this.#findAdminRoute(exchange) : undefined
    const scopeService = claimedService(exchange)
    if (!admin) exchange.service = this.#services.get(host.bucket ? 's3' : addressedService(head, scopeService))
    if (!isForeignOrigin(exchange.headers)) return this.#admitted(exchange, head, admin)
    return this.#admitOrigin(exchange, head, admin).then(
      (preflight) => preflight ?? this.#admitted(exchange, head, admin),
    )
  }

  #admitted(exchange: Exchange, head: RequestHead, admin: AdminRoute | undefined): ApiResponse | Promise<ApiResponse> {
    if (exchange.path.startsWith('/_zipyard/') && !admin)
      return renderPlainError(unknownService({ service: exchange.path }), {})
    if (admin?.access === 'open')
      return admin.handle(new HttpApiRequest(exchange, head, anonymous, undefined, undefined))
    const claim = this.#readClaim(exchange)
    // Told apart only by the form's `Version`, or a service we do not have.
    if (!admin && !exchange.service)
      return this.#findService(exchange, head, claim).then(() => this.#authenticate(exchange, head, admin, claim))
    return this.#authenticate(exchange, head, admin, claim)
  }

  async #findService(exchange: Exchange, head: RequestHead, claim: Claim | undefined): Promise<void> {
    const addressed = addressedService(head, claim?.signature.scope.service)
    if (addressed !== 'query') {
      if (claim) verifyClaim(exchange.signable, claim, (await exchange.hold(defaultBodyLimitBytes)).hash)
      throw unknownService({ service: addressed })
    }
    const service = queryService(Buffer.concat((await exchange.hold(defaultBodyLimitBytes)).chunks).toString())
    exchange.service = this.#services.get(service)
    if (!exchange.service) throw unknownService({ service })
  }

  #authenticate(
    exchange: Exchange,
    head: RequestHead,
    admin: AdminRoute | undefined,
    claim: Claim | undefined,
  ): Promise<ApiResponse> {
    if (claim && exchange.service && claim.signature.scope.service !== exchange.service.name) {
      throw incompleteSignature({ because: `it is scoped to another service than \`${exchange.service.name}\`` })
    }
    const caller = this.#callerOf(exchange, claim)
    const handle = admin ? admin.handle : exchange.service!.handle
    if (exchange.service?.name === 's3') {
      // S3 signs a hash that stands in a header, so the body can flow while it is checked.
      if (claim) verifyClaim(exchange.signable, claim, s3PayloadHash(exchange, claim), head.hostBucket)
      return handle(new HttpApiRequest(exchange, head, caller, undefined, claim))
    }
    const { service } = exchange
    const holding = exchange.hold(service?.bodyLimitBytes?.(head) ?? defaultBodyLimitBytes, () =>
      service?.largeBody?.(head),
    )
    const verified = (held: HeldBody): Promise<ApiResponse> => {
      if (claim) {
        const sent = exchange.headers['x-amz-content-sha256']
        verifyClaim(exchange.signable, claim, typeof sent === 'string' ? sent : held.hash)
        if (typeof sent === 'string' && sent !== held.hash) throw payloadHashMismatch({ sent, computed: held.hash })
      }
      return handle(new HttpApiRequest(exchange, head, caller, held, claim))
    }
    return holding instanceof Promise ? holding.then(verified) : verified(holding)
  }

  #readClaim(exchange: Exchange): Claim | undefined {
    if (this.#options.allowUnsigned) return undefined
    // Signed in the form itself, which nobody reads here: told as that, not as a missing signature.
    const isForm = exchange.method === 'POST' && exchange.headers['content-type']?.startsWith('multipart/form-data')
    if (isForm && exchange.service?.name === 's3') throw unknownService({ service: 'POST Object (uploads by forms)' })
    return readClaim(exchange.signable, this.#options.keyRing, this.#options.clock.now())
  }

  #callerOf(exchange: Exchange, claim: Claim | undefined): Caller {
    if (claim) {
      const { accountId, arn, kind } = claim.key
      return { accountId, arn, kind, region: claim.signature.scope.region, accessKeyId: claim.signature.accessKeyId }
    }
    const credential = claimedCredential(exchange)
    const key = credential && this.#options.keyRing.find(credential.accessKeyId)
    const accountId =
      key?.accountId ?? accountOf(credential?.accessKeyId) ?? this.#options.defaultAccountId ?? '123456789012'
    return {
      accountId,
      arn: key?.arn ?? `arn:aws:iam::${accountId}:root`,
      kind: 'user',
      region: credential && /^[a-z0-9-]{1,32}$/.test(credential.region) ? credential.region : 'us-east-1',
      accessKeyId: credential?.accessKeyId ?? '',
    }
  }

  #findAdminRoute(exchange: Exchange): AdminRoute | undefined {
    return this.#options.adminRoutes.find(
      (route) =>
        route.method === exchange.method &&
        (route.path === exchange.path || (route.path.endsWith('/') && exchange.path.startsWith(route.path))),
    )
  }

  /** Refuses a foreign page, answers a preflight, or returns undefined to go on with the headers that CORS rules add. */
  async #admitOrigin(
    exchange: Exchange,
    head: RequestHead,
    admin: AdminRoute | undefined,
  ): Promise<ApiResponse | undefined> {
    const origin = originOf(exchange.headers)
    const headers = admin ? undefined : await exchange.service?.allowsOrigin?.(head, origin)
    if (!headers) throw originRefused({ origin })
    exchange.extraHeaders = headers
    return exchange.method === 'OPTIONS' ? { status: 200 } : undefined
  }
}

const anonymous: Caller = { accountId: '', region: '', accessKeyId: '', arn: '', kind: 'anonymous' }

function s3PayloadHash(exchange: Exchange, claim: Claim): string {
  if (claim.presigned) return unsignedPayload
  const sent = exchange.headers['x-amz-content-sha256']
  return typeof sent === 'string' ? sent : unsignedPayload
}

/** The service of the credential scope that a request claims, whether or not its signature holds. */
function claimedService(exchange: Exchange): string | undefined {
  return claimedCredential(exchange)?.service
}

function claimedCredential(exchange: Exchange): ClaimedCredential | undefined {
  const header = exchange.headers.authorization
  if (header !== undefined) return credentialOf(header)
  if (exchange.rawQuery === '') return undefined
  return readCredential(decodeURIComponent(/(?:^|&)X-Amz-Credential=([^&]*)/.exec(exchange.rawQuery)?.[1] ?? ''))
}

/** The service of the `Authorization` header alone; a query may be past reading. */
function signedService(exchange: Exchange): string | undefined {
  const header = exchange.headers.authorization
  return header === undefined ? undefined : credentialOf(header)?.service
}

function credentialOf(header: string): ClaimedCredential | undefined {
  const from = header.indexOf('Credential=')
  return from < 0 ? undefined : readCredential(/^[^,\s]*/.exec(header.slice(from + 11))![0])
}

interface ClaimedCredential {
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
}

const readCredential = recalling((text: string): ClaimedCredential | undefined => {
  const match = /^(.+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request$/.exec(text)
  return match ? { accessKeyId: match[1]!, region: match[2]!, service: match[3]! } : undefined
})

/** With `allowUnsigned`, an access key id of 12 digits names the account. */
function accountOf(accessKeyId: string | undefined): string | undefined {
  return accessKeyId !== undefined && /^\d{12}$/.test(accessKeyId) ? accessKeyId : undefined
}

function originOf(headers: IncomingHttpHeaders): string {
  return headers.origin ?? String(headers['sec-fetch-site'])
}

function isQuery(query: string): boolean {
  return query === '' || parseQuery(query) !== undefined
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
