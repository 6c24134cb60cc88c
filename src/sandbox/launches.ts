/** The launches of a sandbox that are under way: who stops it waits for them, or a process would begin behind its back. */
import { launchFailed } from './errors.ts'

export class Launches {
  readonly #underWay = new Set<Promise<unknown>>()
  #isClosed = false

  /** No more may begin. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Begins a launch, unless the sandbox is stopping. */
  begin<Launched>(id: string, launch: () => Promise<Launched>): Promise<Launched> {
    if (this.#isClosed) return Promise.reject(launchFailed({ id, because: 'the service is stopping' }))
    return this.track(launch())
  }

  /** Other work that makes processes. */
  track<Made>(work: Promise<Made>): Promise<Made> {
    this.#underWay.add(work)
    const forget = (): boolean => this.#underWay.delete(work)
    work.then(forget, forget)
    return work
  }

  close(): void {
    this.#isClosed = true
  }

  /** Resolves when nothing is under way, however it ended. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
  }
}
