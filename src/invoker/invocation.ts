import type { RunnableVersion } from '../functions/runnable-version.ts'

/** One synchronous run of a function, as the Invoke API accepted it. */
export interface Invocation {
  /** `x-amzn-RequestId` of the answer and `aws_request_id` in the function. */
  readonly requestId: string
  readonly target: RunnableVersion
  /** With the qualifier that the caller used, if any. */
  readonly invokedArn: string
  /** The event's bytes, verbatim. */
  readonly payload: Buffer
  /** Decoded JSON text. */
  readonly clientContext?: string | undefined
  readonly cognitoIdentity?: string | undefined
  /** `Root=…;Parent=…;Sampled=0` */
  readonly traceHeader: string
  /** `false` lets the answer leave before the log's last lines are written: `logTail` is then empty. Set it unless `LogType` is `Tail`. */
  readonly wantsLogTail?: boolean | undefined
}

/** What came back. A function's own failure is a result too. */
export interface InvocationResult {
  readonly payload: Buffer
  /** Set when the function failed: the value of `X-Amz-Function-Error`. */
  readonly functionError?: 'Unhandled' | undefined
  /** Last 4096 bytes of the log of this invocation, START to REPORT. */
  readonly logTail: Buffer
  readonly executedVersion: string
  readonly timings: InvocationTimings
}

/** Where the time of an invocation went, in milliseconds. */
export interface InvocationTimings {
  /** Until an environment took it; when one had to be started, its Init is part of this. */
  readonly queue: number
  /** Init of the environment, when this was its first invocation. */
  readonly init?: number | undefined
  /** From the event's way to the runtime until its answer. */
  readonly handler: number
  /** Until the last lines of the log were written, when the caller asked for them. */
  readonly report?: number | undefined
  readonly total: number
}

/** One execution environment, as `zipyard ps` shows it. */
export interface EnvironmentStatus {
  readonly id: string
  readonly functionArn: string
  readonly version: string
  readonly runtime: string
  readonly state: 'starting' | 'ready' | 'busy' | 'stopping'
  readonly tier: string
  readonly memoryMiB: number
  readonly peakMemoryBytes: number
  readonly startedAt: number
  readonly invocations: number
  /** Of the invocation that it answered last. */
  readonly lastTimings?: InvocationTimings | undefined
}
