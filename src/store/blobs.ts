/**
 * Blobs: bytes under the name of their own SHA-256, so equal bytes are kept once and a name never means anything else.
 *
 * A blob is there after a power cut once `put` has resolved: written to a temporary file, synced, renamed, its folder synced.
 * Nothing that a client sends ever becomes part of a path.
 */
import { open, readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { Digest } from '../base/digest.ts'
import { mebibyte } from '../base/byte-size.ts'
import { isFull } from './database.ts'
import { blobMismatch, blobMissing, storeFull } from './errors.ts'
import { realFiles, type DurableFile, type DurableFiles } from './files.ts'
import type { HashAlgorithm } from './hash-algorithms.ts'
import { digestSmall, Hashing, inlineLimit, type Digests, type HashSession } from './hashing.ts'

export interface Blob {
  readonly digest: Digest
  readonly bytes: number
}

/** What can be stored: whole, or piece by piece. */
export type Body = Readable | Uint8Array | AsyncIterable<Uint8Array>

export interface PutOptions {
  /** What the body must turn out to be; else nothing is stored and `blobMismatch` is thrown. */
  readonly expected?: { readonly digest?: Digest | undefined; readonly bytes?: number | undefined } | undefined
  /** More digests to compute in the same pass. */
  readonly also?: readonly HashAlgorithm[] | undefined
  /** Called with all digests, and awaited, before the blob becomes visible; what it throws makes the put leave nothing behind. */
  readonly check?: ((result: StoredBlob) => void | Promise<void>) | undefined
}

export interface StoredBlob extends Blob {
  /** Hexadecimal: `sha256` and those asked for with `also`. */
  readonly digests: Digests
}

/** How long a blob without an owner is kept, in milliseconds: longer than any request takes from `put` to its commit. */
export const ownerlessGraceMs = 60 * 60 * 1000

const chunkBytes = mebibyte

/** After how many bytes the disk is set to work while more of the body arrives: else a large body would end with a long sync. */
const writeBackBytes = 8 * mebibyte

export class Blobs {
  readonly #folder: string
  readonly #files: DurableFiles
  readonly #clock: Clock
  readonly #hashing = new Hashing()
  readonly #knownFolders = new Set<string>()
  /** Per digest, the last of the steps that make or remove its file; they follow each other. */
  readonly #steps = new Map<Digest, Promise<unknown>>()
  #temporaries = 0

  private constructor(folder: string, files: DurableFiles, clock: Clock) {
    this.#folder = folder
    this.#files = files
    this.#clock = clock
  }

  /** Opens `FOLDER/blobs` and removes what uploads that were cut off left there. The caller holds the catalog's lock. */
  static async open(options: {
    readonly folder: string
    readonly clock: Clock
    readonly files?: DurableFiles | undefined
  }): Promise<Blobs> {
    const blobs = new Blobs(join(options.folder, 'blobs'), options.files ?? realFiles, options.clock)
    await blobs.#makeFolder(blobs.#temporaryFolder, [options.folder, blobs.#folder])
    for (const name of await readdir(blobs.#temporaryFolder))
      await blobs.#files.remove(join(blobs.#temporaryFolder, name))
    return blobs
  }

  /**
   * Stores a body. Memory does not grow with its size. A stream that is not read to its end is destroyed; of any other iteration, a piece
   * is read when the next one is asked for.
   *
   * @throws `blobMismatch`, `storeFull`, and whatever the stream fails with; then nothing is left on disk.
   */
  async put(body: Body, options: PutOptions = {}): Promise<StoredBlob> {
    // A body may fail while the file is being made, before anybody reads it: unheard, that error would end the process.
    if (body instanceof Readable) body.on('error', () => undefined)
    const path = join(this.#temporaryFolder, `${process.pid}-${++this.#temporaries}`)
    const algorithms: HashAlgorithm[] = ['sha256', ...(options.also ?? []).filter((name) => name !== 'sha256')]
    let file: DurableFile | undefined
    try {
      file = await this.#files.create(path)
      const { bytes, digests } = await this.#write(file, body, algorithms)
      const stored: StoredBlob = { digest: digests.sha256!, bytes, digests }
      checkExpected(stored, options.expected)
      await options.check?.(stored)
      await file.touch(this.#clock.now())
      await file.sync()
      await file.close()
      file = undefined
      await this.#inOrder(stored.digest, () => this.#publish(path, stored.digest))
      return stored
    } catch (error) {
      if (body instanceof Readable) body.destroy()
      await file?.close().catch(() => undefined)
      await this.#files.remove(path).catch(() => undefined)
      throw isFull(error) ? storeFull({ folder: this.#folder }, { cause: error }) : error
    }
  }

  /**
   * Opens a blob, from byte `from`, `length` bytes of it. What was opened can be read to its end, also when the blob is removed meanwhile.
   *
   * @throws `blobMissing`
   */
  async read(digest: Digest, from = 0, length?: number): Promise<Readable> {
    if (length === 0) return Readable.from([])
    const handle = await open(this.localPath(digest)).catch((error: unknown) => {
      throw blobMissing({ digest }, { cause: error })
    })
    return handle.createReadStream({
      start: from,
      ...(length === undefined ? {} : { end: from + length - 1 }),
      highWaterMark: 256 * 1024,
    })
  }

  /** Where the blob is on this machine's disk. Whoever reads it there must not change it. */
  localPath(digest: Digest): string {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw blobMissing({ digest })
    return join(this.#folder, digest.slice(0, 2), digest)
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.#changedAt(digest)) !== undefined
  }

  /**
   * Makes a blob young again for `collect`, before another row is made that names it. Says whether it was there.
   */
  async touch(digest: Digest): Promise<boolean> {
    return this.#inOrder(digest, async () => {
      const seconds = this.#clock.now() / 1000
      try {
        await utimes(this.localPath(digest), seconds, seconds)
        return true
      } catch {
        return false
      }
    })
  }

  /** Removes a blob now, whoever owns it. `collect` is the one that asks. */
  async remove(digest: Digest): Promise<void> {
    await this.#inOrder(digest, () => this.#files.remove(this.localPath(digest)))
  }

  /**
   * Removes blobs without an owner. Safe against uploads that run at the same time: a blob younger than the grace is kept, and storing
   * bytes that are there already makes their blob young again.
   *
   * @param owned says which of the given digests some row still names; asked after the candidates were found
   */
  async collect(
    owned: (candidates: readonly Digest[]) => Promise<ReadonlySet<Digest>>,
    graceMs = ownerlessGraceMs,
  ): Promise<readonly Digest[]> {
    const removed: Digest[] = []
    for (const shard of await readdir(this.#folder)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue
      const names = (await readdir(join(this.#folder, shard))).filter((name) => /^[0-9a-f]{64}$/.test(name))
      const old: Digest[] = []
      for (const name of names) if (await this.#isOlder(name, graceMs)) old.push(name)
      if (old.length === 0) continue
      const kept = await owned(old)
      for (const digest of old) {
        if (kept.has(digest)) continue
        await this.#inOrder(digest, async () => {
          if (!(await this.#isOlder(digest, graceMs))) return
          await this.#files.remove(this.localPath(digest))
          removed.push(digest)
        })
      }
    }
    return removed
  }

  async close(): Promise<void> {
    await this.#hashing.close()
  }

  get #temporaryFolder(): string {
    return join(this.#folder, 'tmp')
  }

  /** Digests while it writes: a small body here, a large one on the worker thread while the next chunk fills. */
  async #write(
    file: DurableFile,
    body: Body,
    algorithms: readonly HashAlgorithm[],
  ): Promise<{ bytes: number; digests: Digests }> {
    let bytes = 0
    let first: Uint8Array | undefined
    let session: HashSession | undefined
    let inFlight: Promise<unknown> = Promise.resolve()
    let writingBack: Promise<void> | undefined
    let unsynced = 0
    const step = async (chunk: Uint8Array): Promise<void> => {
      await inFlight
      session ??= this.#hashing.open(algorithms)
      inFlight = Promise.all([session.update(chunk), file.write(chunk)])
      // Looked at when the next chunk is there; until then nobody listens.
      inFlight.catch(() => undefined)
      unsynced += chunk.length
      if (unsynced < writeBackBytes || writingBack) return
      unsynced = 0
      // What the disk says against it, `sync` is told again.
      writingBack = file
        .writeBack()
        .catch(() => undefined)
        .finally(() => (writingBack = undefined))
    }
    try {
      for await (const chunk of rechunk(body)) {
        if (bytes > 0) {
          if (first) await step(first)
          first = undefined
          await step(chunk)
        } else first = chunk
        bytes += chunk.length
      }
      if (bytes <= inlineLimit) {
        const whole = first ?? Buffer.alloc(0)
        await file.write(whole)
        return { bytes, digests: digestSmall(whole, algorithms) }
      }
      await inFlight
      return { bytes, digests: await session!.finish() }
    } finally {
      await inFlight.catch(() => undefined)
      await writingBack
      session?.abandon()
    }
  }

  async #publish(temporary: string, digest: Digest): Promise<void> {
    const target = this.localPath(digest)
    const folder = join(this.#folder, digest.slice(0, 2))
    await this.#makeFolder(folder, [this.#folder])
    // Also over a blob that is there: the bytes are the same, and the new one is young for `collect`.
    await this.#files.rename(temporary, target)
    await this.#files.syncFolder(folder)
  }

  /** Makes a folder durably: its name is in its parent, so the parents are synced. */
  async #makeFolder(folder: string, parents: readonly string[]): Promise<void> {
    if (this.#knownFolders.has(folder)) return
    if (await this.#files.makeFolder(folder)) for (const parent of parents) await this.#files.syncFolder(parent)
    this.#knownFolders.add(folder)
  }

  async #changedAt(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.localPath(digest))).mtimeMs
    } catch {
      return undefined
    }
  }

  async #isOlder(digest: Digest, graceMs: number): Promise<boolean> {
    const changedAt = await this.#changedAt(digest)
    return changedAt !== undefined && changedAt <= this.#clock.now() - graceMs
  }

  async #inOrder<Result>(digest: Digest, step: () => Promise<Result>): Promise<Result> {
    const previous = this.#steps.get(digest)
    const mine = (previous ?? Promise.resolve()).then(step, step)
    this.#steps.set(digest, mine)
    try {
      return await mine
    } finally {
      if (this.#steps.get(digest) === mine) this.#steps.delete(digest)
    }
  }
}

function checkExpected(stored: StoredBlob, expected: PutOptions['expected']): void {
  if (expected?.bytes !== undefined && expected.bytes !== stored.bytes) {
    throw blobMismatch({ what: 'size', expected: String(expected.bytes), found: String(stored.bytes) })
  }
  if (expected?.digest !== undefined && expected.digest !== stored.digest) {
    throw blobMismatch({ what: 'digest', expected: expected.digest, found: stored.digest })
  }
}

/**
 * Brings a body into chunks of `chunkBytes`, in turn in two buffers that the worker shares: however large the body, memory stays the
 * same. A chunk is good until the second one after it is asked for. The first chunk has a buffer of its own that grows with a small body.
 */
async function* rechunk(body: Body): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0)
  let length = 0
  let shared: Buffer[] | undefined
  const pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array> = body instanceof Uint8Array ? [body] : body
  for await (const piece of pieces) {
    let rest: Uint8Array = typeof piece === 'string' ? Buffer.from(piece) : piece
    while (rest.length > 0) {
      const take = Math.min(rest.length, chunkBytes - length)
      if (held.length < length + take) held = grow(held, length, length + take)
      held.set(rest.subarray(0, take), length)
      length += take
      rest = rest.subarray(take)
      if (length < chunkBytes) continue
      yield held
      shared ??= [0, 1].map(() => Buffer.from(new SharedArrayBuffer(chunkBytes)))
      held = shared.reverse()[0]!
      length = 0
    }
  }
  if (length > 0) yield held.subarray(0, length)
}

/** By doubling: a client may send its body one byte at a time. */
function grow(held: Buffer, length: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.min(chunkBytes, Math.max(needed, held.length * 2, 4096)))
  held.copy(larger, 0, 0, length)
  return larger
}
