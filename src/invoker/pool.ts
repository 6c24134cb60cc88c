/**
 * The execution environments of one version: interchangeable, last used first, as many as invocations run at the same time.
 *
 * An invocation that finds none idle makes one start, and is served by whichever comes free first, as on Lambda.
 */
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { Environment } from './environment.ts'
import { isLeasable } from './environment-state.ts'
import type { InitializationType } from './guest-environment.ts'
import type { InitOutcome } from './init-phase.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

export interface PoolOptions {
  readonly version: RunnableVersion
  /** Makes one, not started yet. Throws when the version cannot run on this machine, or when the machine is full. */
  readonly makeEnvironment: (
    initializationType: InitializationType,
    onChange: (environment: Environment) => void,
  ) => Promise<Environment>
  /** Runs Init when the machine has time for one more. */
  readonly initialise: (environment: Environment) => Promise<InitOutcome>
  readonly now: () => number
  /** Called when the last environment of a draining pool has ended. */
  readonly onDrained: (pool: Pool) => void
}

interface Waiting {
  readonly invocation: Invocation
  readonly since: number
  readonly resolve: (result: InvocationResult | Promise<InvocationResult>) => void
  readonly reject: (error: unknown) => void
}

export interface ProvisionedState {
  readonly requested: number
  readonly allocated: number
  readonly available: number
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED'
  readonly statusReason?: string | undefined
}

export class Pool {
  readonly version: RunnableVersion
  readonly #options: PoolOptions
  readonly #environments = new Set<Environment>()
  readonly #idle: Environment[] = []
  readonly #waiting: Waiting[] = []
  #starting = 0
  #draining = false
  #provisionedTarget = 0
  /** Running invocations that provisioned environments answer for. */
  #covered = 0
  #provisionedFailure: string | undefined

  constructor(options: PoolOptions) {
    this.version = options.version
    this.#options = options
  }

  get environments(): ReadonlySet<Environment> {
    return this.#environments
  }

  /** Whether environments are kept ready ahead of invocations. */
  get isProvisioned(): boolean {
    return this.#provisionedTarget > 0
  }

  get isEmpty(): boolean {
    return this.#environments.size === 0 && this.#waiting.length === 0 && this.#starting === 0
  }

  invoke(invocation: Invocation): Promise<InvocationResult> {
    const environment = this.#idle.pop()
    if (environment) return environment.run(invocation, 0)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ invocation, since: this.#options.now(), resolve, reject })
      // An environment that has just answered is free again before this turn of the event loop is over.
      setImmediate(() => {
        if (this.#starting < this.#waiting.length) void this.#grow('on-demand')
      })
    })
  }

  /** Keeps this many environments initialised ahead of invocations; 0 gives them up. */
  async provision(count: number): Promise<void> {
    this.#provisionedTarget = count
    this.#provisionedFailure = undefined
    const provisioned = this.#ofType('provisioned-concurrency')
    for (const environment of provisioned.slice(count)) void this.#end(environment)
    const missing = count - Math.min(count, provisioned.length)
    await Promise.all(Array.from({ length: missing }, () => this.#grow('provisioned-concurrency')))
  }

  /** Whether a provisioned environment answers for one more invocation; give it back with `uncover`. */
  cover(): boolean {
    if (this.#covered >= this.#provisionedTarget) return false
    this.#covered += 1
    return true
  }

  uncover(): void {
    this.#covered -= 1
  }

  get provisioned(): ProvisionedState {
    const available = this.#ofType('provisioned-concurrency').filter(
      (environment) => environment.state === 'ready' || environment.state === 'busy' || environment.state === 'reset',
    ).length
    const requested = this.#provisionedTarget
    const failed = this.#provisionedFailure !== undefined
    return {
      requested,
      allocated: available,
      available,
      status: failed ? 'FAILED' : available >= requested ? 'READY' : 'IN_PROGRESS',
      statusReason: this.#provisionedFailure,
    }
  }

  /** The idle environment that was used longest ago, for expiry and to make room; provisioned ones are kept. */
  oldestIdle(): Environment | undefined {
    return this.#idle.find((environment) => environment.initializationType === 'on-demand')
  }

  /** Ends an idle environment. */
  evict(environment: Environment): Promise<void> {
    return this.#end(environment)
  }

  /** No new invocations come here; those that run or wait finish first. */
  drain(): void {
    this.#draining = true
    for (const environment of this.#idle.splice(0)) void this.#end(environment)
    this.#reportDrained()
  }

  /** Ends everything, running invocations after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#draining = true
    await Promise.all([...this.#environments].map((environment) => environment.stop(graceMs)))
  }

  async #grow(type: InitializationType): Promise<void> {
    if (type === 'on-demand') this.#starting += 1
    let environment: Environment | undefined
    try {
      environment = await this.#options.makeEnvironment(type, (changed) => this.#changed(changed))
      this.#environments.add(environment)
      const outcome = await this.#options.initialise(environment)
      if (type === 'provisioned-concurrency' && !outcome.ok) {
        this.#provisionedFailure = 'FUNCTION_ERROR_INIT_FAILURE'
        void this.#end(environment)
      }
    } catch (error) {
      if (environment) void this.#end(environment)
      if (type === 'on-demand') this.#waiting.shift()?.reject(error)
      else this.#provisionedFailure = error instanceof Error ? error.message : String(error)
    } finally {
      if (type === 'on-demand') this.#starting -= 1
    }
  }

  #changed(environment: Environment): void {
    if (environment.state === 'dead') {
      this.#environments.delete(environment)
      this.#dropIdle(environment)
      this.#reportDrained()
      return
    }
    if (!isLeasable(environment.state)) return
    if (environment.initializationType === 'provisioned-concurrency' && environment.state === 'init-failed') return
    const waiting = this.#waiting.shift()
    if (waiting) {
      waiting.resolve(environment.run(waiting.invocation, this.#options.now() - waiting.since))
      return
    }
    // A failed Init answers the invocation that asked for it, and nobody else waits: there is nothing to keep.
    if (this.#draining || environment.state === 'init-failed') void this.#end(environment)
    else {
      environment.park()
      this.#idle.push(environment)
    }
  }

  #end(environment: Environment): Promise<void> {
    this.#dropIdle(environment)
    return environment.stop()
  }

  #dropIdle(environment: Environment): void {
    const place = this.#idle.indexOf(environment)
    if (place >= 0) this.#idle.splice(place, 1)
  }

  #ofType(type: InitializationType): Environment[] {
    return [...this.#environments].filter(
      (environment) =>
        environment.initializationType === type && environment.state !== 'stopping' && environment.state !== 'dead',
    )
  }

  #reportDrained(): void {
    if (this.#draining && this.isEmpty) this.#options.onDrained(this)
  }
}
