/** One Init of an execution environment: from the start of its process until the runtime asks for an event, fails, or has taken too long. */
import type { Clock } from '../base/clock.ts'
import type { ExitStatus } from '../sandbox/sandbox.ts'
import { exitFault, platformFault, type RuntimeFault } from './runtime-fault.ts'
import { Stopwatch } from './stopwatch.ts'

/** How an Init ended. */
export type InitOutcome = { readonly ok: true; readonly durationMs: number } | FailedInit

export interface FailedInit extends InitFailure {
  readonly ok: false
  readonly durationMs: number
}

interface InitFailure {
  readonly status: 'error' | 'timeout'
  readonly errorType: string
  /** What the runtime said, if it did. */
  readonly body?: Buffer | undefined
  readonly exit?: ExitStatus | undefined
  /** What the platform says of it, when it was not the runtime that failed. */
  readonly because?: string | undefined
  /** The process could not even be started: not the function's doing. */
  readonly launchError?: unknown
}

/** The first of `succeed`, `fail` and the limit decides; what comes later is not heard. */
export class InitPhase {
  readonly outcome: Promise<InitOutcome>
  readonly #watch: Stopwatch
  #settle!: (outcome: InitOutcome) => void

  /** @param onTimeout called before `outcome` says that the limit, in milliseconds, is over */
  constructor(clock: Clock, limitMs: number, onTimeout: () => void) {
    this.#watch = new Stopwatch(clock)
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#watch.limit(limitMs, () => {
      onTimeout()
      this.#settle({ ok: false, durationMs: limitMs, status: 'timeout', errorType: 'Sandbox.Timedout' })
    })
  }

  /** Milliseconds since it began, without those in which it waited for what is not the function's doing. */
  get durationMs(): number {
    return this.#watch.passedMs
  }

  /** Neither its limit nor its duration goes on before `moment`. Whether that is new to it. */
  pauseUntil(moment: Promise<unknown>): boolean {
    return this.#watch.pauseUntil(moment)
  }

  succeed(): void {
    this.#end({ ok: true, durationMs: this.durationMs })
  }

  /** The runtime said why. */
  failedWith(body: Buffer): void {
    this.#fail({ status: 'error', errorType: errorTypeOf(body), body })
  }

  exited(exit: ExitStatus): void {
    this.#fail({ status: 'error', errorType: 'Runtime.ExitError', exit })
  }

  /** Something else than the runtime failed: an extension, what is to be executed. */
  failedFor(errorType: string, because: string): void {
    this.#fail({ status: 'error', errorType, because })
  }

  couldNotLaunch(launchError: unknown): void {
    this.#fail({ status: 'error', errorType: 'Runtime.LaunchError', launchError })
  }

  #fail(failure: InitFailure): void {
    this.#end({ ok: false, durationMs: this.durationMs, ...failure })
  }

  #end(outcome: InitOutcome): void {
    this.#watch.lift()
    this.#settle(outcome)
  }
}

/** What an invocation is answered whose Init failed. */
export function failedInitFault(requestId: string, outcome: FailedInit): RuntimeFault {
  if (outcome.body) return { errorType: outcome.errorType, payload: outcome.body, logText: '' }
  if (outcome.because !== undefined) return platformFault(outcome.errorType, requestId, outcome.because)
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
