/**
 * Tiers `root` and `userns`: every environment in namespaces of its own (mounts, processes, IPC, host name, users, network), forked from a
 * warm interpreter. As root each has a user id of its own on the host; as an ordinary user one of /etc/subuid when `newuidmap` is there, else
 * the service's own, seen as another inside.
 */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { release } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { mebibyte } from '../base/byte-size.ts'
import { Bridge, type BridgePort } from './bridge.ts'
import { ControlGroups, type ControlGroup } from './cgroups.ts'
import { launchFailed, networkUnavailable } from './errors.ts'
import { exitStatus, streamEnd } from './exit-status.ts'
import { judgeResidentMemory, MemoryWatch, type Watched } from './memory-watch.ts'
import { processTree, signal } from './process-tree.ts'
import type { ExitStatus, NetworkMode, Sandbox, SandboxFacts, SandboxProcess, SandboxSpec } from './sandbox.ts'
import { StateFolder } from './state-folder.ts'
import { subordinateIds } from './subordinate-ids.ts'
import { UserIds } from './user-ids.ts'
import { mayFork } from './zygote-rule.ts'
import { Zygote, type ZygoteEvent, type ZygoteSettings } from './zygote.ts'

/** What Lambda's variables are when an interpreter starts, as far as a starting process reads them. */
export const warmEnvironment = {
  LANG: 'en_US.UTF-8',
  LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  TZ: ':UTC',
} as const

/** Lambda counts neither its runtime's own overhead nor what the kernel takes for a process against the configured memory. */
const allowanceBytes = 16 * mebibyte

/** How far the kernel's limit stands above the watched one, so that a burst into /tmp is not taken for memory before it is seen. */
const slackBytes = 32 * mebibyte

/** How long after a launch the next environment is made ready. */
const prepareAfterMs = 25

