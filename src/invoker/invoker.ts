/**
 * Runs functions: finds or starts an execution environment for each invocation, within the limits of function, account and machine.
 *
 * The invoker knows versions, not names: whoever calls it has resolved name and qualifier to a `RunnableVersion`.
 */
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { mkdir, rm } from 'node:fs/promises'
import { mebibyte } from '../base/byte-size.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { NetworkMode, Sandbox } from '../sandbox/sandbox.ts'
import { BytecodeCache, type SourceTree } from './bytecode-cache.ts'
import type { CodeFolder } from './code-folder.ts'
import { ConcurrencyLimits } from './concurrency.ts'
import type { LogDestination } from './environment-log.ts'
import { Environment } from './environment.ts'
import { invokerStopping, throttled } from './errors.ts'
import { Gate } from './gate.ts'
import type { GuestCredentials, InitializationType } from './guest-environment.ts'
import type { InitOutcome } from './init-phase.ts'
import type { EnvironmentStatus, Invocation, InvocationResult } from './invocation.ts'
import { planLaunch, type LaunchPlan, type LaunchPlanOptions } from './launch-plan.ts'
import { Pool, type ProvisionedState } from './pool.ts'
import { Vigil } from './vigil.ts'

export interface InvokerLimits {
  /** Concurrent executions of an account. Default: Lambda's 1000. */
  readonly accountConcurrency?: number | undefined
  /** Memory that environments may claim together, in MiB. Default: four times the machine's, since few use what they may. */
  readonly memoryMiB?: number | undefined
  /** How long an idle environment is kept, in milliseconds. Default: ten minutes. */
  readonly keepAliveMs?: number | undefined
  /** What functions have reserved or provisioned of their account's limit. */
  readonly setAside?: ((accountId: string, region: string) => number) | undefined
}

export interface InvokerOptions extends LaunchPlanOptions {
  readonly sandbox: Sandbox
  readonly clock: Clock
  readonly logs: LogDestination
  readonly log: Log
  /** Below it, `run/` is ours. */
  readonly dataFolder: string
  /** Keys and endpoint variables of a version's role, made for each process. */
  readonly credentials?: ((version: RunnableVersion) => GuestCredentials | undefined) | undefined
  readonly network?: NetworkMode | undefined
  /** `false` leaves imports as slow as on Lambda: nothing is compiled ahead. */
  readonly compile?: boolean | undefined
  /** `false` lets environments run on between invocations, to see what freezing them costs. */
  readonly freezes?: boolean | undefined
  readonly limits?: InvokerLimits | undefined
}

export interface Invoker {
  /**
   * Runs a function once and waits for its result; a function's failure is a result.
   *
   * @throws `throttled` (429), `foreignArchitecture`, `notAPythonRuntime`, `invokerStopping`, what the interpreters and the package have to say
   */
  invoke(invocation: Invocation): Promise<InvocationResult>
  /** Does ahead what the first environment of a version would wait for: unpacks, compiles, warms the interpreter. */
  prepare(version: RunnableVersion): Promise<void>
  /** Ends the environments of versions that have changed or gone, after what they are doing. */
  drain(matches: (version: RunnableVersion) => boolean): void
  /** Keeps environments of a version initialised ahead; 0 gives them up. Resolves when they are, or cannot be. */
  provision(version: RunnableVersion, count: number): Promise<void>
  provisioned(environmentKey: string): ProvisionedState | undefined
  environments(): readonly EnvironmentStatus[]
  /** Refuses new invocations, waits for running ones up to `graceMs`, then ends all environments. */
  stop(graceMs: number): Promise<void>
}

const defaultKeepAliveMs = 10 * 60 * 1000
const sweepEveryMs = 15_000
const provisionedInitLimitMs = 130_000

export async function createInvoker(options: InvokerOptions): Promise<Invoker> {
  const runFolder = join(options.dataFolder, 'run')
  await rm(runFolder, { recursive: true, force: true })
  await mkdir(runFolder, { recursive: true, mode: 0o711 })
  return new PooledInvoker(options, runFolder)
}

class PooledInvoker implements Invoker {
  readonly #options: InvokerOptions
  readonly #runFolder: string
  readonly #pools = new Map<string, Pool>()
  /** The pool that a version's name stands for now: `ARN:version` → key. */
  readonly #current = new Map<string, string>()
  /** Old pools whose invocations still run. */
  readonly #draining = new Set<Pool>()
  readonly #toldOfArchitecture = new Set<string>()
  readonly #plans = new Map<string, Promise<LaunchPlan>>()
  readonly #limits: ConcurrencyLimits
  readonly #memoryLimitMiB: number
  readonly #gate: Gate
  readonly #bytecode: BytecodeCache
  #memoryMiB = 0
  #running = 0
  #stopping = false
  #sweeper: Timer | undefined
  /** Where a function has a core of its own, and while it is the only one that runs. */
  readonly #answer = availableParallelism() > 1 ? new Vigil() : undefined
  readonly #nextOne = availableParallelism() > 1 ? new Vigil() : undefined
  #allDone: (() => void) | undefined

