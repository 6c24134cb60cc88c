/**
 * Keeps environments ready as PutProvisionedConcurrencyConfig asked: for a version, or for the version that an alias points to now. Takes
 * up after a restart what was configured, and follows aliases when they move.
 */
import type { Announcer } from '../../base/announcer.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { FunctionChanged } from '../../functions/function-changed.ts'
import { functionArn, type FunctionKey } from '../../functions/function-name.ts'
import type { RunnableVersion } from '../../functions/runnable-version.ts'
import type { RunnableVersions } from '../../functions/runnable.ts'
import { settingsOf } from '../../functions/setting-store.ts'
import type { Catalog } from '../../store/catalog.ts'

export interface ProvisionedState {
  readonly requested: number
  readonly allocated: number
  readonly available: number
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED'
  readonly statusReason?: string | undefined
}

/** Port: the part of the invoker that keeps environments ready. */
export interface ProvisioningPort {
  provision(version: RunnableVersion, count: number): Promise<void>
  provisioned(environmentKey: string): ProvisionedState | undefined
}

export interface ProvisionerOptions {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly log: Log
  readonly changes: Announcer<FunctionChanged>
  readonly runnable: RunnableVersions
  readonly invoker: ProvisioningPort
}

/** Clients see `IN_PROGRESS` before anything is ready, as on AWS, where it takes minutes. In milliseconds. */
const delayMs = 150

export class Provisioner {
  readonly #options: ProvisionerOptions
  /** What environments are kept for, by function and qualifier. */
  readonly #kept = new Map<string, RunnableVersion>()
  readonly #waiting = new Set<string>()

  constructor(options: ProvisionerOptions) {
    this.#options = options
    options.changes.subscribe((change) => this.#start(change))
  }

  /** Takes up what was configured before this process started. */
  async resume(): Promise<void> {
    const rows = await this.#options.catalog.db
      .selectFrom('function_setting')
      .select(['account_id', 'region', 'name'])
      .where('kind', '=', 'provisioned-concurrency')
      .execute()
    for (const row of rows) this.#start({ accountId: row.account_id, region: row.region, name: row.name })
  }

  /** How far the environments of a qualifier are; the beginning, while nothing was started. */
  state(key: FunctionKey, qualifier: string, requested: number): ProvisionedState {
    const kept = this.#kept.get(functionArn(key, qualifier))
    const state = kept && this.#options.invoker.provisioned(kept.environmentKey)
    if (state?.requested === requested) return state
    return { requested, allocated: 0, available: 0, status: 'IN_PROGRESS' }
  }

  /** Once per function at a time: changes that follow each other closely are carried out together. */
  #start(key: FunctionKey): void {
    const name = functionArn(key)
    if (this.#waiting.has(name)) return
    this.#waiting.add(name)
    this.#options.clock.after(
      delayMs,
      () => {
        this.#waiting.delete(name)
        this.#apply({ accountId: key.accountId, region: key.region, name: key.name }).catch((error: unknown) =>
          this.#options.log.warn('provisioned concurrency could not be applied', {
            function: name,
            error: String(error),
          }),
        )
      },
      { unref: true },
    )
  }

  async #apply(key: FunctionKey): Promise<void> {
    const { catalog, invoker, runnable } = this.#options
    const wanted = new Map<string, { version: RunnableVersion; count: number }>()
    for (const row of await settingsOf(catalog.db, key, 'provisioned-concurrency').execute()) {
      const { requested } = JSON.parse(row.document) as { requested: number }
      const version = await runnable.main(key, row.qualifier)
      wanted.set(functionArn(key, row.qualifier), { version, count: requested })
    }
    const needed = new Set([...wanted.values()].map(({ version }) => version.environmentKey))
    for (const [arn, version] of this.#kept) {
      if (!arn.startsWith(`${functionArn(key)}:`)) continue
      if (wanted.get(arn)?.version.environmentKey === version.environmentKey) continue
      this.#kept.delete(arn)
      if (!needed.has(version.environmentKey)) await invoker.provision(version, 0)
    }
    await Promise.all(
      [...wanted].map(async ([arn, { version, count }]) => {
        this.#kept.set(arn, version)
        await invoker.provision(version, count)
      }),
    )
  }
}
