/**
 * The service's side of a zygote (runtime/isolation/zygote.py): starts it, keeps the conversation of lines on its descriptor 3, and knows which folders
 * with named pipes it has made ready. It knows nothing of limits or of what runs in there.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BridgePort } from './bridge.ts'
import { launchFailed } from './errors.ts'
import type { SandboxSpec } from './sandbox.ts'

/** What no function sees of our Python: it is beside `runtime/python/`, which functions see as /var/runtime. */
const guestFolder = fileURLToPath(new URL('../../runtime/isolation', import.meta.url))

export interface ZygoteSettings {
  readonly tier: 'root' | 'userns'
  /** Folder of this zygote's own: the mount point of its root and its named pipes. */
  readonly folder: string
  /** What functions see at /var/lang. */
  readonly interpreter: SandboxSpec['interpreter']
  /** What the zygote itself runs on: the same, unless that one is older than 3.8 or has no ctypes. */
  readonly launcher: SandboxSpec['interpreter']
  /** Host folder with `bootstrap.py`, seen at /var/runtime; without it the zygote only executes. */
  readonly runtimeFolder: string | undefined
  /** Variables that the warm interpreter was started with, because the loader and the interpreter read them only then. */
  readonly environment: Readonly<Record<string, string>>
  /** Ids of /etc/subuid and /etc/subgid, when they can be used. */
  readonly subordinate: { readonly uids: IdRange; readonly gids: IdRange } | undefined
}

export interface IdRange {
  readonly first: number
  readonly count: number
}

/** What the zygote says of an environment. */
export type ZygoteEvent =
  /** `pid` is process 1 of its process namespace, `program` the function's. */
  | { readonly event: 'started'; readonly pid: number; readonly program: number }
  | { readonly event: 'failed'; readonly because: string }
  | { readonly event: 'exited'; readonly status: number }
  | { readonly event: 'released' }

export class Zygote {
  /** Whether it has the bootstrap imported, and is the interpreter that functions declared. */
  readonly isWarm: boolean
  /** Resolves when it can fork; rejects with what kept it from it. */
  readonly ready: Promise<void>
  /** Resolves when its process is gone, and with it every environment of it. */
  readonly ended: Promise<void>
  isEnded = false
  readonly #version: string
  readonly #child: ChildProcess
  readonly #control: Duplex
  readonly #listeners = new Map<string, (event: ZygoteEvent) => void>()
  readonly #slots: string[] = []
  readonly #waitingForSlot: { readonly give: (folder: string) => void; readonly refuse: (error: Error) => void }[] = []
  #received = ''
  #errors = ''
  #onReady: () => void = () => {}
  #onBroken: (because: string) => void = () => {}

  constructor(settings: ZygoteSettings) {
    this.#version = settings.interpreter.version
    this.isWarm = settings.runtimeFolder !== undefined && settings.launcher.prefix === settings.interpreter.prefix
    const root = join(settings.folder, 'root')
    const slotFolder = join(settings.folder, 'slots')
    for (const folder of [root, slotFolder]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve
      this.#onBroken = (because) => reject(launchFailed({ id: `python${this.#version}`, because }))
    })
    this.ready.catch(() => {})
    // The launcher is run isolated from the host's variables and site-packages; what it becomes gets the settings' environment.
    this.#child = spawn(settings.launcher.executable, ['-I', '-S', join(guestFolder, 'launcher.py')], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.#control = this.#child.stdio[3] as Duplex
    this.#control.on('error', () => {})
    this.#control.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000)
    })
    this.ended = new Promise((resolve) => {
      const end = (because: string): void => {
        this.isEnded = true
        this.#onBroken(this.#errors.trim().split('\n').at(-1) || because)
        for (const listener of this.#listeners.values()) listener({ event: 'released' })
        this.#listeners.clear()
        for (const { refuse } of this.#waitingForSlot.splice(0)) refuse(this.#hasEnded())
        resolve()
      }
      this.#child.once('exit', (code, signal) => end(`the warm interpreter ended (${signal ?? code})`))
      this.#child.once('error', (error) => end(error.message))
    })
    this.#send({ ...settings, runtimeFolder: settings.runtimeFolder ?? null, root, slotFolder, guestFolder })
  }

  get processId(): number | undefined {
    return this.#child.pid
  }

  /** A folder with named pipes that nobody uses: `stdout`, `stderr`, `telemetry`, `spec`. The taker removes it. Rejects once the zygote has ended. */
  takeSlot(): Promise<string> {
    if (this.isEnded) return Promise.reject(this.#hasEnded())
    const folder = this.#slots.shift()
    if (folder !== undefined) return Promise.resolve(folder)
    return new Promise((give, refuse) => {
      this.#waitingForSlot.push({ give, refuse })
    })
  }

  listen(id: string, listener: (event: ZygoteEvent) => void): void {
    this.#listeners.set(id, listener)
  }

  /** Makes an environment ready for whichever function will need it. */
  prepare(order: {
    readonly id: string
    readonly folder: string
    readonly network: string
    readonly port: BridgePort | undefined
    readonly groups: readonly string[]
    readonly unified: string | undefined
    readonly user: number
    readonly canSetGroups: boolean
    readonly userProcesses: number
  }): void {
    this.#send({ do: 'prepare', ...order, port: order.port ?? null, unified: order.unified ?? null })
  }

  /** Gives an environment that was made ready to a function; what it is to run is written to the named pipe `spec`, which the zygote cannot read. */
  use(
    id: string,
    order: Pick<SandboxSpec, 'apiSocket' | 'binds' | 'temporaryBytes'> & { readonly relays: readonly object[] },
  ): void {
    this.#send({ do: 'use', id, ...order })
  }

  /** Starts another process in an environment whose last one has ended. */
  again(id: string, order: { readonly folder: string; readonly apiSocket: string }): void {
    this.#send({ do: 'again', id, ...order })
  }

  tell(id: string, action: 'terminate' | 'kill' | 'freeze' | 'thaw' | 'release'): void {
    this.#send({ do: action, id })
  }

  /** Ends it and every environment of it. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
    this.#control.destroy()
  }

  #send(message: object): void {
    if (this.#control.writable) this.#control.write(`${JSON.stringify(message)}\n`)
  }

  #hear(text: string): void {
    const lines = (this.#received + text).split('\n')
    this.#received = lines.pop()!
    for (const line of lines) {
      const message = JSON.parse(line) as {
        event: string
        id?: string
        slot?: string
        slots?: string[]
        because?: string
      }
      if (message.event === 'ready') {
        for (const slot of message.slots!) this.#addSlot(slot)
        this.#onReady()
      } else if (message.event === 'slot') this.#addSlot(message.slot!)
      else if (message.event === 'broken') this.#onBroken(message.because!)
      else if (message.id !== undefined) {
        this.#listeners.get(message.id)?.(message as unknown as ZygoteEvent)
        if (message.event === 'released') this.#listeners.delete(message.id)
      }
    }
  }

  #addSlot(folder: string): void {
    const waiting = this.#waitingForSlot.shift()
    if (waiting) waiting.give(folder)
    else this.#slots.push(folder)
  }

  #hasEnded(): Error {
    return launchFailed({ id: `python${this.#version}`, because: 'its warm interpreter has ended' })
  }
}
