/**
 * What runs inside an execution environment: its sandboxed process, its Runtime API, its extensions, its pipes, one after the other as processes end
 * and are started anew. Their folder and `/tmp` stay until `end`.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { mebibyte } from '../base/byte-size.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { ExitStatus, NetworkMode, Sandbox, SandboxProcess, Tier } from '../sandbox/sandbox.ts'
import type { CompiledTree } from './bytecode-cache.ts'
import { Extensions, type ExtensionFailure, type ReadyExtension } from './extensions.ts'
import { guestEnvironment, type GuestCredentials, type InitializationType } from './guest-environment.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { readLogPipes, type LogEventListener, type LogPipes } from './log-pipe.ts'
import type { RuntimeEvent } from './runtime-api.ts'
import { openRuntimeEndpoint, type RuntimeEndpoint } from './runtime-endpoint.ts'

export interface GuestOptions {
  readonly version: RunnableVersion
  readonly plan: LaunchPlan
  readonly initializationType: InitializationType
  readonly sandbox: Sandbox
  readonly clock: Clock
  /** Below it, the environment's socket and `/tmp`. */
  readonly runFolder: string
  readonly network: NetworkMode
  readonly credentials: (version: RunnableVersion) => GuestCredentials | undefined
  /** Compiled trees of the plan that are there now. */
  readonly compiled: () => readonly CompiledTree[]
}

/** What the environment hears of it. */
export interface GuestListener {
  readonly logged: LogEventListener
  /** What to wait for before more of what it says is read. */
  room(): Promise<void> | undefined
  /** The runtime waits for an event, and every extension does. */
  waiting(): void
  responded(requestId: string, body: Buffer, failed: boolean): void
  responseTooLarge(requestId: string): void
  initFailed(body: Buffer): void
  /** An extension ended before it was asked to: its process cannot go on. */
  extensionFailed(failure: ExtensionFailure): void
  /** It says that it waits for the copy of the SDK. */
  waitsForSdk(): void
  /** Its process ended by itself, or was killed: `discard` and `end` are not heard of. */
  exited(status: ExitStatus): void
}

const extensionsGraceMs = 2000
/** How long a reading of the peak memory is good enough, in milliseconds. */
const peakGoodForMs = 100

export class Guest {
  readonly #id: string
  readonly #logStream: string
  readonly #options: GuestOptions
  readonly #listener: GuestListener
  readonly #folder: string
  readonly #extensions: Extensions | undefined
  #endpoint: RuntimeEndpoint | undefined
  #process: SandboxProcess | undefined
  #launching: Promise<void> | undefined
  #pipes: LogPipes | undefined
  #frozen = false
  /** It was killed: what it still says comes from a process that is about to be gone. */
  #doomed = false
  #ending = false
  #peakMemoryBytes = 0
  #peakReadAt = Number.NEGATIVE_INFINITY

