/**
 * One execution environment: a sandboxed process with its Runtime API, one invocation at a time.
 *
 * The caller is answered when the result has arrived; the environment can be used again only after the runtime asked for its next event. Its `/tmp`
 * lives as long as the environment, also when the process has to be started anew.
 */
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { Clock, Timer } from '../base/clock.ts'
import { mebibyte } from '../base/byte-size.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { CompiledTree } from './bytecode-cache.ts'
import { initTimeoutMs } from '../lambda/quotas.ts'
import type { ExitStatus, NetworkMode, Sandbox, SandboxProcess } from '../sandbox/sandbox.ts'
import { EnvironmentLog, type LogDestination } from './environment-log.ts'
import { canBecome, type EnvironmentState } from './environment-state.ts'
import { Extensions } from './extensions.ts'
import { guestEnvironment, type GuestCredentials, type InitializationType } from './guest-environment.ts'
import type { EnvironmentStatus, Invocation, InvocationResult, InvocationTimings } from './invocation.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { readLogPipes } from './log-pipe.ts'
import { RuntimeApi } from './runtime-api.ts'
import { exitFault, responseTooLargeFault, timeoutFault, type RuntimeFault } from './runtime-fault.ts'

export interface EnvironmentOptions {
  readonly version: RunnableVersion
  readonly plan: LaunchPlan
  readonly initializationType: InitializationType
  readonly sandbox: Sandbox
  readonly clock: Clock
  readonly logs: LogDestination
  /** Below it, the environment's socket and `/tmp`. */
  readonly runFolder: string
  readonly network: NetworkMode
  readonly credentials: (version: RunnableVersion) => GuestCredentials | undefined
  /** Compiled trees of the plan that are there now. */
  readonly compiled: () => readonly CompiledTree[]
  /** It can take an invocation, or it has ended. */
  readonly onChange: (environment: Environment) => void
}

/** How an Init ended. */
export type InitOutcome =
  | { readonly ok: true; readonly durationMs: number }
  | {
      readonly ok: false
      readonly durationMs: number
      readonly status: 'error' | 'timeout'
      readonly errorType: string
      /** What the runtime said, if it did. */
      readonly body?: Buffer | undefined
      readonly exit?: ExitStatus | undefined
      /** The process could not even be started: not the function's doing. */
      readonly launchError?: unknown
    }

interface Run {
  readonly invocation: Invocation
  readonly resolve: (result: InvocationResult) => void
  readonly reject: (error: unknown) => void
  readonly queuedMs: number
  readonly startedAt: number
  readonly initMs: number | undefined
  timer: Timer | undefined
  answered: boolean
  concluded: boolean
}

interface Starting {
  readonly startedAt: number
  settle(outcome: InitOutcome): void
}

const stopGraceMs = 500
/** How long an environment runs on after an invocation, in milliseconds. */
const freezeAfterMs = 20
const extensionsGraceMs = 2000
/** Where Lambda's runtimes find the Runtime API, in a network of their own. */
const relayPort = 9001

export class Environment {
  readonly id: string
  readonly version: RunnableVersion
  readonly initializationType: InitializationType
  readonly startedAt: number
  readonly plan: LaunchPlan
  #state: EnvironmentState = 'created'
  readonly #options: EnvironmentOptions
  readonly #clock: Clock
  readonly #log: EnvironmentLog
  readonly #folder: string
  readonly #extensions: Extensions | undefined
  #api: RuntimeApi | undefined
  #runtimeAddress: string | undefined
  #relays = false
  #process: SandboxProcess | undefined
  #launching: Promise<void> | undefined
  #pipes: ReturnType<typeof readLogPipes> | undefined
  #frozen = false
  #freezeTimer: Timer | undefined
  #run: Run | undefined
  #starting: Starting | undefined
  #firstInit: InitOutcome | undefined
  #initReported = false
  /** Init runs inside an invocation: whatever has become of the invocation, the environment takes no other before it is over. */
  #isInitialisingInside = false
  #peakMemoryBytes = 0
  #peakReadAt = Number.NEGATIVE_INFINITY
  #invocations = 0
  #lastTimings: InvocationTimings | undefined
  #ended: Promise<void> | undefined
  /** When it became idle, for expiry. */
  idleSince = 0

