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
  /** Milliseconds. `init` only when this invocation started the environment. */
  readonly timings: {
    readonly queue: number
    readonly init?: number | undefined
    readonly handler: number
    readonly total: number
  }
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
}