  constructor(id: string, logStream: string, options: GuestOptions, listener: GuestListener) {
    this.#id = id
    this.#logStream = logStream
    this.#options = options
    this.#listener = listener
    this.#folder = join(options.runFolder, id.slice(0, 16))
    const { version, plan } = options
    // Only where a program asks by TCP can there be one that registers.
    if (plan.needsTcp) {
      this.#extensions = new Extensions({
        functionName: version.functionName,
        functionVersion: version.version,
        handler: version.handler,
        accountId: version.accountId,
        expected: plan.extensions,
        clock: options.clock,
        onIdle: () => this.#waiting(),
        onFailure: (failure) => {
          if (!this.#doomed && !this.#ending) this.#listener.extensionFailed(failure)
        },
      })
    }
  }

  /** It has a process that goes on: one that was killed does not, though its end may not have been heard of yet. */
  get isRunning(): boolean {
    return this.#process !== undefined && !this.#doomed
  }

  /** An event can be given to the runtime. */
  get isListening(): boolean {
    return this.#endpoint?.api.isWaiting === true && !this.#doomed
  }

  /** Nothing of the last event is still worked on: the runtime waits, and every extension does. */
  get isIdle(): boolean {
    return this.isListening && this.#extensions?.areIdle !== false
  }

  /** Extensions that are there and have asked for an event. */
  get readyExtensions(): readonly ReadyExtension[] {
    return this.#extensions?.ready ?? []
  }

  get tier(): Tier {
    return this.#process?.tier ?? this.#options.sandbox.tier
  }

  /** Starts its process; there must be none. Throws what the sandbox says when it cannot. */
  launch(): Promise<void> {
    this.#launching = this.#launch()
    return this.#launching
  }

  /** Gives the waiting runtime its next event, and the extensions that want to hear of it. */
  dispatch(event: RuntimeEvent): void {
    this.#extensions?.invoke(event)
    this.#endpoint!.api.dispatch(event)
    // After the event was written: the runtime then wakes up once, and has something to read.
    this.#thaw()
  }

  /** Nothing inside runs until the next event. */
  freeze(): void {
    if (this.#frozen || !this.#process) return
    this.#frozen = true
    this.#process.freeze()
  }

  /** Last lines without an end are given out as they are. */
  flush(): void {
    this.#pipes?.flush()
  }

  /** Calls back when what it wrote before now has been heard. */
  settle(callback: () => void): void {
    if (this.#pipes) this.#pipes.settle(callback)
    else setImmediate(callback)
  }

  /** Ends the process at once; its exit is heard of. */
  kill(): void {
    if (!this.#process) return
    this.#doomed = true
    this.#process.kill()
  }

  /** Kills the process and waits until nothing of it is left; its end answers nobody. */
  async discard(): Promise<void> {
    const process = this.#process
    if (!process) return
    this.peakMemoryBytes(true)
    this.#process = undefined
    process.kill()
    await process.exited
    this.#forget()
  }

  /** Ends it for good: nothing is left afterwards. SIGTERM first, unless `graceMs` is 0. */
  async end(graceMs: number): Promise<void> {
    this.#ending = true
    // What is being started cannot be ended before it is there.
    await this.#launching?.catch(() => undefined)
    const process = this.#process
    if (process) {
      this.#thaw()
      if (this.#extensions && this.#options.plan.extensions.length > 0) await this.#shutDown(this.#extensions)
      if (graceMs > 0) await process.stop(graceMs)
      else {
        process.kill()
        await process.exited
      }
    }
    await this.#options.sandbox.release(this.#id)
    await this.#endpoint?.api.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Of all its processes, in bytes. Looked up at most every 100 ms, unless it must be exact. */
  peakMemoryBytes(exact: boolean): number {
    const now = this.#options.clock.monotonic()
    if (this.#process && (exact || now - this.#peakReadAt > peakGoodForMs)) {
      this.#peakReadAt = now
      this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.#process.peakMemoryBytes())
    }
    return this.#peakMemoryBytes
  }

  async #launch(): Promise<void> {
    const { sandbox, credentials, network, version, plan, clock, initializationType } = this.#options
    // The killed process is gone. Its successor may ask for an event before the sandbox says that it has started.
    this.#doomed = false
    this.#endpoint ??= await this.#openEndpoint()
    const { api, address, relays } = this.#endpoint
    const compiled = this.#options
      .compiled()
      .map(({ tree, folder }, place) => ({ tree, folder, inside: `/var/pycache/${place}` }))
    const given = credentials(version)
    const launched = await sandbox.launch({
      id: this.#id,
      interpreter: plan.interpreter,
      argv: plan.argv,
      environment: guestEnvironment({
        version,
        initializationType,
        logStream: this.#logStream,
        credentials: given,
        runtimeApi: address,
        sdkFolder: plan.sdk?.target,
        lateSdkModules: plan.sdk?.copy.isWhole === false ? plan.sdk.copy.modules : undefined,
        deniedLibraries: plan.deniedLibraries,
        bytecode:
          compiled.length > 0 ? compiled.map(({ tree, inside }) => `${tree.target}=${inside}`).join(':') : undefined,
      }),
      workingDirectory: '/var/task',
      binds: [...plan.binds, ...compiled.map(({ folder, inside }) => ({ source: folder, target: inside }))],
      temporaryFolder: join(this.#folder, 'tmp'),
      temporaryBytes: version.ephemeralStorageMiB * mebibyte,
      memoryBytes: version.memoryMiB * mebibyte,
      processes: 1024,
      cpuShare: version.memoryMiB / 1769,
      network,
      apiSocket: api.socketPath,
      relays: [...(relays ?? []), ...(given?.relays ?? [])],
      allowZygote: plan.allowZygote,
    })
    this.#process = launched
    this.#frozen = false
    const { logged, waitsForSdk, room } = this.#listener
    const extensionEnded = (status: number): void => {
      if (this.#process === launched) this.#extensions?.programEnded(status)
    }
    this.#pipes = readLogPipes(launched, () => clock.now(), logged, { waitsForSdk, extensionEnded }, room)
    void launched.exited.then((status) => this.#exited(launched, status))
    if (this.#ending) launched.kill()
  }

  #openEndpoint(): Promise<RuntimeEndpoint> {
    const { sandbox, network, plan } = this.#options
    const listener = this.#listener
    return openRuntimeEndpoint({
      folder: this.#folder,
      id: this.#id,
      listener: {
        waiting: () => this.#waiting(),
        responded: (requestId, body) => listener.responded(requestId, body, false),
        failed: (requestId, body) => listener.responded(requestId, body, true),
        responseTooLarge: (requestId) => listener.responseTooLarge(requestId),
        initFailed: (body) => listener.initFailed(body),
      },
      extensions: this.#extensions,
      needsTcp: plan.needsTcp,
      // With the host's network it reaches what the host reaches, so that there is nothing to relay.
      relayAddress: network === 'host' ? undefined : sandbox.facts.relayAddress,
    })
  }

  #waiting(): void {
    if (this.isIdle) this.#listener.waiting()
  }

  #exited(process: SandboxProcess, status: ExitStatus): void {
    if (this.#process !== process) return
    this.peakMemoryBytes(true)
    this.#process = undefined
    this.#forget()
    this.#listener.exited(status)
  }

  /** Nothing that the old process said or holds is believed any more. */
  #forget(): void {
    this.#pipes?.flush()
    this.#endpoint?.api.reset()
    this.#extensions?.reset()
  }

  #thaw(): void {
    if (!this.#frozen || !this.#process) return
    this.#frozen = false
    this.#process.thaw()
  }

  /** Two seconds, as Lambda gives external extensions. */
  async #shutDown(extensions: Extensions): Promise<void> {
    const { clock } = this.#options
    let timer: Timer | undefined
    const patience = new Promise<void>((resolve) => {
      timer = clock.after(extensionsGraceMs, resolve)
    })
    await Promise.race([extensions.shutDown('spindown', clock.now() + extensionsGraceMs), patience])
    timer?.cancel()
  }
}