  constructor(options: EnvironmentOptions) {
    this.id = randomUUID().replaceAll('-', '')
    this.version = options.version
    this.plan = options.plan
    this.initializationType = options.initializationType
    this.startedAt = options.clock.now()
    this.#options = options
    this.#clock = options.clock
    this.#log = new EnvironmentLog({
      version: options.version,
      stream: logStreamName(options.version.version, this.id, options.clock.now()),
      clock: options.clock,
      destination: options.logs,
    })
    const { version, plan } = options
    // Only where a program asks by TCP can there be one that registers.
    if (plan.needsTcp) {
      this.#extensions = new Extensions({
        functionName: version.functionName,
        functionVersion: version.version,
        handler: version.handler,
        accountId: version.accountId,
        expected: plan.extensions,
        onIdle: () => this.#waiting(),
      })
    }
    this.#folder = join(options.runFolder, this.id.slice(0, 16))
  }

  get state(): EnvironmentState {
    return this.#state
  }

  get status(): EnvironmentStatus {
    const state = this.#state
    return {
      id: this.id,
      functionArn: this.version.functionArn,
      version: this.version.version,
      runtime: this.version.runtime,
      state:
        state === 'created' || state === 'init'
          ? 'starting'
          : state === 'busy'
            ? 'busy'
            : state === 'stopping' || state === 'dead'
              ? 'stopping'
              : 'ready',
      tier: this.#process?.tier ?? this.#options.sandbox.tier,
      memoryMiB: this.version.memoryMiB,
      peakMemoryBytes: this.#peakMemory(true),
      startedAt: this.startedAt,
      invocations: this.#invocations,
      lastTimings: this.#lastTimings,
    }
  }

  /**
   * The Init phase. Afterwards the environment is `ready`, or `init-failed`: then the invocation that it is given runs Init again.
   *
   * @param limitMs 10 s on demand; provisioned environments have longer
   * @throws what the sandbox says when it cannot start a process at all
   */
  async initialise(limitMs = initTimeoutMs): Promise<InitOutcome> {
    this.#become('init')
    const outcome = await this.#start(limitMs)
    this.#firstInit = outcome
    if (!outcome.ok && outcome.launchError !== undefined) throw outcome.launchError
    if ((this.#state as EnvironmentState) !== 'init') return outcome
    if (outcome.ok) {
      this.#become('ready')
    } else {
      this.#log.initReport({
        durationMs: outcome.durationMs,
        phase: 'init',
        status: outcome.status,
        errorType: outcome.errorType,
      })
      this.#log.deliver()
      this.#become('init-failed')
    }
    this.idleSince = this.#clock.monotonic()
    this.#options.onChange(this)
    return outcome
  }

  /** Runs one invocation. The environment must be leasable; it calls `onChange` when it is again. */
  run(invocation: Invocation, queuedMs: number): Promise<InvocationResult> {
    // A process that hung up is as good as gone, though its end has not been heard of yet.
    const needsInit = this.#state !== 'ready' || !this.#api!.isWaiting
    const firstInit = this.#firstInit
    const reportsInit =
      !needsInit && firstInit?.ok === true && !this.#initReported && this.initializationType === 'on-demand'
    this.#initReported = true
    this.#become('busy')
    this.#invocations += 1
    return new Promise((resolve, reject) => {
      const run: Run = {
        invocation,
        resolve,
        reject,
        queuedMs,
        startedAt: this.#clock.monotonic(),
        initMs: reportsInit ? firstInit.durationMs : undefined,
        timer: undefined,
        answered: false,
        concluded: false,
      }
      this.#run = run
      // The event leaves first: the function is at work while the rest is done.
      if (!needsInit) this.#dispatch(run)
      run.timer = this.#clock.after(this.version.timeoutSeconds * 1000, () => this.#timedOut(run))
      if (needsInit) void this.#initInside(run)
      else {
        this.#log.endTail()
        this.#log.start(invocation.requestId)
      }
    })
  }

  /** Ends it: nothing is left afterwards. Waits for a running invocation only as long as `graceMs`. */
  stop(graceMs = stopGraceMs): Promise<void> {
    this.#ended ??= this.#end(graceMs)
    return this.#ended
  }

  /**
   * The pool parks it: nothing inside runs until the next invocation. Not at once, since freezing and thawing between invocations that follow each other
   * closely costs more than it spares; and by one timer that looks again, not by one per invocation.
   */
  park(): void {
    this.#freezeTimer ??= this.#clock.after(freezeAfterMs, () => this.#freezeIfIdle(), { unref: true })
  }

  #freezeIfIdle(): void {
    this.#freezeTimer = undefined
    if (this.#state !== 'ready') return
    if (this.#since(this.idleSince) >= freezeAfterMs - 1) this.#freeze()
    else this.park()
  }

  // ---- starting ------------------------------------------------------------------------------------------------

  /** Starts the process and waits until it asks for an event, fails, or the time is over. */
  async #start(limitMs: number): Promise<InitOutcome> {
    const startedAt = this.#clock.monotonic()
    const { version } = this
    this.#log.initStart(version.runtime, version.region)
    let settle!: (outcome: InitOutcome) => void
    const settled = new Promise<InitOutcome>((resolve) => {
      settle = resolve
    })
    const starting: Starting = { startedAt, settle }
    this.#starting = starting
    const timer = this.#clock.after(limitMs, () => {
      this.#process?.kill()
      settle({ ok: false, durationMs: limitMs, status: 'timeout', errorType: 'Sandbox.Timedout' })
    })
    try {
      this.#launching = this.#launch()
      await this.#launching
    } catch (error) {
      settle({
        ok: false,
        durationMs: this.#since(startedAt),
        status: 'error',
        errorType: 'Runtime.LaunchError',
        launchError: error,
      })
    }
    const outcome = await settled
    timer.cancel()
    this.#starting = undefined
    // A runtime that said why it failed ends by itself; what it wrote last must be in the log before the report.
    if (!outcome.ok) await this.#endProcess()
    return outcome
  }

  async #launch(): Promise<void> {
    const { sandbox, credentials, network } = this.#options
    const { version, plan } = this
    if (!this.#api) await this.#openApi()
    const api = this.#api!
    const compiled = this.#options
      .compiled()
      .map(({ tree, folder }, place) => ({ tree, folder, inside: `/var/pycache/${place}` }))
    const launched = await sandbox.launch({
      id: this.id,
      interpreter: plan.interpreter,
      argv: plan.argv,
      environment: guestEnvironment({
        version,
        initializationType: this.initializationType,
        logStream: this.#log.stream,
        credentials: credentials(version),
        runtimeApi: this.#runtimeAddress,
        sdkFolder: plan.sdkFolder,
        deniedLibraries: plan.deniedLibraries,
        bytecode:
          compiled.length > 0 ? compiled.map(({ tree, inside }) => `${tree.target}=${inside}`).join(':') : undefined,
      }),
      workingDirectory: '/var/task',
      binds: [...plan.binds, ...compiled.map(({ folder, inside }) => ({ source: folder, target: inside }))],
      temporaryFolder: join(this.#folder, 'tmp'),
      temporaryBytes: version.ephemeralStorageMiB * mebibyte,
      memoryBytes: version.memoryMiB * mebibyte,
      processes: 1024,
      cpuShare: version.memoryMiB / 1769,
      network,
      apiSocket: api.socketPath,
      relays: this.#relays ? [{ port: relayPort, socket: api.socketPath }] : undefined,
      allowZygote: plan.allowZygote,
    })
    this.#process = launched
    this.#frozen = false
    this.#pipes = readLogPipes(
      launched,
      () => this.#clock.now(),
      (event) => this.#log.write(event),
    )
    void launched.exited.then((status) => this.#exited(launched, status))
    if (this.#state === 'stopping' || this.#state === 'dead') launched.kill()
  }

  async #openApi(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 })
    const inFolder = join(this.#folder, 'api.sock')
    // A unix socket's path must fit into 107 bytes.
    const path = Buffer.byteLength(inFolder) < 104 ? inFolder : join(tmpdir(), `zipyard-${this.id.slice(0, 16)}.sock`)
    this.#api = await RuntimeApi.listen(
      path,
      {
        waiting: () => this.#waiting(),
        responded: (requestId, body) => this.#responded(requestId, body, false),
        failed: (requestId, body) => this.#responded(requestId, body, true),
        responseTooLarge: (requestId) => this.#responseTooLarge(requestId),
        initFailed: (body) => this.#initFailed(body),
      },
      this.#extensions,
    )
    if (!this.plan.needsTcp) return
    const { relayAddress } = this.#options.sandbox.facts
    // With a network of its own it reaches nothing of the host's, so that its address leads to the socket by a relay.
    this.#relays = this.#options.network !== 'host' && relayAddress !== undefined
    this.#runtimeAddress = this.#relays ? `${relayAddress}:${relayPort}` : await this.#api.listenTcp()
  }

  /** Init inside an invocation, under the function's own timeout: after a failed Init, a timeout, an exit. */
  async #initInside(run: Run): Promise<void> {
    this.#isInitialisingInside = true
    await this.#endProcess()
    const outcome = await this.#start(this.version.timeoutSeconds * 1000 + 60_000)
    // It took the whole timeout. A process that came up after all belongs to no invocation.
    if (run.answered) await this.#endProcess()
    this.#isInitialisingInside = false
    if (run.answered) return this.#settle()
    if (!outcome.ok && outcome.launchError !== undefined) {
      run.answered = true
      run.concluded = true
      run.timer?.cancel()
      run.reject(outcome.launchError)
      return this.#settle()
    }
    if (!outcome.ok) {
      this.#log.initReport({
        durationMs: outcome.durationMs,
        phase: 'invoke',
        status: outcome.status,
        errorType: outcome.errorType,
      })
      this.#log.start(run.invocation.requestId)
      this.#finish(run, failedInit(run.invocation.requestId, outcome), 'error')
      return
    }
    this.#log.start(run.invocation.requestId)
    this.#dispatch(run)
  }

  // ---- one invocation ------------------------------------------------------------------------------------------

  #dispatch(run: Run): void {
    const { invocation } = run
    const deadlineMs = this.#clock.now() + this.version.timeoutSeconds * 1000 - Math.round(this.#since(run.startedAt))
    this.#extensions?.invoke({
      deadlineMs,
      requestId: invocation.requestId,
      invokedFunctionArn: invocation.invokedArn,
      traceHeader: invocation.traceHeader,
    })
    this.#api!.dispatch({
      requestId: invocation.requestId,
      deadlineMs,
      invokedArn: invocation.invokedArn,
      traceHeader: invocation.traceHeader,
      clientContext: invocation.clientContext,
      cognitoIdentity: invocation.cognitoIdentity,
      payload: invocation.payload,
    })
    // After the event was written: the runtime then wakes up once, and has something to read.
    this.#thaw()
  }

  #responded(requestId: string, body: Buffer, failed: boolean): void {
    const run = this.#run
    if (!run || run.answered || run.invocation.requestId !== requestId) return
    this.#answer(run, body, failed, failed ? 'failure' : 'success', undefined)
  }

  #responseTooLarge(requestId: string): void {
    const run = this.#run
    if (run && !run.answered && run.invocation.requestId === requestId)
      this.#finish(run, responseTooLargeFault(), 'error')
  }

  #timedOut(run: Run): void {
    if (run.answered) return
    const { requestId } = run.invocation
    const fault = timeoutFault(requestId, this.version.timeoutSeconds)
    const sentence = `${new Date(this.#clock.now()).toISOString()} ${requestId} Task timed out after ${this.version.timeoutSeconds.toFixed(2)} seconds\n`
    if (this.#starting) {
      this.#log.initReport({ durationMs: this.#since(this.#starting.startedAt), phase: 'invoke', status: 'timeout' })
      this.#log.start(requestId)
    }
    this.#process?.kill()
    this.#finish(run, { ...fault, logText: sentence }, 'timeout')
  }

  /** A fault of the platform: its sentence goes to the log, then the caller is answered. */
  #finish(run: Run, fault: RuntimeFault, status: 'error' | 'timeout'): void {
    // What the process wrote before it failed comes first.
    setImmediate(() => {
      this.#pipes?.flush()
      if (fault.logText !== '') this.#log.fault(fault.logText)
    })
    this.#answer(run, fault.payload, true, status, fault.errorType)
  }

  #answer(
    run: Run,
    payload: Buffer,
    failed: boolean,
    status: 'success' | 'failure' | 'error' | 'timeout',
    errorType: string | undefined,
  ): void {
    const durationMs = status === 'timeout' ? this.version.timeoutSeconds * 1000 : this.#since(run.startedAt)
    run.answered = true
    run.timer?.cancel()
    const wantsTail = run.invocation.wantsLogTail !== false
    if (!wantsTail) run.resolve(this.#result(run, payload, failed, durationMs, noTail))
    // After this turn of the event loop everything that was written before the answer has been read from the pipes.
    setImmediate(() => {
      this.#pipes?.flush()
      const { requestId, traceHeader } = run.invocation
      this.#log.finish({
        requestId,
        version: this.version.version,
        durationMs,
        memoryMiB: this.version.memoryMiB,
        maxMemoryBytes: this.#peakMemory(status === 'error' || status === 'timeout'),
        initDurationMs: run.initMs,
        status,
        errorType,
        traceHeader: this.version.tracing === 'Active' ? traceHeader : undefined,
      })
      if (wantsTail) run.resolve(this.#result(run, payload, failed, durationMs, this.#log.tail()))
      this.#log.deliver()
      run.concluded = true
      this.#settle()
    })
  }

  #result(run: Run, payload: Buffer, failed: boolean, handler: number, logTail: Buffer): InvocationResult {
    const report = logTail === noTail ? undefined : Math.max(0, this.#since(run.startedAt) - handler)
    const total = run.queuedMs + handler + (report ?? 0)
    this.#lastTimings = { queue: run.queuedMs, init: run.initMs, handler, report, total }
    return {
      payload,
      functionError: failed ? 'Unhandled' : undefined,
      logTail,
      executedVersion: this.version.version,
      timings: this.#lastTimings,
    }
  }

  // ---- what the runtime does -----------------------------------------------------------------------------------

  /** The runtime waits, or the last extension does: both must. */
  #waiting(): void {
    if (!this.#api?.isWaiting || this.#extensions?.areIdle === false) return
    const starting = this.#starting
    if (starting) starting.settle({ ok: true, durationMs: this.#since(starting.startedAt) })
    else this.#settle()
  }

  #initFailed(body: Buffer): void {
    const starting = this.#starting
    if (!starting) return
    // The process is about to exit; what it logged is read before that is taken up.
    setImmediate(() =>
      starting.settle({
        ok: false,
        durationMs: this.#since(starting.startedAt),
        status: 'error',
        errorType: errorTypeOf(body),
        body,
      }),
    )
  }

  #exited(process: SandboxProcess, status: ExitStatus): void {
    if (this.#process !== process) return
    this.#peakMemory(true)
    this.#process = undefined
    this.#pipes?.flush()
    this.#api?.reset()
    this.#extensions?.reset()
    const starting = this.#starting
    if (starting) {
      starting.settle({
        ok: false,
        durationMs: this.#since(starting.startedAt),
        status: 'error',
        errorType: 'Runtime.ExitError',
        exit: status,
      })
      return
    }
    const run = this.#run
    if (run && !run.answered) this.#finish(run, exitFault(run.invocation.requestId, status), 'error')
    else this.#settle()
  }

  /** Back to the pool once the caller is answered and the runtime waits again, or its process is gone. */
  #settle(): void {
    const run = this.#run
    if (this.#state === 'ready') {
      if (this.#process === undefined) this.#become('reset')
      return
    }
    if (this.#state !== 'busy' || !run?.concluded || this.#isInitialisingInside) return
    if (this.#process !== undefined && (!this.#api!.isWaiting || this.#extensions?.areIdle === false)) return
    this.#run = undefined
    this.#become(this.#process === undefined ? 'reset' : 'ready')
    this.idleSince = this.#clock.monotonic()
    this.#options.onChange(this)
  }

  // ---- ending --------------------------------------------------------------------------------------------------

  /** Kills the process and waits until nothing of it is left; its end answers nobody. */
  async #endProcess(): Promise<void> {
    const process = this.#process
    if (!process) return
    this.#peakMemory(true)
    this.#process = undefined
    process.kill()
    await process.exited
    this.#pipes?.flush()
    this.#api?.reset()
    this.#extensions?.reset()
  }

  async #end(graceMs: number): Promise<void> {
    if (this.#state === 'dead') return
    this.#become('stopping')
    this.#freezeTimer?.cancel()
    // What is being started cannot be ended before it is there.
    await this.#launching?.catch(() => undefined)
    const process = this.#process
    if (process) {
      this.#thaw()
      if (this.#extensions && this.plan.extensions.length > 0) await this.#shutDownExtensions(this.#extensions)
      if (graceMs > 0) await process.stop(graceMs)
      else {
        process.kill()
        await process.exited
      }
    }
    await this.#options.sandbox.release(this.id)
    await this.#api?.close()
    await rm(this.#folder, { recursive: true, force: true })
    this.#log.deliver()
    this.#become('dead')
    this.#options.onChange(this)
  }

  /** Two seconds, as Lambda gives external extensions. */
  async #shutDownExtensions(extensions: Extensions): Promise<void> {
    let timer: Timer | undefined
    const patience = new Promise<void>((resolve) => {
      timer = this.#clock.after(extensionsGraceMs, resolve)
    })
    await Promise.race([extensions.shutDown('spindown', this.#clock.now() + extensionsGraceMs), patience])
    timer?.cancel()
  }

  #become(state: EnvironmentState): void {
    if (this.#state === 'stopping' && state !== 'dead') return
    if (!canBecome(this.#state, state))
      throw new Error(`an environment cannot go from \`${this.#state}\` to \`${state}\``)
    this.#state = state
  }

  #freeze(): void {
    if (this.#frozen || !this.#process) return
    this.#frozen = true
    this.#process.freeze()
  }

  #thaw(): void {
    if (!this.#frozen || !this.#process) return
    this.#frozen = false
    this.#process.thaw()
  }

  #since(start: number): number {
    return this.#clock.monotonic() - start
  }

  /** Looked up at most every 100 ms, unless it must be exact. */
  #peakMemory(exact: boolean): number {
    const now = this.#clock.monotonic()
    if (this.#process && (exact || now - this.#peakReadAt > 100)) {
      this.#peakReadAt = now
      this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.#process.peakMemoryBytes())
    }
    return this.#peakMemoryBytes
  }
}

const noTail = Buffer.alloc(0)

/** `2026/01/31/[$LATEST]` and 32 hexadecimal digits. */
function logStreamName(version: string, id: string, now: number): string {
  return `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '/')}/[${version}]${id}`
}

function failedInit(requestId: string, outcome: InitOutcome & { readonly ok: false }): RuntimeFault {
  if (outcome.body) return { errorType: outcome.errorType, payload: outcome.body, logText: '' }
  return exitFault(requestId, outcome.exit ?? { code: 0, outOfMemory: false })
}

function errorTypeOf(body: Buffer): string {
  try {
    const { errorType } = JSON.parse(body.toString('utf8')) as { errorType?: unknown }
    // Telemetry knows the platform's own names only.
    if (typeof errorType === 'string' && /^(Runtime|Function)\.[A-Z][a-zA-Z]+$/.test(errorType)) return errorType
  } catch {
    // Not JSON: as unknown as any other.
  }
  return 'Runtime.Unknown'
}
