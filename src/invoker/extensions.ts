/**
 * The Extensions API of one execution environment: programs of layers that run beside the runtime, are told of each invocation and of the end.
 *
 * Enough for observability layers to start, follow and shut down. The Telemetry API is answered as AWS's own emulator does: accepted, not supported.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { answer, type RuntimeEvent } from './runtime-api.ts'
import type { RuntimeConnection, RuntimeRequest } from './runtime-connection.ts'
import { signalNameOf } from './runtime-fault.ts'

type ExtensionEvent = 'INVOKE' | 'SHUTDOWN'

interface Extension {
  readonly id: string
  readonly name: string
  readonly events: ReadonlySet<ExtensionEvent>
  /** Where it registered. */
  readonly connection: RuntimeConnection
  /** Where it waits for its next event. */
  waiting: RuntimeConnection | undefined
  /** Where it heard of the end. */
  told: RuntimeConnection | undefined
  /** It has nothing more to say. */
  ended: boolean
}

/**
 * How long one that was told of the end, and asks by a new connection each time, may still work: that its connection is closed says nothing then,
 * while one that keeps its connection hangs up when it exits. In milliseconds.
 */
const lastWordsMs = 500

export interface ExtensionsOptions {
  readonly functionName: string
  readonly functionVersion: string
  readonly handler: string
  readonly accountId: string
  /** Names of the programs in /opt/extensions: each must register and ask for an event before Init is over. */
  readonly expected: readonly string[]
  readonly clock: Clock
  /** All extensions wait: Init may be over, or the invocation. */
  readonly onIdle: () => void
  /** One ended that should not have. */
  readonly onFailure: (failure: ExtensionFailure) => void
}

/** Why the platform gives up an environment with its extension. */
export interface ExtensionFailure {
  /** `Extension.Crash`, or what the extension announced before it ended. */
  readonly errorType: 'Extension.Crash' | 'Extension.InitError' | 'Extension.ExitError'
  /** `exit code 1`, `signal: killed`. */
  readonly how: string
}

/** How the platform's log names one that asked for its first event. */
export interface ReadyExtension {
  readonly name: string
  readonly events: readonly string[]
}

export class Extensions {
  readonly #options: ExtensionsOptions
  readonly #byId = new Map<string, Extension>()
  #registrationClosed = false
  #onAllEnded: (() => void) | undefined
  /** What those that are busy when the end comes hear when they ask. */
  #farewell: object | undefined
  /** What one said of itself before it ended. */
  #announced: ExtensionFailure['errorType'] | undefined
  /** Programs that were started and have ended. */
  #endedPrograms = 0

  constructor(options: ExtensionsOptions) {
    this.#options = options
  }

