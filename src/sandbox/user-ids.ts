import { sha256 } from '../base/digest.ts'

/** How many environments of one service may have a user of their own at the same time. */
const idsPerService = 10_000
const firstId = 1_900_000_000
const services = 24_000

/**
 * User ids for execution environments when the service runs as root: one per environment, so that none can signal, trace or
 * read another, and so that everything an environment left behind can be found by its user.
 *
 * The range lies above what distributions, `/etc/subuid` and systemd hand out, and below 2^31. Services with different state folders get
 * different ranges (up to a hash), so that one does not take another's processes for its own.
 */
export class UserIds {
  readonly #base: number
  readonly #taken = new Set<number>()

  constructor(stateFolder: string) {
    this.#base = firstId + (Number.parseInt(sha256(stateFolder).slice(0, 8), 16) % services) * idsPerService
  }

  /** The range of this service, for the sweep after a crash. */
  get range(): { readonly first: number; readonly last: number } {
    return { first: this.#base, last: this.#base + idsPerService - 1 }
  }

  take(): number {
    for (let id = this.#base; id < this.#base + idsPerService; id += 1) {
      if (this.#taken.has(id)) continue
      this.#taken.add(id)
      return id
    }
    throw new RangeError(`all ${idsPerService} users for execution environments are in use`)
  }

  giveBack(id: number): void {
    this.#taken.delete(id)
  }
}