/** Processes and threads of one user, as a Lambda environment shows them. */
const processesOfUser = 742

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
  readonly #environments = new Map<string, Environment>()
  /** Environments that wait for a function, by their zygote. */
  readonly #ahead = new Map<Zygote, Environment[]>()
  readonly #watch = new MemoryWatch()
  #bridge: Bridge | undefined
  #preparing: NodeJS.Timeout | undefined
  #isStopping = false

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
      canRelay: true,
      keepsTemporary: true,
      filtersCalls: process.arch === 'x64' || process.arch === 'arm64',
    }
  }

  async launch(spec: SandboxSpec): Promise<SandboxProcess> {
    if (spec.network === 'bridge') this.#openBridge()
    const zygote = await this.#zygoteFor(spec.interpreter)
    const known = this.#environments.get(spec.id)
    if (known?.isRunning) throw launchFailed({ id: spec.id, because: 'its last process has not ended' })
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

  async warm(interpreter: SandboxSpec['interpreter']): Promise<void> {
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
    this.#isStopping = true
    clearTimeout(this.#preparing)
    await Promise.all([...this.#environments.keys()].map((id) => this.release(id)))
    const ahead = [...this.#ahead.values()].flat()
    this.#ahead.clear()
    await Promise.all(ahead.map((environment) => environment.release()))
    const zygotes = await Promise.allSettled(this.#zygotes.values())
    await Promise.all(zygotes.map((zygote) => (zygote.status === 'fulfilled' ? zygote.value.stop() : undefined)))
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
  async #takeEnvironment(zygote: Zygote, network: NetworkMode): Promise<Environment> {
    const ready = this.#ahead.get(zygote)
    const index = ready?.findIndex((environment) => environment.parts.network === network && !environment.isGone) ?? -1
    if (index >= 0) return ready!.splice(index, 1)[0]!
    return this.#newEnvironment(zygote, network)
  }

  /** Not at once: what was just launched needs the processor more. */
  #prepareSoon(zygote: Zygote, network: NetworkMode): void {
    clearTimeout(this.#preparing)
    this.#preparing = setTimeout(() => {
      this.#prepareAhead(zygote, network).catch(() => {})
    }, prepareAfterMs).unref()
  }

  async #prepareAhead(zygote: Zygote, network: NetworkMode): Promise<void> {
    const ready = (this.#ahead.get(zygote) ?? []).filter((environment) => !environment.isGone)
    if (this.#isStopping || zygote.isEnded) return
    this.#ahead.set(zygote, ready)
    if (ready.some((environment) => environment.parts.network === network)) return
    const environment = await this.#newEnvironment(zygote, network)
    if (this.#isStopping) return environment.release()
    ready.push(environment)
  }

  async #newEnvironment(zygote: Zygote, network: NetworkMode): Promise<Environment> {
    const folder = await zygote.takeSlot()
    const user = this.#takeUser()
    const name = `e${(launched += 1)}`
    const port = network === 'bridge' ? this.#bridge!.take() : undefined
    return new Environment({
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

interface EnvironmentParts {
  /** Ours: an environment exists before it has a function's id. */
  readonly name: string
  /** With the named pipes of its first process. */
  readonly folder: string
  readonly network: NetworkMode
  readonly port: BridgePort | undefined
  readonly tier: 'root' | 'userns'
  readonly zygote: Zygote
  readonly group: ControlGroup
  readonly watch: MemoryWatch
  /** The id as the zygote counts; 0 is its own user. */
  readonly user: number
  readonly giveBack: () => void
}

/** The service's ends of the named pipes of one process. */
interface Pipes {
  readonly folder: string
  readonly streams: readonly [Readable, Readable, Readable]
  /** Descriptor. */
  readonly spec: number
}

/** Namespaces, groups and a user, made ready for one function, and used by one process of it after another. */
class Environment {
  readonly parts: EnvironmentParts
  #pipes: Pipes | undefined
  #running: NamespaceProcess | undefined
  #holder: number | undefined
  #isUsed = false
  #failure: string | undefined
  readonly #released: Promise<void>
  #onReleased: () => void = () => {}
  #starting: ((event: ZygoteEvent) => void) | undefined
  isGone = false

  constructor(parts: EnvironmentParts) {
    this.parts = parts
    const { name, folder, network, port, zygote, group, user } = parts
    this.#released = new Promise((resolve) => {
      this.#onReleased = resolve
    })
    this.#pipes = openPipes(folder)
    zygote.listen(name, (event) => this.#hear(event))
    zygote.prepare({
      id: name,
      folder,
      network,
      port,
      groups: group.attachFiles,
      unified: group.unifiedFolder,
      user,
      canSetGroups: user !== 0,
      userProcesses: user !== 0 || countsProcessesPerNamespace ? processesOfUser : 1_000_000,
    })
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  async launch(spec: SandboxSpec): Promise<SandboxProcess> {
    const { zygote, group, name } = this.parts
    const pipes = this.#pipes ?? openPipes(await zygote.takeSlot())
    this.#pipes = undefined
    const answer = new Promise<ZygoteEvent>((resolve) => {
      this.#starting = resolve
    })
    const process = new NamespaceProcess(this, spec, pipes.streams)
    this.#running = process
    try {
      if (this.isGone) throw launchFailed({ id: spec.id, because: this.#failure ?? 'the warm interpreter ended' })
      if (this.#isUsed) zygote.again(name, { folder: pipes.folder, apiSocket: spec.apiSocket })
      else {
        group.limit({
          memoryBytes: spec.memoryBytes + allowanceBytes + slackBytes,
          processes: spec.processes,
          cpuShare: spec.cpuShare,
        })
        zygote.use(name, { apiSocket: spec.apiSocket })
      }
      this.#isUsed = true
      await writeAll(pipes.spec, `${JSON.stringify(this.#guestSpec(spec))}\n`)
      const event = await answer
      if (event.event !== 'started') {
        const because = (event.event === 'failed' && event.because) || (this.#failure ?? 'the warm interpreter ended')
        throw launchFailed({ id: spec.id, because })
      }
      this.#holder = event.pid
    } catch (error) {
      this.#running = undefined
      for (const stream of pipes.streams) stream.destroy()
      throw error
    } finally {
      closePipes(pipes)
    }
    const unwatch = this.parts.watch.add(process)
    void process.exited.then(unwatch)
    return process
  }

  /** The program and what it started, by their ids on the host. */
  processIds(): readonly number[] {
    if (this.parts.group.watchesMemory) return this.parts.group.processIds()
    return this.#holder === undefined ? [] : processTree(this.#holder).slice(1)
  }

  tell(action: 'terminate' | 'kill' | 'freeze' | 'thaw'): void {
    if (!this.isGone) this.parts.zygote.tell(this.parts.name, action)
  }

  /** The whole namespace, without asking anyone in it. */
  killHolder(): void {
    if (!this.isGone && this.#holder !== undefined) signal(this.#holder, 'SIGKILL')
  }

  ended(): void {
    this.#running = undefined
  }

  async release(): Promise<void> {
    const { zygote, group, name, giveBack } = this.parts
    const running = this.#running
    running?.kill()
    if (!this.isGone) zygote.tell(name, 'release')
    await this.#released
    await running?.exited
    if (this.#pipes) {
      for (const stream of this.#pipes.streams) stream.destroy()
      closePipes(this.#pipes)
      this.#pipes = undefined
    }
    await removeGroup(group)
    giveBack()
  }

  #hear(event: ZygoteEvent): void {
    if (event.event === 'started' || event.event === 'failed') {
      // Making it ready can fail before anyone has asked for it.
      if (event.event === 'failed') this.#failure = event.because
      this.#starting?.(event)
      this.#starting = undefined
    } else if (event.event === 'exited') this.#running?.finish(event.status)
    else {
      this.isGone = true
      this.#starting?.(event)
      this.#running?.finish(9)
      this.#onReleased()
    }
  }

  #guestSpec(spec: SandboxSpec): object {
    return {
      binds: spec.binds,
      temporaryBytes: spec.temporaryBytes,
      relays: spec.relays ?? [],
      workingDirectory: spec.workingDirectory,
      argv: spec.argv,
      environment: spec.environment,
      zygote: this.parts.zygote.isWarm && mayFork(spec, warmEnvironment),
    }
  }
}

/** Opened before the other side opens its ends, which then need not wait. */
function openPipes(folder: string): Pipes {
  const [stdout, stderr, telemetry] = ['stdout', 'stderr', 'telemetry'].map((name) => readNamedPipe(join(folder, name)))
  const spec = openSync(join(folder, 'spec'), constants.O_RDWR | constants.O_NONBLOCK)
  return { folder, streams: [stdout!, stderr!, telemetry!], spec }
}

/** What the process reads from and writes to it has open by now; the names are not needed again. */
function closePipes(pipes: Pipes): void {
  closeSync(pipes.spec)
  rmSync(pipes.folder, { recursive: true, force: true })
}

/** Since Linux 5.14 the limit of a user's processes is counted per user namespace; before, one environment would count the service's too. */
const countsProcessesPerNamespace = ((): boolean => {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14)
})()

class NamespaceProcess implements SandboxProcess, Watched {
  readonly id: string
  readonly tier: 'root' | 'userns'
  readonly stdout: Readable
  readonly stderr: Readable
  readonly telemetry: Readable
  readonly exited: Promise<ExitStatus>
  readonly #environment: Environment
  readonly #memoryBytes: number
  readonly #temporaryBytes: number
  #finish: (status: number) => void = () => {}
  #isFinished = false
  #outOfMemory = false
  #peakBytes = 0
  #raisedTo = 0
  frozen = false

  constructor(environment: Environment, spec: SandboxSpec, streams: readonly Readable[]) {
    this.#environment = environment
    this.id = spec.id
    this.tier = environment.parts.tier
    this.#memoryBytes = spec.memoryBytes
    this.#temporaryBytes = spec.temporaryBytes
    ;[this.stdout, this.stderr, this.telemetry] = streams as [Readable, Readable, Readable]
    const status = new Promise<number>((resolve) => {
      this.#finish = resolve
    })
    this.exited = status.then(async (wait) => {
      this.#isFinished = true
      const outOfMemory = this.#outOfMemory || ((wait & 0x7f) === 9 && environment.parts.group.outOfMemory)
      await Promise.all(streams.map(streamEnd))
      environment.ended()
      return exitStatus(wait, outOfMemory)
    })
  }

  /** Told once by the holder; told again, with a made-up status, when the holder is gone. */
  finish(status: number): void {
    this.#finish(status)
  }

  look(): void {
    if (this.#isFinished) return
    const { group } = this.#environment.parts
    if (!group.watchesMemory) {
      const { peakBytes, isTooMuch } = judgeResidentMemory(
        this.#environment.processIds(),
        this.#memoryBytes + allowanceBytes,
      )
      this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
      if (isTooMuch) this.#exceed()
      return
    }
    const { own, files } = group.memoryUse()
    this.#peakBytes = Math.max(this.#peakBytes, own)
    if (own > this.#memoryBytes + allowanceBytes) return this.#exceed()
    this.#makeRoomFor(files)
  }

  freeze(): void {
    if (this.frozen) return
    this.frozen = true
    if (this.#environment.parts.group.canFreeze) this.#environment.parts.group.freeze()
    else this.#environment.tell('freeze')
  }

  thaw(): void {
    if (!this.frozen) return
    this.frozen = false
    if (this.#environment.parts.group.canFreeze) this.#environment.parts.group.thaw()
    else this.#environment.tell('thaw')
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#isFinished) return
    this.thaw()
    this.#environment.tell('terminate')
    const timer = setTimeout(() => this.kill(), graceMs)
    await this.exited
    clearTimeout(timer)
  }

  kill(): void {
    if (this.#isFinished) return
    this.thaw()
    this.#environment.tell('kill')
    const timer = setTimeout(() => this.#environment.killHolder(), 2000).unref()
    void this.exited.then(() => clearTimeout(timer))
  }

  peakMemoryBytes(): number {
    this.look()
    const [program] = this.#isFinished ? [] : this.#environment.processIds()
    if (program !== undefined) {
      const { peakBytes } = judgeResidentMemory([program], Number.MAX_SAFE_INTEGER)
      this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
    }
    return this.#peakBytes
  }

  #exceed(): void {
    this.#outOfMemory = true
    this.kill()
  }

  /**
   * On Lambda /tmp is a disk. Here it is memory, which the kernel counts with the environment's: its limit moves up by what lies in /tmp,
   * or 128 MB of memory would be full after 128 MB of files.
   */
  #makeRoomFor(files: number): void {
    const step = 8 * mebibyte
    const wanted = Math.min(Math.ceil(files / step) * step, this.#temporaryBytes)
    if (wanted === this.#raisedTo) return
    this.#raisedTo = wanted
    this.#environment.parts.group.setMemory(this.#memoryBytes + allowanceBytes + slackBytes + wanted)
  }
}

/** It ends when the last of the program's processes has closed it. */
function readNamedPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

/** Nearly always one write: a pipe takes 64 KiB before anyone has read. */
async function writeAll(fd: number, text: string): Promise<void> {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    if (rest.length > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** The kernel may still be taking the last process apart. */
async function removeGroup(group: ControlGroup): Promise<void> {
  for (let attempt = 0; attempt < 100 && !group.remove(); attempt += 1)
    await new Promise((resolve) => setTimeout(resolve, 2))
}