  /** Whether every program has registered and all that registered wait. */
  get areIdle(): boolean {
    const names = new Set([...this.#byId.values()].map(({ name }) => name))
    return (
      this.#options.expected.every((name) => names.has(name)) &&
      [...this.#byId.values()].every(({ waiting }) => waiting !== undefined)
    )
  }

  /** Those that have asked for their first event, in the order in which they registered. */
  get ready(): readonly ReadyExtension[] {
    return [...this.#byId.values()]
      .filter(({ waiting }) => waiting !== undefined)
      .map(({ name, events }) => ({ name, events: [...events] }))
  }

  /** A program of /opt/extensions ended, with the exit status that a shell saw: on Lambda no environment goes on without it, whatever the status. */
  programEnded(status: number): void {
    this.#endedPrograms += 1
    if (!this.#farewell) {
      return this.#options.onFailure({ errorType: this.#announced ?? 'Extension.Crash', how: describeStatus(status) })
    }
    if (this.#haveAllEnded) this.#onAllEnded?.()
  }

  /** The process ended; its extensions went with it. */
  reset(): void {
    this.#byId.clear()
    this.#announced = undefined
    this.#endedPrograms = 0
    this.#registrationClosed = false
    this.#farewell = undefined
    this.#onAllEnded?.()
  }

  invoke({ deadlineMs, requestId, invokedArn: invokedFunctionArn, traceHeader }: RuntimeEvent): void {
    this.#registrationClosed = true
    const tracing = { type: 'X-Amzn-Trace-Id', value: traceHeader }
    this.#send('INVOKE', { eventType: 'INVOKE', deadlineMs, requestId, invokedFunctionArn, tracing })
  }

  /** Tells those that want to know, and resolves when all of them have ended. */
  shutDown(reason: 'spindown' | 'timeout' | 'failure', deadlineMs: number): Promise<void> {
    this.#farewell = { eventType: 'SHUTDOWN', deadlineMs, shutdownReason: reason }
    this.#send('SHUTDOWN', this.#farewell)
    if (this.#haveAllEnded) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onAllEnded = resolve
    })
  }

  closed(connection: RuntimeConnection): void {
    for (const extension of this.#byId.values()) {
      if (extension.told === connection && extension.connection !== connection)
        this.#options.clock.after(lastWordsMs, () => this.#end(extension), { unref: true })
      else if (extension.told === connection || extension.waiting === connection) this.#end(extension)
    }
  }

  #end(extension: Extension): void {
    extension.ended = true
    extension.waiting = undefined
    if (this.#haveAllEnded) this.#onAllEnded?.()
  }

  get #haveAllEnded(): boolean {
    return (
      this.#endedPrograms >= this.#options.expected.length ||
      [...this.#byId.values()].every(({ events, ended }) => ended || !events.has('SHUTDOWN'))
    )
  }

  /** Answers a request if it is one of the Extensions, Telemetry or Logs API. */
  handle(request: RuntimeRequest, connection: RuntimeConnection): boolean {
    if (request.method === 'PUT' && (request.path === '/2022-07-01/telemetry' || request.path === '/2020-08-15/logs')) {
      const api = request.path.includes('telemetry') ? 'Telemetry' : 'Logs'
      connection.send(
        answer(202, JSON.stringify({ errorMessage: `${api} API is not supported`, errorType: `${api}.NotSupported` })),
      )
      return true
    }
    const call = /^\/2020-01-01\/extension\/(.+)$/.exec(request.path)?.[1]
    if (call === undefined) return false
    if (request.method === 'POST' && call === 'register') this.#register(request, connection)
    else if (request.method === 'GET' && call === 'event/next') this.#next(request, connection)
    else if (request.method === 'POST' && (call === 'init/error' || call === 'exit/error')) {
      if (!this.#known(request, connection)) return true
      if (!request.headers.get('lambda-extension-function-error-type')) {
        refuse(connection, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found')
        return true
      }
      this.#announced ??= call === 'init/error' ? 'Extension.InitError' : 'Extension.ExitError'
      connection.send(answer(202, '{"status":"OK"}\n'))
    } else return false
    return true
  }

  #register(request: RuntimeRequest, connection: RuntimeConnection): void {
    const name = request.headers.get('lambda-extension-name')
    if (!name) return refuse(connection, 'Extension.InvalidExtensionName', 'Empty extension name')
    if (this.#registrationClosed)
      return refuse(connection, 'Extension.RegistrationClosed', 'Extension registration closed')
    if (this.#byId.size >= 10) return refuse(connection, 'Extension.TooManyExtensions', 'Extension limit (10) reached')
    const before = [...this.#byId.values()].find((known) => known.name === name)
    if (before) {
      const state = before.waiting ? 'Ready' : 'Registered'
      const message = `State transition from ${state} to Registered failed for extension ${before.id}. Error: State transition is not allowed`
      return refuse(connection, 'Extension.InvalidExtensionState', message)
    }
    const events = parseEvents(request.body)
    if (!events)
      return refuse(connection, 'Extension.InvalidEventType', 'The events of an extension are INVOKE and SHUTDOWN')
    const isExternal = this.#options.expected.includes(name)
    if (!isExternal && events.has('SHUTDOWN')) {
      return refuse(connection, 'Extension.InvalidEventType', 'SHUTDOWN is not an event of internal extensions')
    }
    const id = randomUUID()
    this.#byId.set(id, { id, name, events, connection, waiting: undefined, told: undefined, ended: false })
    const { functionName, functionVersion, handler, accountId } = this.#options
    const wantsAccount = request.headers.get('lambda-extension-accept-feature')?.includes('accountId')
    const body = JSON.stringify({ functionName, functionVersion, handler, ...(wantsAccount && { accountId }) })
    connection.send(answer(200, body, 'application/json', `Lambda-Extension-Identifier: ${id}\r\n`))
  }

  #next(request: RuntimeRequest, connection: RuntimeConnection): void {
    const extension = this.#known(request, connection)
    if (!extension) return
    extension.waiting = connection
    if (this.#farewell) this.#send('SHUTDOWN', this.#farewell)
    else if (this.areIdle) this.#options.onIdle()
  }

  #known(request: RuntimeRequest, connection: RuntimeConnection): Extension | undefined {
    const id = request.headers.get('lambda-extension-identifier')
    const extension = this.#byId.get(id ?? '')
    if (!id) refuse(connection, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header')
    else if (!uuid.test(id))
      refuse(connection, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier')
    else if (!extension) refuse(connection, 'Extension.UnknownExtensionIdentifier', 'Unknown extension')
    return extension
  }

  #send(type: ExtensionEvent, event: object): void {
    for (const extension of this.#byId.values()) {
      if (!extension.events.has(type) || !extension.waiting) continue
      const { waiting } = extension
      extension.waiting = undefined
      if (type === 'SHUTDOWN') extension.told = waiting
      waiting.send(
        answer(
          200,
          JSON.stringify(event),
          'application/json',
          `Lambda-Extension-Event-Identifier: ${randomUUID()}\r\n`,
        ),
      )
    }
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const isKnown = (event: unknown): event is ExtensionEvent => event === 'INVOKE' || event === 'SHUTDOWN'

function parseEvents(body: Buffer): ReadonlySet<ExtensionEvent> | undefined {
  let events: unknown
  try {
    events = body.length === 0 ? [] : ((JSON.parse(body.toString('utf8')) as { events?: unknown }).events ?? [])
  } catch {
    return undefined
  }
  return Array.isArray(events) && events.every(isKnown) ? new Set(events) : undefined
}

function refuse(connection: RuntimeConnection, errorType: string, errorMessage: string): void {
  connection.send(answer(403, JSON.stringify({ errorMessage, errorType })))
}

/** As AWS words the end of an extension, which is not how it words a runtime's. */
function describeStatus(status: number): string {
  const name = status > 128 ? signalNameOf(status - 128) : undefined
  return name === undefined ? `exit code ${status}` : `signal: ${name}`
}

/**
 * Starts every program of the folder that is its `$0`, then becomes the runtime. Extensions see the function's variables without those for the runtime alone, and none of
 * its descriptors. For each a shell waits and tells of its end by a frame (`extensionEndedFrame` in log-pipe.ts).
 */
const startExtensions = `for program in "$0"/*; do
  if [ -f "$program" ] && [ -x "$program" ]; then
    ( (unset _HANDLER _LAMBDA_TELEMETRY_LOG_FD _ZIPYARD_API _ZIPYARD_OPT _ZIPYARD_SDK _ZIPYARD_SDK_LATE _ZIPYARD_PYCACHE _ZIPYARD_DENIED AWS_XRAY_CONTEXT_MISSING AWS_XRAY_DAEMON_ADDRESS _AWS_XRAY_DAEMON_ADDRESS _AWS_XRAY_DAEMON_PORT; exec "$program" 3>&- </dev/null)
    printf "\\245\\132\\377\\376\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\\\$(printf %o $?)" >&3) 4>&- &
  fi
done
exec "$@"`

/** The command line of a runtime beside which extensions run. The folder is an argument of its own: a sandbox that mounts nothing says where that is. */
export function withExtensions(argv: readonly string[], extensions: readonly string[]): readonly string[] {
  return extensions.length === 0 ? argv : ['/bin/sh', '-c', startExtensions, '/opt/extensions', ...argv]
}
