/** An execution environment in namespaces, from being made ready ahead to being released; one process after another may run in it. */
import { statfsSync } from 'node:fs'
import { release } from 'node:os'
import type { BridgePort } from './bridge.ts'
import type { ControlGroup } from './cgroups.ts'
import { launchFailed } from './errors.ts'
import type { MemoryWatch } from './memory-watch.ts'
import { closePipes, openPipes, writeAll, type Pipes } from './named-pipes.ts'
import { allowanceBytes, NamespaceProcess, slackBytes, type Surroundings } from './namespace-process.ts'
import { processTree, signal, startOf } from './process-tree.ts'
import type { NetworkMode, SandboxProcess, SandboxSpec } from './sandbox.ts'
import { warmEnvironment } from './warm-environment.ts'
import { mayFork } from './zygote-rule.ts'
import type { Zygote, ZygoteEvent } from './zygote.ts'

/** Where Lambda's runtimes find the Runtime API. */
export const relayAddress = '169.254.100.1'

/** Processes and threads of one user, as a Lambda environment shows them. */
const processesOfUser = 742

export interface EnvironmentParts {
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

/** Namespaces, groups and a user, made ready for one function, and used by one process of it after another. */
export class NamespaceEnvironment implements Surroundings {
  readonly parts: EnvironmentParts
  #pipes: Pipes | undefined
  #running: NamespaceProcess | undefined
  #first: { readonly pid: number; readonly startedAt: string | undefined } | undefined
  #program: number | undefined
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

  get tier(): 'root' | 'userns' {
    return this.parts.tier
  }

  get group(): ControlGroup {
    return this.parts.group
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
      const written = writeAll(pipes.spec, `${JSON.stringify(this.#guestSpec(spec))}\n`)
      if (this.#isUsed) zygote.again(name, { folder: pipes.folder, apiSocket: spec.apiSocket })
      else {
        group.limit({
          memoryBytes: spec.memoryBytes + allowanceBytes + slackBytes,
          processes: spec.processes,
          cpuShare: spec.cpuShare,
        })
        const { apiSocket, binds, temporaryBytes } = spec
        const wanted = this.parts.network === 'host' ? [] : (spec.relays ?? [])
        const relays = wanted.map((relay) => ({ address: relayAddress, ...relay }))
        zygote.use(name, { apiSocket, binds, temporaryBytes, relays })
      }
      this.#isUsed = true
      await written
      const event = await answer
      if (event.event !== 'started') {
        const because = (event.event === 'failed' && event.because) || (this.#failure ?? 'the warm interpreter ended')
        throw launchFailed({ id: spec.id, because })
      }
      this.#first = { pid: event.pid, startedAt: startOf(event.pid) }
      this.#program = event.program
    } catch (error) {
      for (const stream of pipes.streams) stream.destroy()
      // Who releases this environment meanwhile waits for the end of a process that never began.
      process.finish(9)
      await process.exited
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
    if (this.#first === undefined || this.#program === undefined) return []
    // Those whose parents have gone are children of process 1.
    return [...processTree(this.#program), ...processTree(this.#first.pid).slice(1)]
  }

  temporaryUse(): number | undefined {
    if (this.#program === undefined) return undefined
    try {
      const { blocks, bfree, bsize } = statfsSync(`/proc/${this.#program}/root/tmp`)
      return (blocks - bfree) * bsize
    } catch {
      return undefined // It has just ended.
    }
  }

  tell(action: 'terminate' | 'kill' | 'freeze' | 'thaw'): void {
    if (!this.isGone) this.parts.zygote.tell(this.parts.name, action)
  }

  /** The whole namespace, without asking the zygote. */
  killAll(): void {
    const first = this.#first
    // Its parent alone knows when a number is free again. One that was given to somebody else meanwhile has another time of start.
    if (!this.isGone && first && startOf(first.pid) === first.startedAt) signal(first.pid, 'SIGKILL')
  }

  ended(): void {
    this.#running = undefined
    this.#first = undefined
    this.#program = undefined
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
      workingDirectory: spec.workingDirectory,
      argv: spec.argv,
      environment: spec.environment,
      zygote: this.parts.zygote.isWarm && mayFork(spec, warmEnvironment),
    }
  }
}

/** Since Linux 5.14 the limit of a user's processes is counted per user namespace; before, one environment would count the service's too. */
export const countsProcessesPerNamespace = ((): boolean => {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14)
})()

/** The kernel may still be taking the last process apart. */
async function removeGroup(group: ControlGroup): Promise<void> {
  for (let attempt = 0; attempt < 100 && !group.remove(); attempt += 1)
    await new Promise((resolve) => setTimeout(resolve, 2))
}
