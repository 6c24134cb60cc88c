import { close, closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { newSha256, type Digest } from '../base/digest.ts'
import { makeFolder } from '../base/make-folder.ts'
import { pieceBytes } from './digest-ring.ts'
import { DigestThread } from './digest-thread.ts'
import { outputNotWritable } from './errors.ts'
import { headerTarget, type HeaderTarget } from './headers.ts'

/** What is read ahead of small pieces, in bytes. */
export const windowBytes = 128 * 1024

/** A file in its place. Either of the two is to be called, once. */
export interface FinishedFile {
  readonly bytes: number
  /** Waits until everything is hashed. */
  digest(): Digest
  forget(): void
}

/**
 * A file that appears whole or not at all: written beside its place, hashed on the way, renamed at the end.
 * When it fails, is given up, or the process is interrupted, nothing is left.
 */
export class OutputFile {
  /** The bytes to fill; `used` of them are taken. */
  target: HeaderTarget
  used = 0
  /** Bytes written so far. */
  flushed = 0

  readonly #window = { file: '', start: 0, end: 0, bytes: Buffer.allocUnsafeSlow(windowBytes) }
  readonly #path: string
  readonly #temporary: string
  readonly #descriptor: number
  readonly #forget: () => void
  readonly #hash = newSha256()
  /** Hashes what was written, while the next piece is filled; without it that is done here, piece by piece. */
  #thread: DigestThread | undefined

  /** `expectedBytes` tells whether hashing is worth a thread of its own, `mayLag` that its result is not asked for at once. */
  constructor(path: string, expectedBytes = 0, mayLag = false) {
    this.#path = path
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`)
    try {
      makeFolder(dirname(path))
      this.#descriptor = openSync(this.#temporary, 'wx+')
    } catch (error) {
      throw notWritable(path, error)
    }
    this.#forget = removeOnInterrupt(this.#temporary)
    this.#thread = DigestThread.take(expectedBytes, this.#descriptor, mayLag)
    this.target = headerTarget(this.#thread?.buffer() ?? Buffer.allocUnsafeSlow(pieceBytes))
  }

  get buffer(): Buffer {
    return this.target.bytes
  }

  /** Position in the file of the next byte to be put into `buffer`. */
  get position(): number {
    return this.flushed + this.used
  }

  /** Hashes and writes the filled part. */
  flush(): void {
    const { buffer, used } = this
    const thread = this.#thread
    const isReadBack = thread?.isReadBack ?? false
    if (!thread) this.#hash.update(used === buffer.length ? buffer : buffer.subarray(0, used))
    else if (!isReadBack) thread.push(used)
    for (let done = 0; done < used;) done += writeSync(this.#descriptor, buffer, done, used - done, this.flushed + done)
    if (isReadBack) thread!.push(used)
    this.flushed += used
    this.used = 0
    if (thread) this.target = headerTarget(thread.buffer() ?? this.#withoutThread())
  }

  /** When the thread stopped answering: what was written is read back, and hashing goes on here. */
  #withoutThread(): Buffer {
    this.#thread = undefined
    const bytes = Buffer.allocUnsafeSlow(pieceBytes)
    for (let at = 0, got: number; (got = readSync(this.#descriptor, bytes, 0, pieceBytes, at)) > 0; at += got)
      this.#hash.update(bytes.subarray(0, got))
    return bytes
  }

  #digest(): Digest {
    const digest = this.#thread?.digest()
    if (this.#thread && digest === undefined) this.#withoutThread()
    this.#thread?.release(true)
    this.#thread = undefined
    return digest ?? this.#hash.digest('hex')
  }

  /** Copies bytes of any length. */
  put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.used === this.buffer.length) this.flush()
      const length = Math.min(bytes.length - at, this.buffer.length - this.used)
      this.buffer.set(bytes.subarray(at, at + length), this.used)
      this.used += length
      at += length
    }
  }

  /** Reads `length` bytes of another file into the buffer, which has room for them; false when that file ends before. */
  fill(descriptor: number, from: number, length: number): boolean {
    const end = from + length
    for (let at = from; at < end;) {
      const got = readSync(descriptor, this.buffer, this.used, end - at, at)
      if (got === 0) return false
      this.used += got
      at += got
    }
    return true
  }

  /** Copies `length` bytes of another file, starting at `from`; false when that file ends before. */
  copyFrom(descriptor: number, from: number, length: number): boolean {
    for (let done = 0; done < length;) {
      if (this.used === this.buffer.length) this.flush()
      const piece = Math.min(length - done, this.buffer.length - this.used)
      const got = readSync(descriptor, this.buffer, this.used, piece, from + done)
      if (got === 0) return false
      this.used += got
      done += got
    }
    return true
  }

  /**
   * As `copyFrom`, for pieces far smaller than the window: what lies between here and `end()` is read at once and kept for the
   * next calls.
   */
  copySmall(file: string, descriptor: number, from: number, length: number, end: () => number): boolean {
    const window = this.#window
    if (file !== window.file || from < window.start || from + length > window.end) {
      // By name: a descriptor's number is given out again once it is closed.
      window.file = file
      window.start = from
      window.end = from + readSync(descriptor, window.bytes, 0, Math.min(end() - from, windowBytes), from)
      if (from + length > window.end) return this.copyFrom(descriptor, from, length)
    }
    if (this.used + length > this.buffer.length) this.flush()
    window.bytes.copy(this.buffer, this.used, from - window.start, from - window.start + length)
    this.used += length
    return true
  }

  /** Puts the file in its place. `durable` also waits until the disk has it. Its digest may be asked for later; `forget` if it never is. */
  finish(options: { readonly durable?: boolean | undefined } = {}): FinishedFile {
    this.flush()
    if (options.durable) fsyncSync(this.#descriptor)
    replace(this.#temporary, this.#path)
    this.#forget()
    const forget = (): void => {
      this.#thread?.release(false)
      closeSync(this.#descriptor)
    }
    const digest = (): Digest => {
      const value = this.#digest()
      closeSync(this.#descriptor)
      return value
    }
    return { bytes: this.flushed, digest, forget }
  }

  /** Removes what was written; returns the error to throw: `outputNotWritable` when the disk was the reason. */
  giveUp(error: unknown): unknown {
    closeSync(this.#descriptor)
    this.#thread?.release(false)
    rmSync(this.#temporary, { force: true })
    this.#forget()
    const code = (error as NodeJS.ErrnoException).code ?? ''
    return ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EROFS', 'EISDIR', 'ENOTEMPTY', 'EXDEV'].includes(code)
      ? notWritable(this.#path, error)
      : error
  }
}

/**
 * Renames over what was there. Freeing the blocks of a replaced 90 MB file takes longer than hashing it; holding the old file open
 * moves that work to the closing, which happens on a thread of the pool.
 */
function replace(temporary: string, path: string): void {
  let old: number | undefined
  try {
    old = openSync(path, 'r')
  } catch {
    // Nothing was there, or nothing that we may read: then the rename does the freeing.
  }
  try {
    renameSync(temporary, path)
  } finally {
    if (old !== undefined) close(old, () => undefined)
  }
}

function notWritable(path: string, error: unknown): Error {
  const { code = '', message } = error as NodeJS.ErrnoException
  const words = inWords[code]
  return outputNotWritable({ path, because: words === undefined ? message : `${words} (${code})` }, { cause: error })
}

/** What the operating system's codes mean; its own sentence would name the temporary file. */
const inWords: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota on that disk is used up',
  EFBIG: 'the file system takes no file of that size',
  EIO: 'the disk failed',
  EROFS: 'the file system is read-only',
  EACCES: 'permission was denied',
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
