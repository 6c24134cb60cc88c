/**
 * Tiers `root` and `userns`: every environment in namespaces of its own (mounts, processes, IPC, host name, users, network), forked from a
 * warm interpreter. As root each has a user id of its own on the host; as an ordinary user one of /etc/subuid when `newuidmap` is there, else
 * the service's own, seen as another inside.
 */
import { join } from 'node:path'
import { Bridge } from './bridge.ts'
import { ControlGroups } from './cgroups.ts'
import { launchFailed, networkUnavailable } from './errors.ts'
import { Launches } from './launches.ts'
import { MemoryWatch } from './memory-watch.ts'
import { countsProcessesPerNamespace, NamespaceEnvironment, relayAddress } from './namespace-environment.ts'
import type { NetworkMode, Sandbox, SandboxFacts, SandboxProcess, SandboxSpec } from './sandbox.ts'
import { StateFolder } from './state-folder.ts'
import { subordinateIds } from './subordinate-ids.ts'
import { UserIds } from './user-ids.ts'
import { warmEnvironment } from './warm-environment.ts'
import { Zygote, type ZygoteSettings } from './zygote.ts'

/** How long after a launch the next environment is made ready. */
const prepareAfterMs = 25

export interface NamespaceSandboxOptions {
  readonly tier: 'root' | 'userns'
  /** A folder of the service's own; what an earlier service left in it is swept. */
  readonly stateFolder: string
  /** Host folder with `bootstrap.py`, seen at /var/runtime, which a warm interpreter imports. Without it programs are only executed. */
  readonly runtimeFolder?: string | undefined
  /** A Python of 3.8 or later with ctypes, for interpreters that cannot set up their own isolation. */
  readonly launcher?: SandboxSpec['interpreter'] | undefined
  /** The network that most environments will have: one is made ready ahead when an interpreter is warmed. */
  readonly network?: NetworkMode | undefined
}

export function createNamespaceSandbox(options: NamespaceSandboxOptions): Sandbox {
  return new NamespaceSandbox(options)
}

class NamespaceSandbox implements Sandbox {
  readonly tier: 'root' | 'userns'
  readonly fileAccess: 'as-other' | 'as-owner'
  readonly #options: NamespaceSandboxOptions
  readonly #state: StateFolder
  readonly #groups: ControlGroups
  readonly #users: UserIds
  readonly #subordinate: ZygoteSettings['subordinate']
  readonly #zygotes = new Map<string, Promise<Zygote>>()
  readonly #environments = new Map<string, NamespaceEnvironment>()
  /** Environments that wait for a function, by their zygote. */
  readonly #ahead = new Map<Zygote, NamespaceEnvironment[]>()
  readonly #watch = new MemoryWatch()
  #bridge: Bridge | undefined
  #preparing: NodeJS.Timeout | undefined
  readonly #launches = new Launches()

  constructor(options: NamespaceSandboxOptions) {
    this.#options = options
    this.tier = options.tier
    this.#users = new UserIds(options.stateFolder)
    if (options.tier === 'userns') this.#subordinate = process.getuid?.() === 0 ? this.#ownRange() : subordinateIds()
    this.fileAccess = options.tier === 'root' || this.#subordinate ? 'as-other' : 'as-owner'
    this.#state = new StateFolder(options.stateFolder, options.tier)
    if (options.tier === 'root') Bridge.sweep(options.stateFolder)
    this.#groups = ControlGroups.open(this.#state.name)
    this.#state.rememberGroups(this.#groups.folders)
  }

  get facts(): SandboxFacts {
    return {
      hasOwnUsers: this.fileAccess === 'as-other',
      limitsMemory: this.#groups.holds('memory'),
      limitsProcesses: this.#groups.holds('pids') || this.fileAccess === 'as-other' || countsProcessesPerNamespace,
      relayAddress,
      keepsTemporary: true,
      filtersCalls: process.arch === 'x64' || process.arch === 'arm64',
    }
  }

  launch(spec: SandboxSpec): Promise<SandboxProcess> {
    return this.#launches.begin(spec.id, () => this.#launch(spec))
  }

  async #launch(spec: SandboxSpec): Promise<SandboxProcess> {
    if (spec.network === 'bridge') this.#openBridge()
    const zygote = await this.#zygoteFor(spec.interpreter)
    let known = this.#environments.get(spec.id)
    if (known?.isRunning) throw launchFailed({ id: spec.id, because: 'its last process has not ended' })
    if (known?.isGone) {
      // Its process did not end in time, so that all of the namespace was ended, and /tmp with it; or its zygote was.
      await this.release(spec.id)
      known = undefined
    }
    const environment = known ?? (await this.#takeEnvironment(zygote, spec.network))
    this.#environments.set(spec.id, environment)
    try {
      return await environment.launch(spec)
    } catch (error) {
      await this.release(spec.id)
      throw error
    } finally {
      if (!known) this.#prepareSoon(zygote, spec.network)
    }
  }

  warm(interpreter: SandboxSpec['interpreter']): Promise<void> {
    return this.#launches.isClosed ? Promise.resolve() : this.#launches.track(this.#warm(interpreter))
  }

