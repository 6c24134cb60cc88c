/**
 * The copy of the AWS SDK that every runtime has of its own: built once per runtime by our own packager, unpacked into the data folder.
 *
 * It needs the package index once. Without it functions run too, only without boto3; the next environment asks again.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../base/digest.ts'
import type { Log } from '../base/log.ts'
import { isProcessAlive } from '../base/process-alive.ts'
import { runInWorker } from '../base/worker-task.ts'
import { hostArchitecture, type Architecture } from '../lambda/architecture.ts'
import { unzippedSizeLimit } from '../lambda/quotas.ts'
import { sdkPins } from '../packager/sdk-copy.ts'

/** How long after a failure it is not tried again, in milliseconds. */
const pauseMs = 60_000

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
  readonly #making = new Map<string, Promise<string | undefined>>()
  readonly #stopping = new AbortController()

  constructor(dataFolder: string, variables: Readonly<Record<string, string | undefined>>, log: Log) {
    this.#folder = join(dataFolder, 'sdk')
    this.#variables = variables
    this.#log = log
  }

  /** The folder with the runtime's boto3; `undefined` when there is none for it, or it cannot be had now. */
  folderFor(runtimeId: string): Promise<string | undefined> {
    const pins = sdkPins[runtimeId]
    if (!pins) return Promise.resolve(undefined)
    const folder = join(this.#folder, `${runtimeId}-${sha256(pins.join('\n')).slice(0, 12)}`)
    if (existsSync(folder)) return Promise.resolve(folder)
    const making = this.#making.get(runtimeId)
    if (making) return making
    const made = this.#make(runtimeId, folder)
    this.#making.set(runtimeId, made)
    void made.then((path) => {
      if (path !== undefined) this.#making.delete(runtimeId)
      else setTimeout(() => this.#making.delete(runtimeId), pauseMs).unref()
    })
    return made
  }

  /** Ends what is being built; when it resolves, nothing is written any more and nothing half done is left. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#making.values())
  }

  async #make(runtimeId: string, folder: string): Promise<string | undefined> {
    const temporary = join(this.#folder, `tmp-${runtimeId}-${process.pid}`)
    const archive = `${temporary}.zip`
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o711 })
      await this.#removeLeftovers()
      this.#log.info('building the copy of the AWS SDK', { runtime: runtimeId })
      // In a thread: invocations of other runtimes are answered meanwhile, and afterwards no packager stays in memory.
      const task = {
        runtimeId,
        architecture: hostArchitecture() ?? 'x86_64',
        out: archive,
        environment: { ...this.#variables },
        into: temporary,
        limitBytes: unzippedSizeLimit,
      }
      await runInWorker<SdkCopyTask, void>(import.meta.url, './sdk-copy-worker', task, this.#stopping.signal)
      await rename(temporary, folder)
      return folder
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined
      this.#log.warn('functions run without boto3: its copy could not be built', {
        runtime: runtimeId,
        because: error instanceof Error ? error.message : String(error),
      })
      return undefined
    } finally {
      await rm(archive, { force: true })
      await rm(temporary, { recursive: true, force: true })
    }
  }
  /** What was half done by a process that was killed. */
  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const processId = Number(/^tmp-.*-(\d+)(?:\.zip)?$/.exec(name)?.[1] ?? process.pid)
      if (!isProcessAlive(processId)) await rm(join(this.#folder, name), { recursive: true, force: true })
    }
  }
}
