/** The time that something has taken, and a limit to it. It stands still while a function waits for something that is not its doing. */
import type { Clock, Timer } from '../base/clock.ts'

export class Stopwatch {
  readonly #clock: Clock
  readonly #startedAt: number
  #stoodStillMs = 0
  #stoppedAt: number | undefined
  #hasPaused = false
  #limit: { readonly ms: number; readonly onOver: () => void } | undefined
  #timer: Timer | undefined

  /** Runs from now on. */
  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  /** Milliseconds since it began, without those in which it stood still. */
  get passedMs(): number {
    return (this.#stoppedAt ?? this.#clock.monotonic()) - this.#startedAt - this.#stoodStillMs
  }

  /** Milliseconds in which it stood still. */
  get stoodStillMs(): number {
    return this.#stoodStillMs
  }

  /** Calls back once when `ms` have passed from now on, unless it is lifted before. */
  limit(ms: number, onOver: () => void): void {
    this.#limit = { ms, onOver }
    this.#timer = this.#clock.after(ms, onOver)
  }

  /** There is no limit any more. */
  lift(): void {
    this.#timer?.cancel()
    this.#limit = undefined
  }

  /**
   * Stands still until `moment` settles; only once, so that nobody gains time without end. Whether it does.
   *
   * A limit counts from when it was set, which is to be as good as when the stopwatch began.
   */
  pauseUntil(moment: Promise<unknown>): boolean {
    if (this.#hasPaused) return false
    this.#hasPaused = true
    this.#stoppedAt = this.#clock.monotonic()
    this.#timer?.cancel()
    const goOn = (): void => this.#goOn()
    moment.then(goOn, goOn)
    return true
  }

  #goOn(): void {
    this.#stoodStillMs += this.#clock.monotonic() - this.#stoppedAt!
    this.#stoppedAt = undefined
    if (this.#limit) this.#timer = this.#clock.after(Math.max(0, this.#limit.ms - this.passedMs), this.#limit.onOver)
  }
}
