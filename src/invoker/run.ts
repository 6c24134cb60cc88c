/** One invocation in an environment: from the event's way to the runtime until its REPORT is written. It is answered once, whatever happens. */
import type { Clock } from '../base/clock.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { EnvironmentLog } from './environment-log.ts'
import type { Guest } from './guest.ts'
import type { Invocation, InvocationResult, InvocationTimings } from './invocation.ts'
import type { RuntimeFault } from './runtime-fault.ts'
import { Stopwatch } from './stopwatch.ts'

/** Where it runs. */
export interface RunPlace {
  readonly version: RunnableVersion
  readonly clock: Clock
  readonly log: EnvironmentLog
  readonly guest: Guest
  /** Its caller is answered and its log is written. */
  readonly onConcluded: () => void
}

const noTail = Buffer.alloc(0)

export class Run {
  readonly invocation: Invocation
  readonly result: Promise<InvocationResult>
  readonly #place: RunPlace
  readonly #watch: Stopwatch
  readonly #queuedMs: number
  readonly #initMs: number | undefined
  #resolve!: (result: InvocationResult) => void
  #reject!: (error: unknown) => void
  #answered = false
  #concluded = false
  #timings: InvocationTimings | undefined

  /**
   * @param queuedMs how long it waited for its environment
   * @param initMs duration of the environment's Init, when REPORT is to name it
   */
  constructor(place: RunPlace, invocation: Invocation, queuedMs: number, initMs: number | undefined) {
    this.invocation = invocation
    this.#place = place
    this.#queuedMs = queuedMs
    this.#initMs = initMs
    this.#watch = new Stopwatch(place.clock)
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get isAnswered(): boolean {
    return this.#answered
  }

  get isConcluded(): boolean {
    return this.#concluded
  }

  get timings(): InvocationTimings | undefined {
    return this.#timings
  }

  /** What is left of the function's timeout, in milliseconds; negative when nothing is. */
  get leftMs(): number {
    return this.#place.version.timeoutSeconds * 1000 - this.#watch.passedMs
  }

  /** Whether an answer to this request is still waited for. */
  awaits(requestId: string): boolean {
    return !this.#answered && this.invocation.requestId === requestId
  }

  /** The function's timeout runs from here. */
  limit(onTimeout: () => void): void {
    this.#watch.limit(this.#place.version.timeoutSeconds * 1000, () => {
      if (!this.#answered) onTimeout()
    })
  }

  /** Its timeout and its duration stand still until then. */
  pauseUntil(moment: Promise<unknown>): void {
    this.#watch.pauseUntil(moment)
  }

  /** Hands the event to the runtime, which must wait for one. */
  dispatch(): void {
    const { invocation } = this
    const { clock, version, guest } = this.#place
    guest.dispatch({
      requestId: invocation.requestId,
      deadlineMs: clock.now() + version.timeoutSeconds * 1000 - Math.round(this.#watch.passedMs),
      invokedArn: invocation.invokedArn,
      traceHeader: invocation.traceHeader,
      clientContext: invocation.clientContext,
      cognitoIdentity: invocation.cognitoIdentity,
      payload: invocation.payload,
    })
  }

  /** A fault of the platform: its sentence goes to the log, then the caller is answered. */
  fault(fault: RuntimeFault, status: 'error' | 'timeout'): void {
    const { guest, log } = this.#place
    // What the process wrote before it failed comes first.
    guest.settle(() => {
      guest.flush()
      if (fault.logText !== '') log.fault(fault.logText)
    })
    this.answer(fault.payload, true, status, fault.errorType)
  }

  answer(
    payload: Buffer,
    failed: boolean,
    status: 'success' | 'failure' | 'error' | 'timeout',
    errorType?: string | undefined,
  ): void {
    const { version, log, guest, onConcluded } = this.#place
    const durationMs = status === 'timeout' ? version.timeoutSeconds * 1000 : this.#watch.passedMs
    this.#answered = true
    this.#watch.lift()
    const wantsTail = this.invocation.wantsLogTail !== false
    if (!wantsTail) this.#resolve(this.#resultOf(payload, failed, durationMs, noTail))
    // Everything that was written before the answer comes before its END.
    guest.settle(() => {
      guest.flush()
      const { requestId, traceHeader } = this.invocation
      log.finish({
        requestId,
        version: version.version,
        durationMs,
        memoryMiB: version.memoryMiB,
        maxMemoryBytes: guest.peakMemoryBytes(status === 'error' || status === 'timeout'),
        initDurationMs: this.#initMs,
        status,
        errorType,
        traceHeader: version.tracing === 'Active' ? traceHeader : undefined,
      })
      if (wantsTail) this.#resolve(this.#resultOf(payload, failed, durationMs, log.tail()))
      log.deliver()
      this.#concluded = true
      onConcluded()
    })
  }

  /** It could not be run at all: nothing is logged. */
  giveUp(error: unknown): void {
    this.#answered = true
    this.#concluded = true
    this.#watch.lift()
    this.#reject(error)
    this.#place.onConcluded()
  }

  #resultOf(payload: Buffer, failed: boolean, handler: number, logTail: Buffer): InvocationResult {
    const report = logTail === noTail ? undefined : Math.max(0, this.#watch.passedMs - handler)
    const queue = this.#queuedMs + this.#watch.stoodStillMs
    const total = queue + handler + (report ?? 0)
    this.#timings = { queue, init: this.#initMs, handler, report, total }
    return {
      payload,
      functionError: failed ? 'Unhandled' : undefined,
      logTail,
      executedVersion: this.#place.version.version,
      timings: this.#timings,
    }
  }
}
