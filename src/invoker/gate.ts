/** Lets only so many tasks run at the same time, first come, first served: a storm of cold starts must not slow all of them down. */
export class Gate {
  #free: number
  readonly #queue: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
    try {
      return await task()
    } finally {
      this.#giveBack()
    }
  }

  /** One of the tasks does nothing until then: another one may run in its place. */
  lend(until: Promise<unknown>): void {
    this.#giveBack()
    // Below zero, so many end before another one begins.
    const takeBack = (): void => void (this.#free -= 1)
    until.then(takeBack, takeBack)
  }

  #giveBack(): void {
    const next = this.#free < 0 ? undefined : this.#queue.shift()
    if (next) next()
    else this.#free += 1
  }
}