  async #warm(interpreter: SandboxSpec['interpreter']): Promise<void> {
    const zygote = await this.#zygoteFor(interpreter)
    const network = this.#options.network
    if (network === 'bridge') this.#openBridge()
    if (network !== undefined) await this.#prepareAhead(zygote, network)
  }

  async release(id: string): Promise<void> {
    const environment = this.#environments.get(id)
    if (!environment) return
    await environment.release()
    this.#environments.delete(id)
  }

  async stop(): Promise<void> {
    this.#launches.close()
    clearTimeout(this.#preparing)
    await Promise.all([...this.#environments.keys()].map((id) => this.release(id)))
    const ahead = [...this.#ahead.values()].flat()
    this.#ahead.clear()
    await Promise.all(ahead.map((environment) => environment.release()))
    const zygotes = await Promise.allSettled(this.#zygotes.values())
    await Promise.all(zygotes.map((zygote) => (zygote.status === 'fulfilled' ? zygote.value.stop() : undefined)))
    await this.#launches.settled()
    await Promise.all([...this.#environments.keys()].map((id) => this.release(id)))
    this.#watch.stop()
    this.#bridge?.close()
    this.#groups.remove()
    this.#state.remove()
  }

  #openBridge(): void {
    if (this.#bridge) return
    const because = this.tier === 'root' ? Bridge.lacking() : 'a user namespace may not make interfaces on the host'
    if (because !== undefined) throw this.#noBridge(because)
    try {
      this.#bridge = Bridge.open(this.#options.stateFolder)
    } catch (cause) {
      throw this.#noBridge((cause as Error).message.trim().split('\n').at(-1)!)
    }
  }

  #noBridge(because: string): Error {
    const remedy =
      this.tier === 'root'
        ? 'Install iproute2 and nftables, or use `--network none` or `--network host`'
        : 'Run the service as root, or use `--network none` or `--network host`'
    return networkUnavailable({ network: 'bridge', tier: this.tier, because, remedy })
  }

  /** One that was made ready ahead, or a new one. */
  async #takeEnvironment(zygote: Zygote, network: NetworkMode): Promise<NamespaceEnvironment> {
    const ready = this.#ahead.get(zygote)
    const index = ready?.findIndex((environment) => environment.parts.network === network && !environment.isGone) ?? -1
    if (index >= 0) return ready!.splice(index, 1)[0]!
    return this.#newEnvironment(zygote, network)
  }

  /** Not at once: what was just launched needs the processor more. */
  #prepareSoon(zygote: Zygote, network: NetworkMode): void {
    clearTimeout(this.#preparing)
    this.#preparing = setTimeout(() => {
      this.#launches.track(this.#prepareAhead(zygote, network)).catch(() => {})
    }, prepareAfterMs).unref()
  }

  async #prepareAhead(zygote: Zygote, network: NetworkMode): Promise<void> {
    const ready = (this.#ahead.get(zygote) ?? []).filter((environment) => !environment.isGone)
    if (this.#launches.isClosed || zygote.isEnded) return
    this.#ahead.set(zygote, ready)
    if (ready.some((environment) => environment.parts.network === network)) return
    const environment = await this.#newEnvironment(zygote, network)
    if (this.#launches.isClosed) return environment.release()
    ready.push(environment)
  }

  async #newEnvironment(zygote: Zygote, network: NetworkMode): Promise<NamespaceEnvironment> {
    const folder = await zygote.takeSlot()
    const user = this.#takeUser()
    const name = `e${(launched += 1)}`
    const port = network === 'bridge' ? this.#bridge!.take() : undefined
    return new NamespaceEnvironment({
      name,
      folder,
      network,
      port,
      tier: this.tier,
      zygote,
      group: this.#groups.make(name),
      watch: this.#watch,
      user: user.id,
      giveBack: () => {
        user.giveBack()
        port?.giveBack()
      },
    })
  }

  /** As root a user namespace, too, must not lend root's own id to functions: it lends the range that tier `root` would use. */
  #ownRange(): ZygoteSettings['subordinate'] {
    const { first, last } = this.#users.range
    const range = { first, count: last - first + 1 }
    return { uids: range, gids: range }
  }

  /** The id as the zygote counts: the host's own as root, one of its user namespace otherwise; 0 there is the service's user. */
  #takeUser(): { readonly id: number; readonly giveBack: () => void } {
    if (this.#options.tier === 'userns' && !this.#subordinate) return { id: 0, giveBack: () => {} }
    const taken = this.#users.take()
    const giveBack = (): void => this.#users.giveBack(taken)
    return { id: this.#subordinate ? 1 + (taken - this.#users.range.first) : taken, giveBack }
  }

  #zygoteFor(interpreter: SandboxSpec['interpreter']): Promise<Zygote> {
    const key = interpreter.executable
    const known = this.#zygotes.get(key)
    if (known) return known
    const starting = this.#startZygote(interpreter)
    this.#zygotes.set(key, starting)
    // One that failed or was killed is started anew by the next launch.
    const forget = (): void => {
      if (this.#zygotes.get(key) === starting) this.#zygotes.delete(key)
    }
    starting.then((zygote) => zygote.ended.then(forget), forget)
    return starting
  }

  async #startZygote(interpreter: SandboxSpec['interpreter']): Promise<Zygote> {
    const [major = 0, minor = 0] = interpreter.version.split('.').map(Number)
    const canLaunch = major === 3 && minor >= 8
    const launcher = canLaunch ? interpreter : this.#options.launcher
    if (!launcher)
      throw launchFailed({
        id: `python${interpreter.version}`,
        because: 'isolation needs a Python of 3.8 or later to start it with, and there is none',
      })
    const zygote = new Zygote({
      tier: this.#options.tier,
      folder: join(this.#state.path, `python${interpreter.version}-${this.#zygotes.size}-${(launched += 1)}`),
      interpreter,
      launcher,
      runtimeFolder: this.#options.runtimeFolder,
      environment: warmEnvironment,
      subordinate: this.#subordinate,
    })
    await zygote.ready
    return zygote
  }
}

let launched = 0
