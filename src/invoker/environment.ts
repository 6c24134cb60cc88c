/**
 * One execution environment: a guest that is started, given one invocation at a time, frozen in between, started anew when it ended, and ended.
 *
 * The caller is answered when the result has arrived; the environment can be used again only after the runtime asked for its next event.
 */
import { randomUUID } from 'node:crypto'
import type { Clock, Timer } from '../base/clock.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { initTimeoutMs } from '../lambda/quotas.ts'
import type { ExitStatus } from '../sandbox/sandbox.ts'
import { EnvironmentLog, type LogDestination } from './environment-log.ts'
import { canBecome, shownState, type EnvironmentState } from './environment-state.ts'
import { Guest, type GuestOptions } from './guest.ts'
import type { ExtensionFailure } from './extensions.ts'
import type { InitializationType } from './guest-environment.ts'
import { failedInitFault, InitPhase, type FailedInit, type InitOutcome } from './init-phase.ts'
import type { EnvironmentStatus, Invocation, InvocationResult, InvocationTimings } from './invocation.ts'
import { Run, type RunPlace } from './run.ts'
import { exitFault, platformFault, responseTooLargeFault, timeoutFault } from './runtime-fault.ts'

export interface EnvironmentOptions extends GuestOptions {
  readonly logs: LogDestination
  /** Nothing inside runs between invocations. */
  readonly freezes: boolean
  /** It can take an invocation, or it has ended. */
  readonly onChange: (environment: Environment) => void
  /** Its Init does nothing until then: it waits for the copy of the SDK. */
  readonly onPause?: ((until: Promise<unknown>) => void) | undefined
}

const stopGraceMs = 500
/** How long an environment runs on after an invocation, in milliseconds. */
const freezeAfterMs = 20
/** How long a runtime that answered in time may take to ask for its next event, at least, in milliseconds. */
const leastOvertimeMs = 500

export class Environment {
  readonly id: string
  readonly version: RunnableVersion
  readonly initializationType: InitializationType
  readonly startedAt: number
  #state: EnvironmentState = 'created'
  readonly #onChange: (environment: Environment) => void
  readonly #freezes: boolean
  readonly #clock: Clock
  readonly #log: EnvironmentLog
  readonly #guest: Guest
  readonly #invalidEntrypoint: string | undefined
  readonly #place: RunPlace
  #freezeTimer: Timer | undefined
  #overtime: Timer | undefined
  #run: Run | undefined
  #init: InitPhase | undefined
  #firstInit: InitOutcome | undefined
  #initReported = false
  /** Init runs inside an invocation: whatever has become of the invocation, the environment takes no other before it is over. */
  #isInitialisingInside = false
  #invocations = 0
  #lastTimings: InvocationTimings | undefined
  #ended: Promise<void> | undefined
  /** When it became idle, for expiry. */
  idleSince = 0

  constructor(options: EnvironmentOptions) {
    const { version, clock } = options
    this.id = randomUUID().replaceAll('-', '')
    this.version = version
    this.initializationType = options.initializationType
    this.#invalidEntrypoint = options.plan.invalidEntrypoint
    this.startedAt = clock.now()
    this.#freezes = options.freezes
    this.#onChange = options.onChange
    this.#clock = clock
    const stream = logStreamName(version.version, this.id, this.startedAt)
    const log = new EnvironmentLog({
      version,
      initializationType: options.initializationType,
      stream,
      clock,
      destination: options.logs,
    })
    this.#log = log
    this.#guest = new Guest(this.id, stream, options, {
      logged: (event) => log.write(event),
      room: () => log.room(),
      waiting: () => (this.#init ? this.#init.succeed() : this.#settle()),
      responded: (requestId, body, failed) => this.#responded(requestId, body, failed),
      responseTooLarge: (requestId) => {
        if (this.#run?.awaits(requestId)) this.#run.fault(responseTooLargeFault(), 'error')
      },
      initFailed: (body) => this.#initFailed(body),
      extensionFailed: (failure) => this.#extensionFailed(failure),
      waitsForSdk: () => this.#waitsFor(options.plan.sdk?.copy.making, options.onPause),
      exited: (status) => this.#exited(status),
    })
    this.#place = { version, clock, log, guest: this.#guest, onConcluded: () => this.#settle() }
  }

