/** One process of an environment in namespaces: its pipes, its end, its memory. */
import type { Readable } from 'node:stream'
import { mebibyte } from '../base/byte-size.ts'
import type { ControlGroup } from './cgroups.ts'
import { exitStatus, streamEnd } from './exit-status.ts'
import { judgeResidentMemory, type Watched } from './memory-watch.ts'
import type { ExitStatus, SandboxProcess, SandboxSpec } from './sandbox.ts'

/** Lambda counts neither its runtime's own overhead nor what the kernel takes for a process against the configured memory. */
export const allowanceBytes = 16 * mebibyte

/** How far the kernel's limit stands above the watched one, so that a burst into /tmp is not taken for memory before it is seen. */
export const slackBytes = 32 * mebibyte

/** What a process needs of the environment it runs in. */
export interface Surroundings {
  readonly tier: 'root' | 'userns'
  readonly group: ControlGroup
  /** The program and what it started, by their ids on the host. */
  processIds(): readonly number[]
  /** What lies in /tmp, in bytes; `undefined` when there is no process to see it from. */
  temporaryUse(): number | undefined
  tell(action: 'terminate' | 'kill' | 'freeze' | 'thaw'): void
  /** Ends the whole namespace, without asking the zygote. */
  killAll(): void
  ended(): void
}

export class NamespaceProcess implements SandboxProcess, Watched {
  readonly id: string
  readonly tier: 'root' | 'userns'
  readonly stdout: Readable
  readonly stderr: Readable
  readonly telemetry: Readable
  readonly exited: Promise<ExitStatus>
  readonly #environment: Surroundings
  readonly #memoryBytes: number
  readonly #temporaryBytes: number
  #finish: (status: number) => void = () => {}
  #isFinished = false
  #outOfMemory = false
  #peakBytes = 0
  #raisedTo = 0
  frozen = false

  constructor(environment: Surroundings, spec: SandboxSpec, streams: readonly Readable[]) {
    this.#environment = environment
    this.id = spec.id
    this.tier = environment.tier
    this.#memoryBytes = spec.memoryBytes
    this.#temporaryBytes = spec.temporaryBytes
    ;[this.stdout, this.stderr, this.telemetry] = streams as [Readable, Readable, Readable]
    const status = new Promise<number>((resolve) => {
      this.#finish = resolve
    })
    this.exited = status.then(async (wait) => {
      this.#isFinished = true
      const outOfMemory = this.#outOfMemory || ((wait & 0x7f) === 9 && environment.group.outOfMemory)
      await Promise.all(streams.map(streamEnd))
      environment.ended()
      return exitStatus(wait, outOfMemory)
    })
  }

  /** Told once by the zygote; told again, with a made-up status, when it is gone. */
  finish(status: number): void {
    this.#finish(status)
  }

  look(): void {
    if (this.#isFinished) return
    const { group } = this.#environment
    if (!group.watchesMemory) {
      const { peakBytes, isTooMuch } = judgeResidentMemory(
        this.#environment.processIds(),
        this.#memoryBytes + allowanceBytes,
      )
      this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
      if (isTooMuch) this.#exceed()
      return
    }
    const { used, inTemporary } = this.#memoryUse()
    this.#peakBytes = Math.max(this.#peakBytes, used)
    if (used > this.#memoryBytes + allowanceBytes) return this.#exceed()
    this.#makeRoomFor(inTemporary)
  }

  freeze(): void {
    if (this.frozen) return
    this.frozen = true
    if (this.#environment.group.canFreeze) this.#environment.group.freeze()
    else this.#environment.tell('freeze')
  }

  thaw(): void {
    if (!this.frozen) return
    this.frozen = false
    if (this.#environment.group.canFreeze) this.#environment.group.thaw()
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
    const timer = setTimeout(() => this.#environment.killAll(), 2000).unref()
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

  /**
   * Files in /tmp are not memory, as on Lambda; what else the kernel keeps like files is: memfd, shared mappings, System V segments. The kernel counts
   * all of them as one number, the file system knows its own.
   */
  #memoryUse(): { readonly used: number; readonly inTemporary: number } {
    const before = this.#environment.temporaryUse()
    const { own, files } = this.#environment.group.memoryUse()
    let inTemporary = Math.min(files, before ?? files)
    // Files may have come between the two readings, as many as make the difference between life and death.
    if (own + files - inTemporary > this.#memoryBytes + allowanceBytes) {
      inTemporary = Math.min(files, Math.max(before ?? files, this.#environment.temporaryUse() ?? files))
    }
    return { used: own + files - inTemporary, inTemporary }
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
    this.#environment.group.setMemory(this.#memoryBytes + allowanceBytes + slackBytes + wanted)
  }
}