  constructor(options: InvokerOptions, runFolder: string) {
    this.#options = options
    this.#runFolder = runFolder
    this.#limits = new ConcurrencyLimits({
      accountLimit: options.limits?.accountConcurrency,
      setAside: options.limits?.setAside,
    })
    this.#memoryLimitMiB = options.limits?.memoryMiB ?? Math.floor((4 * totalmem()) / mebibyte)
    this.#bytecode = new BytecodeCache(join(options.dataFolder, 'bytecode'), options.log)
    this.#gate = new Gate(2 * availableParallelism())
    this.#sweepLater()
  }

  async invoke(invocation: Invocation): Promise<InvocationResult> {
    if (this.#stopping) throw invokerStopping({})
    const { target } = invocation
    const pool = this.#poolOf(target)
    // What is beyond the provisioned environments runs on demand, and is limited as that is.
    const isCovered = pool.isProvisioned && pool.cover()
    if (!isCovered) this.#limits.take(target)
    this.#running += 1
    this.#nextOne?.end()
    try {
      const result = pool.invoke(invocation)
      if (this.#running === 1) this.#answer?.begin()
      return await result
    } finally {
      this.#running -= 1
      this.#answer?.end()
      if (this.#running === 0) this.#nextOne?.begin()
      if (isCovered) pool.uncover()
      else this.#limits.giveBack(target)
      if (this.#running === 0) this.#allDone?.()
    }
  }

  async prepare(version: RunnableVersion): Promise<void> {
    const plan = await this.#planOf(version)
    if (!plan.python) return
    const { python, sources } = plan
    await Promise.all([
      this.#options.sandbox.warm(plan.interpreter),
      this.#compiles && this.#bytecode.prepare(sources, python),
    ])
  }

  drain(matches: (version: RunnableVersion) => boolean): void {
    for (const [key, pool] of this.#pools) {
      if (!matches(pool.version)) continue
      this.#forget(key, pool)
      this.#draining.add(pool)
      pool.drain()
    }
  }

  async provision(version: RunnableVersion, count: number): Promise<void> {
    await this.#poolOf(version).provision(count)
    this.#countProvisioned(version.functionArn)
  }

  provisioned(environmentKey: string): ProvisionedState | undefined {
    const state = this.#pools.get(environmentKey)?.provisioned
    return state && state.requested > 0 ? state : undefined
  }

  environments(): readonly EnvironmentStatus[] {
    return [...this.#pools.values(), ...this.#draining].flatMap((pool) =>
      [...pool.environments].map((environment) => environment.status),
    )
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#sweeper?.cancel()
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#allDone = resolve
        this.#options.clock.after(graceMs, resolve)
      })
    }
    await Promise.all([this.#bytecode.stop(), ...[...this.#pools.values(), ...this.#draining].map((pool) => pool.stop(200))]) // prettier-ignore
    await rm(this.#runFolder, { recursive: true, force: true })
  }

  #poolOf(version: RunnableVersion): Pool {
    const known = this.#pools.get(version.environmentKey)
    if (known) return known
    const pool: Pool = new Pool({
      version,
      makeEnvironment: (type, onChange) => this.#makeEnvironment(version, type, onChange),
      initialise: (environment) => this.#initialise(environment),
      now: () => this.#options.clock.monotonic(),
      onDrained: (drained) => this.#draining.delete(drained),
    })
    this.#pools.set(version.environmentKey, pool)
    // New code or configuration under the same name: what runs the old one finishes and ends.
    const name = `${version.functionArn}:${version.version}`
    const before = this.#current.get(name)
    this.#current.set(name, version.environmentKey)
    if (before !== undefined) this.drain((other) => other.environmentKey === before)
    return pool
  }

  async #makeEnvironment(
    version: RunnableVersion,
    initializationType: InitializationType,
    onChange: (environment: Environment) => void,
  ): Promise<Environment> {
    const plan = await this.#planOf(version)
    // Once more, when making it failed a while ago.
    if (plan.sdk?.copy.isWhole === false) void this.#makeSdk(plan)
    await this.#makeRoom(version)
    this.#memoryMiB += version.memoryMiB
    const release = plan.folders.map((folder: CodeFolder) => this.#options.codeFolders.use(folder))
    let counted = true
    return new Environment({
      version,
      plan,
      initializationType,
      sandbox: this.#options.sandbox,
      clock: this.#options.clock,
      logs: this.#options.logs,
      runFolder: this.#runFolder,
      network: this.#options.network ?? 'host',
      freezes: this.#options.freezes !== false,
      credentials: this.#options.credentials ?? (() => undefined),
      compiled: () =>
        plan.python && this.#compiles ? this.#bytecode.find([...plan.sources, ...sdkSource(plan)], plan.python) : [],
      onPause: (until) => this.#gate.lend(until),
      onChange: (environment) => {
        if (environment.state === 'dead' && counted) {
          counted = false
          this.#memoryMiB -= version.memoryMiB
          for (const done of release) done()
        }
        onChange(environment)
      },
    })
  }

  #planOf(version: RunnableVersion): Promise<LaunchPlan> {
    const known = this.#plans.get(version.environmentKey)
    if (known) return known
    const planned = planLaunch(version, this.#options)
    this.#plans.set(version.environmentKey, planned)
    planned.then(
      (plan) => {
        if (plan.python && this.#compiles) void this.#bytecode.prepare(plan.sources, plan.python)
        void this.#makeSdk(plan)
        // It is planned anew next time, when there may be a copy.
        if (plan.lacksSdk) this.#plans.delete(version.environmentKey)
        if (plan.runsOnForeignArchitecture) this.#tellOfArchitecture(version)
      },
      // Asked again by the next invocation: an interpreter may have been added meanwhile.
      () => this.#plans.delete(version.environmentKey),
    )
    return planned
  }

  /** Nobody waits here: the copy of the SDK is made, and compiled when it is there. */
  async #makeSdk(plan: LaunchPlan): Promise<void> {
    if (plan.sdk && (await plan.sdk.copy.made()) && plan.python && this.#compiles)
      await this.#bytecode.prepare(sdkSource(plan), plan.python)
  }

  /** Once for every package of a function, however often it is planned. */
  #tellOfArchitecture({ functionArn, architecture, codeDigest }: RunnableVersion): void {
    const key = `${functionArn} ${codeDigest}`
    if (this.#toldOfArchitecture.has(key)) return
    this.#toldOfArchitecture.add(key)
    this.#options.log.info('a package without native code runs on this machine instead of its own architecture', {
      functionArn,
      architecture,
    })
  }

  /** Ends idle environments of others until this one fits. */
  async #makeRoom(version: RunnableVersion): Promise<void> {
    while (this.#memoryMiB + version.memoryMiB > this.#memoryLimitMiB) {
      const oldest = this.#oldestIdle()
      if (!oldest) {
        throw throttled({
          functionArn: version.functionArn,
          reason: 'MachineMemoryExceeded',
          limit: this.#memoryLimitMiB,
        })
      }
      await oldest.pool.evict(oldest.environment)
    }
  }

  #oldestIdle(): { readonly pool: Pool; readonly environment: Environment } | undefined {
    let oldest: { pool: Pool; environment: Environment } | undefined
    for (const pool of this.#pools.values()) {
      const environment = pool.oldestIdle()
      if (environment && (!oldest || environment.idleSince < oldest.environment.idleSince))
        oldest = { pool, environment }
    }
    return oldest
  }

  #initialise(environment: Environment): Promise<InitOutcome> {
    const provisioned = environment.initializationType === 'provisioned-concurrency'
    return this.#gate.run(() => environment.initialise(provisioned ? provisionedInitLimitMs : undefined))
  }

  /** Where nothing can be mounted, compiled files would carry the names of files that are not there. */
  get #compiles(): boolean {
    return this.#options.compile !== false && this.#options.sandbox.tier !== 'process'
  }

  #forget(key: string, pool: Pool): void {
    this.#pools.delete(key)
    this.#plans.delete(key)
    const name = `${pool.version.functionArn}:${pool.version.version}`
    if (this.#current.get(name) === key) this.#current.delete(name)
  }

  #countProvisioned(functionArn: string): void {
    let count = 0
    for (const pool of this.#pools.values())
      if (pool.version.functionArn === functionArn) count += pool.provisioned.requested
    this.#limits.setProvisioned(functionArn, count)
  }

  #sweepLater(): void {
    this.#sweeper = this.#options.clock.after(sweepEveryMs, () => this.#sweep(), { unref: true })
  }

  #sweep(): void {
    if (this.#stopping) return
    const limit = this.#options.clock.monotonic() - (this.#options.limits?.keepAliveMs ?? defaultKeepAliveMs)
    for (const [key, pool] of this.#pools) {
      for (
        let environment = pool.oldestIdle();
        environment && environment.idleSince < limit;
        environment = pool.oldestIdle()
      ) {
        void pool.evict(environment)
      }
      if (pool.isEmpty && !pool.isProvisioned) this.#forget(key, pool)
    }
    this.#sweepLater()
  }
}

/** What there is to compile of the plan's copy of the SDK: nothing before it is whole. */
function sdkSource({ sdk }: LaunchPlan): readonly SourceTree[] {
  return sdk?.copy.isWhole ? [{ source: sdk.copy.folder, target: sdk.target }] : []
}
