/** The log of one environment: its stream, the lines of the current invocation, and what is on its way to the store. */
import type { Clock, Timer } from '../base/clock.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { logTailLimit } from '../lambda/quotas.ts'
import type { LogTarget } from '../logs/log-writer.ts'
import type { ReadyExtension } from './extensions.ts'
import type { InitializationType } from './guest-environment.ts'
import type { LogEvent } from './log-pipe.ts'
import { jsonLines, textLines, type InitReport, type InvocationReport, type PlatformLines } from './report-line.ts'

/** Where log events go: `LogStore` of the logs room. Called once per invocation; it must not wait for a disk. */
export interface LogDestination {
  append(target: LogTarget, events: readonly LogEvent[]): void
  /** What to wait for before more is read from functions; `undefined` when there is room. */
  room?(): Promise<void> | undefined
}

/** Events kept back before they are handed over without waiting for the end of an invocation, and their characters. */
const batchLimit = 512
const batchCharacters = 1024 * 1024
const deliverAfterMs = 250

const levels = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 } as const

export class EnvironmentLog {
  readonly stream: string
  readonly #version: RunnableVersion
  readonly #clock: Clock
  readonly #destination: LogDestination
  readonly #lines: PlatformLines
  readonly #lowest: number
  readonly #initializationType: InitializationType
  readonly #target: LogTarget
  #events: LogEvent[] = []
  #characters = 0
  #soon: Timer | undefined
  /** Texts since START, newest last, for the tail; only as many as it can need. */
  #tail: string[] = []
  #tailBytes = 0

  constructor(options: {
    readonly version: RunnableVersion
    readonly initializationType: InitializationType
    readonly stream: string
    readonly clock: Clock
    readonly destination: LogDestination
  }) {
    this.stream = options.stream
    this.#version = options.version
    this.#initializationType = options.initializationType
    this.#clock = options.clock
    this.#destination = options.destination
    const { accountId, region, logging } = options.version
    this.#target = { accountId, region, group: logging.group, stream: options.stream }
    const { format, systemLevel } = logging
    this.#lines = format === 'JSON' ? jsonLines : textLines
    // Levels filter what the platform says in JSON only. Which event has which level: "Log-level filtering" of the developer guide.
    this.#lowest = format === 'JSON' ? (levels[systemLevel as keyof typeof levels] ?? levels.INFO) : levels.DEBUG
  }

  /** What the function wrote. */
  write(event: LogEvent): void {
    this.#events.push(event)
    this.#remember(event.message)
    this.#characters += event.message.length
    if (this.#events.length >= batchLimit || this.#characters >= batchCharacters) this.deliver()
    // Whoever follows the log of a long invocation, or of what runs beside it, does not wait for its end.
    else this.#soon ??= this.#clock.after(deliverAfterMs, () => this.deliver(), { unref: true })
  }

  /** What to wait for before more is read. */
  room(): Promise<void> | undefined {
    return this.#destination.room?.()
  }

  initStart(runtime: string, region: string): void {
    this.#say(levels.INFO, (at) => this.#lines.initStart(runtime, region, this.#initializationType, at), false)
    this.#forgetTail()
  }

  extensionReady(extension: ReadyExtension): void {
    this.#say(levels.INFO, (at) => this.#lines.extensionReady(extension, at), false)
  }

  /** How Init ended. That it succeeded is told in JSON only. */
  initReport(report: Omit<InitReport, 'initializationType'>): void {
    const whole = { ...report, initializationType: this.#initializationType }
    const { initRuntimeDone, initReport } = this.#lines
    const failed = report.status !== 'success'
    const isExpected = this.#initializationType === 'on-demand'
    if (initRuntimeDone) this.#say(failed ? levels.WARN : levels.DEBUG, (at) => initRuntimeDone(whole, at), failed)
    else if (!failed) return
    this.#say(failed ? levels.WARN : isExpected ? levels.DEBUG : levels.INFO, (at) => initReport(whole, at), failed)
  }

  /** @param timestamp from before the runtime was given the event: what its code logs at once has a time of its own */
  start(requestId: string, timestamp: number): void {
    // A failed Init inside the invocation is part of what its caller wants to see; anything else before START is not.
    this.#say(levels.INFO, (at) => this.#lines.start(requestId, this.#version.version, at), true, timestamp)
  }

  fault(text: string): void {
    this.#say(levels.ERROR, (at) => this.#lines.fault(text, at))
  }

  /** END and REPORT. */
  finish(report: InvocationReport): void {
    const failed = report.status !== 'success'
    // Text is never filtered.
    this.#say(failed ? levels.WARN : levels.DEBUG, (at) => this.#lines.end(report, at))
    this.#say(failed ? levels.WARN : levels.INFO, (at) => this.#lines.report(report, at))
  }

  /** The last 4096 bytes of what was said since the last invocation ended. */
  tail(): Buffer {
    const whole = Buffer.from(this.#tail.join(''))
    return whole.length <= logTailLimit ? whole : whole.subarray(whole.length - logTailLimit)
  }

  /** Hands over what has come together, and begins a new tail. */
  deliver(): void {
    this.#soon?.cancel()
    this.#soon = undefined
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    this.#characters = 0
    this.#destination.append(this.#target, events)
  }

  /** The next invocation's tail begins empty. */
  endTail(): void {
    this.#forgetTail()
  }

  #say(level: number, line: (at: number) => string, tail = true, timestamp = this.#clock.now()): void {
    if (level < this.#lowest) return
    const message = line(timestamp)
    this.#events.push({ timestamp, message })
    if (tail) this.#remember(message)
  }

  #remember(text: string): void {
    this.#tail.push(text)
    this.#tailBytes += text.length
    while (this.#tailBytes - this.#tail[0]!.length > logTailLimit) this.#tailBytes -= this.#tail.shift()!.length
  }

  #forgetTail(): void {
    this.#tail = []
    this.#tailBytes = 0
  }
}
