/** Collects blobs that nothing names any more, soon after the start and then every hour. */
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { ownedDigests } from './blob-owners.ts'
import type { Blobs } from './blobs.ts'
import type { Catalog } from './catalog.ts'

const firstAfterMs = 60_000
const everyMs = 60 * 60 * 1000

export class BlobCollector {
  readonly #blobs: Blobs
  readonly #catalog: Catalog
  readonly #clock: Clock
  readonly #log: Log
  #timer: Timer | undefined
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(options: { readonly blobs: Blobs; readonly catalog: Catalog; readonly clock: Clock; readonly log: Log }) {
    this.#blobs = options.blobs
    this.#catalog = options.catalog
    this.#clock = options.clock
    this.#log = options.log
  }

  start(): void {
    this.#schedule(firstAfterMs)
  }

  /** Collects now. */
  async collect(): Promise<void> {
    const removed = await this.#blobs.collect((candidates) => ownedDigests(this.#catalog.db, candidates))
    if (removed.length > 0) this.#log.info('blobs collected', { count: removed.length })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #schedule(afterMs: number): void {
    if (this.#stopped) return
    this.#timer = this.#clock.after(
      afterMs,
      () => {
        this.#running = this.collect()
          .catch((error: unknown) => this.#log.warn('blobs not collected', { error: String(error) }))
          .finally(() => this.#schedule(everyMs))
      },
      { unref: true },
    )
  }
}
