import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, write } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { newSha256, type Digest } from '../base/digest.ts'
import { outputNotWritable } from './errors.ts'

/** Two buffers of this size alternate: one is filled and hashed while the other is on its way to the disk. */
const bufferBytes = 2 * 1024 * 1024

/**
 * A file that appears whole or not at all: written beside its place, hashed on the way, renamed at the end.
 * When it fails, is given up, or the process is interrupted, nothing is left.
 */
export class OutputFile {
  /** The buffer to fill; `used` bytes of it are taken. Both change at `flush`. */
  buffer: Buffer
  used = 0
  /** Bytes handed over by `flush` so far. */
  flushed = 0

  readonly #path: string
  readonly #temporary: string
  readonly #descriptor: number
  readonly #hash = newSha256()
  readonly #forget: () => void
  #spare: Buffer
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, bytes = bufferBytes) {
    this.#path = path
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`)
    try {
      mkdirSync(dirname(path), { recursive: true })
      this.#descriptor = openSync(this.#temporary, 'wx')
    } catch (error) {
      throw notWritable(path, error)
    }
    this.#forget = removeOnInterrupt(this.#temporary)
    this.buffer = Buffer.allocUnsafeSlow(bytes)
    this.#spare = Buffer.allocUnsafeSlow(bytes)
  }

  /** Position in the file of the next byte to be put into `buffer`. */
  get position(): number {
    return this.flushed + this.used
  }

  /** Sends the filled part off and continues with the other buffer. */
  async flush(): Promise<void> {
    if (this.used === 0) return
    const full = this.buffer
    const length = this.used
    await this.#writing
    this.#writing = writeFully(this.#descriptor, full, length, this.flushed)
    // Handled when it is awaited; a rejection in between must not end the process.
    this.#writing.catch(() => undefined)
    this.#hash.update(full.subarray(0, length))
    this.flushed += length
    this.buffer = this.#spare
    this.#spare = full
    this.used = 0
  }

  /** Copies bytes of any length. */
  async put(bytes: Uint8Array): Promise<void> {
    let at = 0
    while (at < bytes.length) {
      if (this.used === this.buffer.length) await this.flush()
      const length = Math.min(bytes.length - at, this.buffer.length - this.used)
      this.buffer.set(at === 0 && length === bytes.length ? bytes : bytes.subarray(at, at + length), this.used)
      this.used += length
      at += length
    }
  }

  /** Puts the file in its place. `durable` also waits until the disk has it. */
  async finish(
    options: { readonly durable?: boolean | undefined } = {},
  ): Promise<{ readonly bytes: number; readonly digest: Digest }> {
    await this.flush()
    await this.#writing
    if (options.durable) fsyncSync(this.#descriptor)
    closeSync(this.#descriptor)
    renameSync(this.#temporary, this.#path)
    this.#forget()
    return { bytes: this.flushed, digest: this.#hash.digest('hex') }
  }

  /** Removes what was written; returns the error to throw: `outputNotWritable` when the disk was the reason. */
  async giveUp(error: unknown): Promise<unknown> {
    await this.#writing.catch(() => undefined)
    try {
      closeSync(this.#descriptor)
    } catch {
      // already closed by `finish`
    }
    rmSync(this.#temporary, { force: true })
    this.#forget()
    const code = (error as NodeJS.ErrnoException).code ?? ''
    return ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EROFS', 'EISDIR', 'ENOTEMPTY', 'EXDEV'].includes(code)
      ? notWritable(this.#path, error)
      : error
  }
}

function notWritable(path: string, error: unknown): Error {
  return outputNotWritable({ path, because: (error as Error).message }, { cause: error })
}

function writeFully(descriptor: number, buffer: Buffer, length: number, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (done: number): void => {
      write(descriptor, buffer, done, length - done, position + done, (error, written) => {
        if (error) reject(error)
        else if (done + written === length) resolve()
        else next(done + written)
      })
    }
    next(0)
  })
}

/** Removes the file when the process is interrupted or exits meanwhile; returns the function that ends the watch. */
function removeOnInterrupt(path: string): () => void {
  const remove = (): void => rmSync(path, { force: true })
  process.on('exit', remove)
  const signals = isMainThread ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : []
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      remove()
      // Listening took away the signal's effect; when nobody else handles it, give it back.
      if (process.listenerCount(signal) === 1) {
        process.removeListener(signal, listener)
        process.kill(process.pid, signal)
      }
    }
    process.on(signal, listener)
    return { signal, listener }
  })
  return () => {
    process.removeListener('exit', remove)
    for (const { signal, listener } of listeners) process.removeListener(signal, listener)
  }
}
