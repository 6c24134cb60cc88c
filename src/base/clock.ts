/** Time as the service sees it. Real code takes `systemClock`; tests move a clock by hand instead of sleeping. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds that only ever grow, for durations. */
  monotonic(): number
  /** Calls back once after `ms`. Timers of the system clock do not keep the process alive when `unref` is set. */
  after(ms: number, callback: () => void, options?: { readonly unref?: boolean }): Timer
}

export interface Timer {
  cancel(): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback, options) {
    const handle = setTimeout(callback, ms)
    if (options?.unref) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Resolves after `ms` on the given clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}

/** A clock that stands still until `advance` is called; due timers fire in order of their time. */
export class ManualClock implements Clock {
  #now: number
  #timers: { at: number; callback: () => void }[] = []

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, callback }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** Moves time forward, fires what falls due, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#now = Math.max(this.#now, due.at)
      this.#timers = this.#timers.filter((timer) => timer !== due)
      due.callback()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#now = end
  }
}
