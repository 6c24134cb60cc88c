import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { CodeFolders } from '../invoker/code-folder.ts'
import { ownedDigests } from '../store/blob-owners.ts'
import type { Catalog } from '../store/catalog.ts'

const everyMs = 60 * 60 * 1000

/** Removes unpacked code of packages that no version has any more, every hour. */
export class CodeFolderCollector {
  readonly #options: {
    readonly codeFolders: CodeFolders
    readonly catalog: Catalog
    readonly clock: Clock
    readonly log: Log
  }
  #timer: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: {
    readonly codeFolders: CodeFolders
    readonly catalog: Catalog
    readonly clock: Clock
    readonly log: Log
  }) {
    this.#options = options
  }

  start(): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.after(
      everyMs,
      () => {
        this.#running = this.collect()
          .catch((error: unknown) => this.#options.log.warn('unpacked code not collected', { error: String(error) }))
          .finally(() => this.start())
      },
      { unref: true },
    )
  }

  async collect(): Promise<void> {
    const { codeFolders, catalog, log } = this.#options
    const count = await codeFolders.collect(async (digest) => (await ownedDigests(catalog.db, [digest])).has(digest))
    if (count > 0) log.info('unpacked code collected', { count })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }
}
