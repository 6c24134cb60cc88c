/**
 * The Runtime API of one execution environment: a server of its own, so that whoever is connected can only be this environment.
 *
 * It listens on a unix socket, and on a TCP port too when a runtime that is not ours (`provided.*`, awslambdaric, a wrapper) needs one.
 * Source of states and answers: the runtime interface emulator; see docs/reference/fidelity.md.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { chmod, rm } from 'node:fs/promises'
import { responsePayloadLimit } from '../lambda/quotas.ts'
import { platformFault } from './runtime-fault.ts'
import { RuntimeConnection, type RuntimeRequest } from './runtime-connection.ts'

export interface RuntimeEvent {
  readonly requestId: string
  readonly deadlineMs: number
  readonly invokedArn: string
  readonly traceHeader?: string | undefined
  readonly clientContext?: string | undefined
  readonly cognitoIdentity?: string | undefined
  readonly payload: Buffer
}

/** What the environment hears of its runtime. */
export interface RuntimeApiListener {
  /** The runtime waits for an event: Init is over, or the invocation before. */
  waiting(): void
  responded(requestId: string, body: Buffer): void
  failed(requestId: string, body: Buffer): void
  responseTooLarge(requestId: string): void
  initFailed(body: Buffer): void
}

/** Requests that are not the runtime's: those of extensions. */
export interface OtherRequests {
  /** Whether it was one of theirs, and is answered. */
  handle(request: RuntimeRequest, connection: RuntimeConnection): boolean
  closed(connection: RuntimeConnection): void
}

type RuntimeState = 'Started' | 'InitError' | 'Ready' | 'Running' | 'ResponseSent'

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Request Entity Too Large',
}

const root = '/2018-06-01/runtime/'
const responseMode = 'lambda-runtime-function-response-mode'
const invalidResponseMode = answer(
  400,
  '{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}',
)
const accepted = answer(202, '{"status":"OK"}\n')
const invalidRequestId = answer(400, '{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}')
const tooLarge = answer(
  413,
  JSON.stringify({
    errorMessage: `Exceeded maximum allowed payload size (${responsePayloadLimit} bytes).`,
    errorType: 'RequestEntityTooLarge',
  }),
)

export class RuntimeApi {
  readonly socketPath: string
  readonly #server: Server
  readonly #connections = new Set<RuntimeConnection>()
  readonly #listener: RuntimeApiListener
  readonly #other: OtherRequests | undefined
  #tcp: Server | undefined
  #state: RuntimeState = 'Started'
  #waiting: RuntimeConnection | undefined
  #requestId = ''

