/**
 * Carries out what CreateFunction and updates promised: prepares the code, then turns Pending into Active and InProgress into Successful,
 * with a new RevisionId. Clients see both states. What was under way when the service ended is taken up again by `resume`.
 */
import { randomUUID } from 'node:crypto'
import type { Announcer } from '../base/announcer.ts'
import { sleep, type Clock } from '../base/clock.ts'
import type { Digest } from '../base/digest.ts'
import type { Log } from '../base/log.ts'
import type { Catalog } from '../store/catalog.ts'
import type { FunctionChanged } from './function-changed.ts'
import { functionArn, type FunctionKey } from './function-name.ts'
import { findFunction, findVersion, replaceVersion } from './function-store.ts'
import { toFunctionVersion, type FunctionVersion } from './function-version.ts'
import { layerDigests } from './layer-store.ts'

export interface ActivationOptions {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly log: Log
  readonly changes: Announcer<FunctionChanged>
  /** Unpacks a deployment package and its layers, so that environments can use them. Called again for what is there already. */
  readonly prepareCode: (digest: Digest, layers: readonly Digest[]) => Promise<unknown>
  /** How long the state in between is shown at least, in milliseconds. */
  readonly delayMs: number
}

export class Activation {
  readonly #options: ActivationOptions
  readonly #running = new Set<Promise<void>>()
  #stopped = false
  /** Ends the waits of steps that are under way. */
  #endWaits: () => void = () => {}
  readonly #ending = new Promise<void>((resolve) => {
    this.#endWaits = resolve
  })

  constructor(options: ActivationOptions) {
    this.#options = options
  }

  /** Starts to carry out what is under way for a version. */
  start(version: FunctionVersion): void {
    const task = this.#activate(version).catch((error: unknown) => {
      const stack = error instanceof Error ? error.stack : String(error)
      this.#options.log.error('activation failed', {
        function: functionArn(version),
        version: version.version,
        error: stack,
      })
    })
    this.#running.add(task)
    void task.finally(() => this.#running.delete(task))
  }

  /** Takes up what the service had under way when it ended. */
  async resume(): Promise<void> {
    const rows = await this.#options.catalog.db
      .selectFrom('function_version')
      .selectAll()
      .where((e) => e.or([e('state', '=', 'Pending'), e('update_status', '=', 'InProgress')]))
      .execute()
    for (const row of rows) this.start(toFunctionVersion(row))
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Lets running steps end; what is not finished is taken up by the next `resume`. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#endWaits()
    await this.idle()
  }

  async #activate(version: FunctionVersion): Promise<void> {
    const { catalog, clock, delayMs } = this.#options
    const incarnation = await findFunction(catalog.db, version)
    if (!incarnation) return
    const [failure] = await Promise.all([this.#prepare(version), Promise.race([sleep(clock, delayMs), this.#ending])])
    if (this.#stopped) return
    const changed = await catalog.transaction(async (db) => {
      // Deleted, or deleted and made again, since.
      if ((await findFunction(db, version))?.id !== incarnation.id) return false
      const current = await findVersion(db, version, version.number)
      if (!current || current.codeDigest !== version.codeDigest) return false
      return replaceVersion(db, current, settle(current, failure))
    })
    if (!changed) return
    const { accountId, region, name } = version
    this.#options.changes.announce({ accountId, region, name, what: 'code', qualifier: version.version })
  }

  /** Why the code could not be prepared, or null. */
  async #prepare(version: FunctionVersion): Promise<string | null> {
    try {
      const arns = (version.configuration.Layers ?? []).map((layer) => layer.Arn)
      const layers = await layerDigests(this.#options.catalog.db, arns)
      await this.#options.prepareCode(
        version.codeDigest,
        layers.map((layer) => layer.codeDigest),
      )
      return null
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.#options.log.warn('code could not be prepared', {
        function: functionArn(version as FunctionKey),
        error: text,
      })
      return text
    }
  }
}

function settle(version: FunctionVersion, failure: string | null): FunctionVersion {
  const after = { ...version, revisionId: randomUUID(), failure }
  if (failure !== null) {
    return version.state === 'Pending' ? { ...after, state: 'Failed' } : { ...after, updateStatus: 'Failed' }
  }
  return { ...after, state: 'Active', updateStatus: 'Successful', running: undefined }
}
