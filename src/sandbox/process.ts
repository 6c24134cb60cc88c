/**
 * Tier `process`: a plain process with nothing of the host's environment, limits by `ulimit`, memory by watching. Works everywhere and isolates
 * least: the function sees the host's file system and network. As root every environment has a user of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { connectToApi } from './api-connection.ts'
import { launchFailed } from './errors.ts'
import { streamEnd } from './exit-status.ts'
import { hostPaths } from './host-paths.ts'
import { Launches } from './launches.ts'
import { judgeResidentMemory, MemoryWatch, type Watched } from './memory-watch.ts'
import { mayEnter, requirePassage } from './passage.ts'
import { killAll, processesOfUsers, processesWithVariable, processTree, signal } from './process-tree.ts'
import type { ExitStatus, Sandbox, SandboxProcess, SandboxSpec } from './sandbox.ts'
import { UserIds } from './user-ids.ts'

/** Stays in the environment of everything a function starts, so that what ran away can be found. */
const marker = 'ZIPYARD_SANDBOX'

/**
 * Limits of a Lambda environment that a shell can set (execution-environment reference 1.2), then the program. No core files: they would
 * land on the host. The limit of processes counts a user's processes, so it is set only where the environment has a user of its own.
 */
const shell = (ownUser: boolean): string =>
  `ulimit -c 0; ulimit -n 1024; ulimit -l 64 2>/dev/null; ulimit -S -s 8192 2>/dev/null; ${ownUser ? 'ulimit -u 742 2>/dev/null || ulimit -p 742 2>/dev/null; ' : ''}exec "$@"`

export function createProcessSandbox(options: {
  /** A folder of ours, for nothing but telling services apart. */
  readonly stateFolder: string
}): Sandbox {
  return new ProcessSandbox(options.stateFolder)
}

class ProcessSandbox implements Sandbox {
  readonly tier = 'process'
  readonly fileAccess = process.getuid?.() === 0 ? 'as-other' : 'as-owner'
  readonly facts = {
    hasOwnUsers: this.fileAccess === 'as-other',
    limitsMemory: false,
    limitsProcesses: this.fileAccess === 'as-other',
    filtersCalls: false,
    relayAddress: undefined,
    keepsTemporary: true,
  }
  readonly #stateFolder: string
  readonly #users: UserIds
  readonly #running = new Map<string, PlainProcess>()
  readonly #temporary = new Map<string, { readonly folder: string; readonly user: number | undefined }>()
  readonly #watch = new MemoryWatch()
  readonly #launches = new Launches()

  constructor(stateFolder: string) {
    this.#stateFolder = stateFolder
    this.#users = new UserIds(stateFolder)
    this.#sweep()
  }

  launch(spec: SandboxSpec): Promise<SandboxProcess> {
    return this.#launches.begin(spec.id, () => this.#launch(spec))
  }