  private constructor(socketPath: string, listener: RuntimeApiListener, other: OtherRequests | undefined) {
    this.socketPath = socketPath
    this.#listener = listener
    this.#other = other
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async listen(socketPath: string, listener: RuntimeApiListener, other?: OtherRequests): Promise<RuntimeApi> {
    const api = new RuntimeApi(socketPath, listener, other)
    await started(api.#server, (done) => api.#server.listen(socketPath, done))
    // Who may connect is decided by the folder around it, which only the service can enter; the sandbox hands the connection in.
    await chmod(socketPath, 0o666)
    return api
  }

  /** Listens on loopback by TCP too, and returns `host:port`. */
  async listenTcp(host = '127.0.0.1'): Promise<string> {
    this.#tcp = createServer((socket) => {
      socket.setNoDelay(true)
      this.#accept(socket)
    })
    const server = this.#tcp
    await started(server, (done) => server.listen(0, host, done))
    return `${host}:${(server.address() as AddressInfo).port}`
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** Gives the waiting runtime its next event. */
  dispatch(event: RuntimeEvent): void {
    const connection = this.#waiting
    if (!connection) throw new Error('no runtime waits for an event')
    this.#waiting = undefined
    this.#state = 'Running'
    this.#requestId = event.requestId
    connection.sendMessage(eventHead(event), event.payload)
  }

  /** The process ended, a new one will come: nothing of the old one is believed any more. */
  reset(): void {
    for (const connection of this.#connections) connection.close()
    this.#connections.clear()
    this.#waiting = undefined
    this.#state = 'Started'
    this.#requestId = ''
  }

  async close(): Promise<void> {
    this.reset()
    await Promise.all([stopped(this.#server), this.#tcp && stopped(this.#tcp)])
    await rm(this.socketPath, { force: true })
  }

  #accept(socket: Socket): void {
    const connection = new RuntimeConnection(socket, responsePayloadLimit, {
      request: (request, from) => this.#handle(request, from),
      result: (requestId, request, from) => this.#result(request, from, requestId, 'response'),
      tooLarge: (path) => this.#tooLarge(path),
      closed: (from) => {
        this.#connections.delete(from)
        if (this.#waiting === from) this.#waiting = undefined
        this.#other?.closed(from)
      },
    })
    this.#connections.add(connection)
  }

  #handle(request: RuntimeRequest, connection: RuntimeConnection): void {
    if (!request.path.startsWith(root)) {
      if (request.path === '/2018-06-01/ping') connection.send(answer(200, 'pong', 'text/plain'))
      else if (!this.#other?.handle(request, connection))
        connection.send(answer(404, '404 page not found\n', 'text/plain'))
      return
    }
    const call = request.path.slice(root.length)
    if (request.method === 'GET' && call === 'invocation/next') return this.#next(connection)
    if (request.method === 'POST' && call === 'init/error') return this.#initError(request, connection)
    if (request.method === 'POST' && call.startsWith('invocation/')) {
      const [, requestId = '', kind] = call.split('/')
      if (kind === 'response' || kind === 'error') return this.#result(request, connection, requestId, kind)
    }
    connection.send(answer(404, '404 page not found\n', 'text/plain'))
  }

  #next(connection: RuntimeConnection): void {
    if (this.#state === 'Running' || this.#state === 'InitError') return this.#forbid(connection, 'Ready')
    this.#state = 'Ready'
    this.#waiting = connection
    this.#listener.waiting()
  }

  #initError(request: RuntimeRequest, connection: RuntimeConnection): void {
    if (this.#state !== 'Started') return this.#forbid(connection, 'InitError')
    this.#state = 'InitError'
    connection.send(accepted)
    this.#listener.initFailed(request.body)
  }

  #result(request: RuntimeRequest, connection: RuntimeConnection, requestId: string, kind: 'response' | 'error'): void {
    if (this.#requestId !== '' && requestId !== this.#requestId) return connection.send(invalidRequestId)
    if (request.bodyBytes > responsePayloadLimit) return connection.send(tooLarge)
    if (this.#state !== 'Running')
      return this.#forbid(connection, kind === 'response' ? 'InvocationResponse' : 'InvocationErrorResponse')
    this.#state = 'ResponseSent'
    if (kind === 'response' && request.headers.size > 0 && !hasKnownMode(request)) {
      connection.send(invalidResponseMode)
      const because = 'Invalid function response mode'
      this.#listener.failed(requestId, platformFault('Runtime.InvalidResponseModeHeader', requestId, because).payload)
      return
    }
    // Held back when the runtime has asked for its next event already: both answers then leave in one write.
    if (request.pipelined) connection.owe(accepted)
    else connection.send(accepted)
    const streamed = kind === 'response' && request.headers.size > 0 ? streamedError(request) : undefined
    if (streamed) this.#listener.failed(requestId, streamed)
    else if (kind === 'response') this.#listener.responded(requestId, request.body)
    else this.#listener.failed(requestId, request.body)
  }

  #tooLarge(path: string): void {
    if (this.#state !== 'Running' || path !== `${root}invocation/${this.#requestId}/response`) return
    this.#state = 'ResponseSent'
    this.#listener.responseTooLarge(this.#requestId)
  }

  #forbid(connection: RuntimeConnection, to: string): void {
    const errorMessage = `State transition from ${this.#state} to ${to} failed for runtime. Error: State transition is not allowed`
    connection.send(answer(403, JSON.stringify({ errorMessage, errorType: 'InvalidStateTransition' })))
  }
}

/** A whole answer of a server that keeps its connections. */
export function answer(status: number, body: string, contentType = 'application/json', headers = ''): Buffer {
  return Buffer.from(
    `HTTP/1.1 ${status} ${reasons[status] ?? 'OK'}\r\nContent-Type: ${contentType}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** What stands before an event. Our own bootstrap knows these lines by heart (`_EVENT` in lambda_runtime_client.py). */
function eventHead(event: RuntimeEvent): string {
  let head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: ${event.requestId}\r\nLambda-Runtime-Deadline-Ms: ${event.deadlineMs}\r\nLambda-Runtime-Invoked-Function-Arn: ${event.invokedArn}\r\n`
  if (event.traceHeader) head += `Lambda-Runtime-Trace-Id: ${oneLine(event.traceHeader)}\r\n`
  if (event.clientContext) head += `Lambda-Runtime-Client-Context: ${oneLine(event.clientContext)}\r\n`
  if (event.cognitoIdentity) head += `Lambda-Runtime-Cognito-Identity: ${oneLine(event.cognitoIdentity)}\r\n`
  return `${head}Content-Length: ${event.payload.length}\r\n\r\n`
}

/** A header must not end early: JSON says the same without line ends between its tokens, and has none inside. */
function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, ' ') : text
}

/** `streaming`, or nothing said. */
function hasKnownMode({ headers }: RuntimeRequest): boolean {
  const mode = headers.get(responseMode)
  return mode === undefined || mode === '' || mode === 'streaming'
}

/** A streamed response may fail at its end, and says so in its trailers. */
function streamedError(request: RuntimeRequest): Buffer | undefined {
  const type = request.headers.get('lambda-runtime-function-error-type')
  const body = request.headers.get('lambda-runtime-function-error-body')
  if (type === undefined || body === undefined) return undefined
  return Buffer.from(body, 'base64')
}

function started(server: Server, listen: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    listen(() => {
      server.off('error', reject)
      server.on('error', () => undefined)
      resolve()
    })
  })
}

function stopped(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
