/**
 * The copies of the AWS SDK that runtimes have of their own: each built once by our own packager, into the data folder.
 *
 * A copy needs the package index once. Its folder is there before it, for environments that start meanwhile (invoker/runtime-sdk.ts). Without a copy functions
 * run too, only without boto3; an environment that starts later asks for it again.
 */
import { statSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sdkDependencies, sdkModules } from '../audit/runtime-modules.ts'
import { sha256 } from '../base/digest.ts'
import type { Log } from '../base/log.ts'
import { isProcessAlive } from '../base/process-alive.ts'
import { runInWorker } from '../base/worker-task.ts'
import type { RuntimeSdk } from '../invoker/runtime-sdk.ts'
import { hostArchitecture, type Architecture } from '../lambda/architecture.ts'
import { unzippedSizeLimit } from '../lambda/quotas.ts'
import { sdkPins } from '../packager/sdk-copy.ts'

/** How long after a failure it is not tried again, in milliseconds. */
const pauseMs = 60_000

/** How long a copy may take, in milliseconds: an index that gives a byte now and then must not keep functions waiting for ever. */
const limitMs = 600_000

/** In the folder once it is decided: empty when the copy is whole, else the reason why there is none. The guest looks for it (late_sdk.py). */
const settledName = '.zipyard-sdk'

/** What the thread is told that builds a copy and unpacks it. */
export interface SdkCopyTask {
  readonly runtimeId: string
  readonly architecture: Architecture
  /** The archive to write, and the folder to unpack it into. */
  readonly out: string
  readonly into: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly limitBytes: number
}

export class SdkCopies {
  readonly #folder: string
  readonly #variables: Readonly<Record<string, string | undefined>>
  readonly #log: Log
  readonly #copies = new Map<string, SdkCopy>()
  readonly #stopping = new AbortController()

  constructor(dataFolder: string, variables: Readonly<Record<string, string | undefined>>, log: Log) {
    this.#folder = join(dataFolder, 'sdk')
    this.#variables = variables
    this.#log = log
  }

  /** The runtime's copy, with a folder that is there; it may still have to be made. `undefined` when there is none for the runtime, or no folder can be. */
  async open(runtimeId: string): Promise<RuntimeSdk | undefined> {
    const pins = sdkPins[runtimeId]
    if (!pins) return undefined
    const folder = join(this.#folder, `${runtimeId}-${sha256(pins.join('\n')).slice(0, 12)}`)
    let copy = this.#copies.get(runtimeId)
    if (!copy) {
      copy = new SdkCopy({ runtimeId, folder, variables: this.#variables, log: this.#log, signal: this.#stopping.signal }) // prettier-ignore
      this.#copies.set(runtimeId, copy)
    }
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o711 })
      await mkdir(folder, { recursive: true })
      // Whatever this process keeps from others otherwise.
      await chmod(folder, 0o755)
      return copy
    } catch (error) {
      this.#log.warn('functions run without boto3: there can be no folder for its copy', { runtime: runtimeId, because: String(error) }) // prettier-ignore
      return undefined
    }
  }

  /** The folder with the runtime's boto3, once it is there; `undefined` when there is none for it, or it cannot be had now. */
  async folderFor(runtimeId: string): Promise<string | undefined> {
    const copy = await this.open(runtimeId)
    return copy && (await copy.made()) ? copy.folder : undefined
  }

  /** Ends what is being built; when it resolves, nothing is written any more and nothing half done is left. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the service stops'))
    await Promise.all([...this.#copies.values()].map((copy) => copy.making))
  }
}

interface SdkCopyOptions {
  readonly runtimeId: string
  readonly folder: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly signal: AbortSignal
}

class SdkCopy implements RuntimeSdk {
  readonly folder: string
  readonly modules = [...sdkModules, ...sdkDependencies]
  readonly #options: SdkCopyOptions
  #isWhole = false
  #making: Promise<boolean> | undefined
  #failedAt = Number.NEGATIVE_INFINITY

  constructor(options: SdkCopyOptions) {
    this.folder = options.folder
    this.#options = options
  }

  /** Another process with this data folder (`zipyard check --import`) may have made it, too. */
  get isWhole(): boolean {
    this.#isWhole ||= statSync(join(this.folder, settledName), { throwIfNoEntry: false })?.size === 0
    return this.#isWhole
  }

  get making(): Promise<boolean> | undefined {
    return this.#making
  }

  made(): Promise<boolean> {
    if (this.isWhole) return Promise.resolve(true)
    if (this.#making) return this.#making
    if (this.#options.signal.aborted || performance.now() - this.#failedAt < pauseMs) return Promise.resolve(false)
    this.#making = this.#make().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #make(): Promise<boolean> {
    const { runtimeId, variables, log, signal } = this.#options
    const temporary = join(this.folder, '..', `tmp-${runtimeId}-${process.pid}`)
    const archive = `${temporary}.zip`
    try {
      // What was said of the last time.
      await rm(join(this.folder, settledName), { force: true })
      await removeLeftovers(join(this.folder, '..'))
      // In a container a service may get the number of the one before it.
      for (const left of [archive, temporary]) await rm(left, { recursive: true, force: true })
      log.info('building the copy of the AWS SDK', { runtime: runtimeId })
      // In a thread: invocations are answered meanwhile, and afterwards no packager stays in memory.
      await runInWorker<SdkCopyTask, void>(
        import.meta.url,
        './sdk-copy-worker',
        {
          runtimeId,
          architecture: hostArchitecture() ?? 'x86_64',
          out: archive,
          environment: { ...variables },
          into: temporary,
          limitBytes: unzippedSizeLimit,
        },
        AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
      )
      await moveInto(this.folder, temporary)
      await this.#settle('', temporary)
      return true
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error)
      this.#failedAt = performance.now()
      if (this.isWhole) return true
      if (signal.aborted) return false
      log.warn('functions run without boto3: its copy could not be built', { runtime: runtimeId, because })
      // A full disk may refuse it: then who waits has the time that Init or the invocation has left.
      await this.#settle(`the service could not build its copy of the AWS SDK: ${because}`, temporary).catch(() => undefined) // prettier-ignore
      return false
    } finally {
      for (const left of [archive, temporary]) await rm(left, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  /** Never seen half written. */
  async #settle(text: string, temporary: string): Promise<void> {
    const written = `${temporary}.settled`
    await writeFile(written, text)
    await chmod(written, 0o644)
    await rename(written, join(this.folder, settledName))
  }
}

/**
 * Moves what a folder holds, each of it whole. What is there already was moved by another process, or by one that was killed: pins with digests give the
 * same bytes to everyone.
 */
async function moveInto(folder: string, from: string): Promise<void> {
  for (const name of await readdir(from)) {
    await rename(join(from, name), join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  }
}

/** What was half done by a process that was killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const processId = Number(/^tmp-.*-(\d+)(?:\.zip|\.settled)?$/.exec(name)?.[1] ?? process.pid)
    if (!isProcessAlive(processId)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