  async #launch(spec: SandboxSpec): Promise<SandboxProcess> {
    if (this.#running.has(spec.id)) throw launchFailed({ id: spec.id, because: 'its last process has not ended' })
    const user = this.#prepare(spec)
    const toHost = hostPaths(spec)
    const [program, ...rest] = spec.argv
    const argv = [isInterpreter(program!) ? spec.interpreter.executable : toHost(program!), ...rest.map(toHost)]
    const environment = Object.fromEntries(
      Object.entries(spec.environment).map(([name, value]) => [name, toHost(value)]),
    )
    const api = await connectToApi(spec)
    const child = spawn('/bin/sh', ['-c', shell(user !== undefined), 'sh', ...argv], {
      cwd: mayEnter(spec, spec.workingDirectory) ? toHost(spec.workingDirectory) : '/',
      env: { ...environment, TMPDIR: spec.temporaryFolder, [marker]: `${this.#stateFolder}:${spec.id}` },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', api],
      detached: true,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    })
    const launched = new PlainProcess(spec, child, () => this.#leftOf(spec.id, user))
    this.#running.set(spec.id, launched)
    const unwatch = this.#watch.add(launched)
    void launched.exited.then(() => {
      unwatch()
      this.#running.delete(spec.id)
    })
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', reject)
      })
    } catch (cause) {
      throw launchFailed({ id: spec.id, because: (cause as Error).message }, { cause })
    } finally {
      api.destroy()
    }
    return launched
  }

  async warm(): Promise<void> {}

  async release(id: string): Promise<void> {
    const running = this.#running.get(id)
    running?.kill()
    await running?.exited
    const temporary = this.#temporary.get(id)
    if (!temporary) return
    this.#temporary.delete(id)
    rmSync(temporary.folder, { recursive: true, force: true })
    if (temporary.user !== undefined) this.#users.giveBack(temporary.user)
  }

  async stop(): Promise<void> {
    this.#launches.close()
    await this.#launches.settled()
    await Promise.all([...new Set([...this.#running.keys(), ...this.#temporary.keys()])].map((id) => this.release(id)))
    this.#watch.stop()
  }

  /** The folder that stands for /tmp, and as root the user it belongs to, once per id. */
  #prepare(spec: SandboxSpec): number | undefined {
    const known = this.#temporary.get(spec.id)
    mkdirSync(spec.temporaryFolder, { recursive: true })
    if (known) return known.user
    const user = this.fileAccess === 'as-other' ? this.#users.take() : undefined
    try {
      if (user === undefined) chmodSync(spec.temporaryFolder, 0o700)
      else {
        chmodSync(spec.temporaryFolder, 0o700)
        chownSync(spec.temporaryFolder, user, user)
        for (const folder of [
          spec.interpreter.executable,
          spec.temporaryFolder,
          ...spec.binds.map((bind) => bind.source),
        ])
          requirePassage(folder)
      }
    } catch (error) {
      if (user !== undefined) this.#users.giveBack(user)
      throw error
    }
    this.#temporary.set(spec.id, { folder: spec.temporaryFolder, user })
    return user
  }

  /** Processes of an environment that are no longer below its first one. */
  #leftOf(id: string, user: number | undefined): number[] {
    if (process.platform !== 'linux') return []
    return user === undefined
      ? processesWithVariable(marker, `${this.#stateFolder}:${id}`)
      : processesOfUsers(user, user)
  }

  /** What a service that was killed left running. */
  #sweep(): void {
    if (process.platform !== 'linux') return
    const { first, last } = this.#users.range
    const left =
      this.fileAccess === 'as-other'
        ? processesOfUsers(first, last)
        : processesWithVariable(marker, `${this.#stateFolder}:`, true)
    for (const pid of left) signal(pid, 'SIGKILL')
  }
}

class PlainProcess implements SandboxProcess, Watched {
  readonly id: string
  readonly tier = 'process'
  readonly stdout: Readable
  readonly stderr: Readable
  readonly telemetry: Readable
  readonly exited: Promise<ExitStatus>
  readonly #memoryBytes: number
  readonly #child: ChildProcess
  readonly #leftOver: () => number[]
  #ended = false
  #outOfMemory = false
  #peakBytes = 0
  frozen = false

  constructor(spec: SandboxSpec, child: ChildProcess, leftOver: () => number[]) {
    this.id = spec.id
    this.#memoryBytes = spec.memoryBytes
    this.#child = child
    this.#leftOver = leftOver
    this.stdout = child.stdout!
    this.stderr = child.stderr!
    this.telemetry = child.stdio[3] as Readable
    this.exited = this.#waitForEnd()
  }

  look(): void {
    if (this.#ended || this.#child.pid === undefined || process.platform !== 'linux') return
    const { peakBytes, isTooMuch } = judgeResidentMemory(processTree(this.#child.pid), this.#memoryBytes)
    this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
    if (!isTooMuch) return
    this.#outOfMemory = true
    this.kill()
  }

  freeze(): void {
    this.frozen = true
    this.#signalGroup('SIGSTOP')
  }

  thaw(): void {
    this.frozen = false
    this.#signalGroup('SIGCONT')
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#ended) return
    this.thaw()
    signal(this.#child.pid!, 'SIGTERM')
    const timer = setTimeout(() => this.kill(), graceMs)
    await this.exited
    clearTimeout(timer)
  }

  kill(): void {
    this.#signalGroup('SIGKILL')
  }

  peakMemoryBytes(): number {
    this.look()
    return this.#peakBytes
  }

  #signalGroup(name: NodeJS.Signals): void {
    if (!this.#ended && this.#child.pid !== undefined) signal(-this.#child.pid, name)
  }

  async #waitForEnd(): Promise<ExitStatus> {
    const status = await new Promise<{ code: number | null; name: NodeJS.Signals | null }>((resolve) => {
      this.#child.once('exit', (code, name) => resolve({ code, name }))
      this.#child.once('error', () => resolve({ code: 127, name: null }))
    })
    // The leader was reaped, but its group lives as long as it has members, and then its number is not given to others.
    if (this.#child.pid !== undefined) signal(-this.#child.pid, 'SIGKILL')
    this.#ended = true
    await killAll(this.#leftOver)
    await Promise.all([this.stdout, this.stderr, this.telemetry].map(streamEnd))
    return { code: status.code ?? undefined, signal: status.name ?? undefined, outOfMemory: this.#outOfMemory }
  }
}

const isInterpreter = (program: string): boolean => /^\/var\/lang\/bin\/python[\d.]*$/.test(program)