  get state(): EnvironmentState {
    return this.#state
  }

  get status(): EnvironmentStatus {
    return {
      id: this.id,
      functionArn: this.version.functionArn,
      version: this.version.version,
      runtime: this.version.runtime,
      state: shownState(this.#state),
      tier: this.#guest.tier,
      memoryMiB: this.version.memoryMiB,
      peakMemoryBytes: this.#guest.peakMemoryBytes(true),
      startedAt: this.startedAt,
      invocations: this.#invocations,
      lastTimings: this.#run?.timings ?? this.#lastTimings,
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
      this.#log.initReport({ durationMs: outcome.durationMs, phase: 'init', status: 'success' })
      this.#become('ready')
    } else {
      this.#reportInit('init', outcome)
      this.#log.deliver()
      this.#become('init-failed')
    }
    this.idleSince = this.#clock.monotonic()
    this.#onChange(this)
    return outcome
  }

  /** Runs one invocation. The environment must be leasable; it calls `onChange` when it is again. */
  run(invocation: Invocation, queuedMs: number): Promise<InvocationResult> {
    // A process that hung up is as good as gone, though its end has not been heard of yet.
    const needsInit = this.#state !== 'ready' || !this.#guest.isListening
    const firstInit = this.#firstInit
    const reportsInit =
      !needsInit && firstInit?.ok === true && !this.#initReported && this.initializationType === 'on-demand'
    this.#initReported = true
    this.#become('busy')
    this.#invocations += 1
    const run = new Run(this.#place, invocation, queuedMs, reportsInit ? firstInit.durationMs : undefined)
    this.#run = run
    const startedAt = this.#clock.now()
    // The event leaves first: the function is at work while the rest is done.
    if (!needsInit) run.dispatch()
    run.limit(() => this.#timedOut(run))
    if (needsInit) void this.#initInside(run)
    else {
      this.#log.endTail()
      this.#log.start(invocation.requestId, startedAt)
    }
    return run.result
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
    if (this.#freezes)
      this.#freezeTimer ??= this.#clock.after(freezeAfterMs, () => this.#freezeIfIdle(), { unref: true })
  }

  #freezeIfIdle(): void {
    this.#freezeTimer = undefined
    if (this.#state !== 'ready') return
    if (this.#clock.monotonic() - this.idleSince >= freezeAfterMs - 1) this.#guest.freeze()
    else this.park()
  }

  /** Starts the process and waits until it asks for an event, fails, or the time is over. */
  async #start(limitMs: number): Promise<InitOutcome> {
    const init = new InitPhase(this.#clock, limitMs, () => this.#guest.kill())
    this.#log.initStart(this.version.runtime, this.version.region)
    this.#init = init
    try {
      if (this.#invalidEntrypoint === undefined) await this.#guest.launch()
      else init.failedFor('Runtime.InvalidEntrypoint', this.#invalidEntrypoint)
    } catch (error) {
      init.couldNotLaunch(error)
    }
    const outcome = await init.outcome
    this.#init = undefined
    const extensions = this.#guest.readyExtensions
    // A runtime that said why it failed ends by itself; what it wrote last must be in the log before the report.
    if (!outcome.ok) await this.#guest.discard()
    // What Init wrote comes before START.
    else await new Promise<void>((resolve) => this.#guest.settle(resolve))
    for (const extension of extensions) this.#log.extensionReady(extension)
    return outcome
  }

  /** Init inside an invocation, under the function's own timeout: after a failed Init, a timeout, an exit. */
  async #initInside(run: Run): Promise<void> {
    this.#isInitialisingInside = true
    await this.#guest.discard()
    const outcome = await this.#start(this.version.timeoutSeconds * 1000 + 60_000)
    // It took the whole timeout. A process that came up after all belongs to no invocation.
    if (run.isAnswered) await this.#guest.discard()
    this.#isInitialisingInside = false
    if (run.isAnswered) return this.#settle()
    if (!outcome.ok && outcome.launchError !== undefined) return run.giveUp(outcome.launchError)
    if (!outcome.ok) this.#reportInit('invoke', outcome)
    this.#log.start(run.invocation.requestId, this.#clock.now())
    if (outcome.ok) run.dispatch()
    else run.fault(failedInitFault(run.invocation.requestId, outcome), 'error')
  }

  #reportInit(phase: 'init' | 'invoke', { durationMs, status, errorType }: FailedInit): void {
    this.#log.initReport({ durationMs, phase, status, errorType })
  }

  #responded(requestId: string, body: Buffer, failed: boolean): void {
    if (this.#run?.awaits(requestId)) this.#run.answer(body, failed, failed ? 'failure' : 'success')
  }

  #timedOut(run: Run): void {
    const { requestId } = run.invocation
    const { timeoutSeconds } = this.version
    const logText = this.#timeoutText(run)
    if (this.#init) {
      this.#log.initReport({ durationMs: this.#init.durationMs, phase: 'invoke', status: 'timeout' })
      this.#log.start(requestId, this.#clock.now())
    }
    this.#guest.kill()
    run.fault({ ...timeoutFault(requestId, timeoutSeconds), logText }, 'timeout')
  }

  #timeoutText({ invocation }: Run): string {
    return `${new Date(this.#clock.now()).toISOString()} ${invocation.requestId} Task timed out after ${this.version.timeoutSeconds.toFixed(2)} seconds\n`
  }

  /** Its caller has the answer, but the runtime does not ask for its next event, or an extension does not: they have the rest of the timeout, too. */
  #limitOvertime(run: Run): void {
    this.#overtime ??= this.#clock.after(
      Math.max(leastOvertimeMs, run.leftMs),
      () => {
        this.#overtime = undefined
        if (this.#run !== run || this.#state !== 'busy') return
        this.#log.fault(this.#timeoutText(run))
        this.#log.deliver()
        this.#guest.kill()
      },
      { unref: true },
    )
  }

  #initFailed(body: Buffer): void {
    const init = this.#init
    // The process is about to exit; what it logged is read before that is taken up.
    if (init) setImmediate(() => init.failedWith(body))
  }

  #extensionFailed({ errorType, how }: ExtensionFailure): void {
    const run = this.#run
    if (this.#init) return this.#init.failedFor(errorType, how)
    this.#guest.kill()
    if (run && !run.isAnswered) run.fault(platformFault(errorType, run.invocation.requestId, how), 'error')
  }

  /** No time runs for a function while it waits for what the service is still making. What is not under way is not waited for. */
  #waitsFor(moment: Promise<unknown> | undefined, onPause: EnvironmentOptions['onPause']): void {
    if (!moment) return
    this.#run?.pauseUntil(moment)
    if (this.#init?.pauseUntil(moment) && this.#state === 'init') onPause?.(moment)
  }

  #exited(status: ExitStatus): void {
    const run = this.#run
    if (this.#init) this.#init.exited(status)
    else if (run && !run.isAnswered) run.fault(exitFault(run.invocation.requestId, status), 'error')
    else this.#settle()
  }

  /** Back to the pool once the caller is answered and the runtime waits again, or its process is gone. */
  #settle(): void {
    if (this.#state === 'ready') {
      if (!this.#guest.isRunning) this.#become('reset')
      return
    }
    const run = this.#run
    if (this.#state !== 'busy' || !run?.isConcluded || this.#isInitialisingInside) return
    if (this.#guest.isRunning && !this.#guest.isIdle) return this.#limitOvertime(run)
    this.#overtime?.cancel()
    this.#overtime = undefined
    this.#lastTimings = run.timings
    this.#run = undefined
    this.#become(this.#guest.isRunning ? 'ready' : 'reset')
    this.idleSince = this.#clock.monotonic()
    this.#onChange(this)
  }

  async #end(graceMs: number): Promise<void> {
    this.#become('stopping')
    this.#freezeTimer?.cancel()
    this.#overtime?.cancel()
    await this.#guest.end(graceMs)
    this.#log.deliver()
    this.#become('dead')
    this.#onChange(this)
  }

  #become(state: EnvironmentState): void {
    if (this.#state === 'stopping' && state !== 'dead') return
    if (!canBecome(this.#state, state))
      throw new Error(`an environment cannot go from \`${this.#state}\` to \`${state}\``)
    this.#state = state
  }
}

/** `2026/01/31/[$LATEST]` and 32 hexadecimal digits. */
function logStreamName(version: string, id: string, now: number): string {
  return `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '/')}/[${version}]${id}`
}
