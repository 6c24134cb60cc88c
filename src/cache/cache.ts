import { createHash } from 'node:crypto'
import { chmod, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { newSha256, sha256File, type Digest } from '../base/digest.ts'
import { makeFolder } from '../base/make-folder.ts'
import { entryPath, isWhole, wholeEntry, type EntryKind } from './entry-file.ts'
import { cacheWriteFailed, hashMismatch, invalidCacheArchive, sizeMismatch } from './errors.ts'

/**
 * The cache: files on disk, named by what is in them or by what made them.
 *
 * Every file appears by rename, so a reader sees all of it or nothing, and two processes may write the same one at once: the later
 * rename wins with the same bytes. Nothing here is precious: whatever is wrong is removed and made again.
 */
export interface Cache {
  readonly folder: string
  /**
   * The path of a blob (a wheel, an sdist, any file known by its SHA-256), or `undefined` when it is not there or was found damaged, in
   * which case it has been removed. The size is compared always; the content when `verify` is set or the file was touched since.
   */
  findBlob(digest: Digest, options?: { readonly verify?: boolean }): Promise<string | undefined>
  /**
   * Streams a blob in, hashing on the way; it is there only when everything that was expected held.
   * @throws `hashMismatch`, `sizeMismatch`, `cacheWriteFailed`
   */
  storeBlob(source: AsyncIterable<Uint8Array>, expected?: ExpectedBlob): Promise<StoredBlob>
  /** Bytes made from something else, such as the index of a wheel; `undefined` when absent or damaged. */
  readEntry(kind: EntryKind, key: string): Promise<Buffer | undefined>
  writeEntry(kind: EntryKind, key: string, bytes: Uint8Array | string): Promise<void>
  /** Takes an entry as another cache stored it, its check included. @throws `invalidCacheArchive` when the check fails */
  restoreEntry(kind: EntryKind, key: string, stored: Uint8Array): Promise<void>
  removeEntry(kind: EntryKind, key: string): Promise<void>
}

export interface ExpectedBlob {
  /** Any one algorithm of Node's crypto by lower-case hexadecimal digest; all that are given must hold. */
  readonly hashes?: Readonly<Record<string, string>> | undefined
  readonly sizeBytes?: number | undefined
  /** For messages: the file's name. */
  readonly name?: string | undefined
}

export interface StoredBlob {
  readonly digest: Digest
  readonly path: string
  readonly sizeBytes: number
}

/** Opens the cache in `folder`; folders are made when something is stored. */
export function openCache(folder: string): Cache {
  return new DiskCache(folder)
}

/** `blobs/sha256/ab/cdef…`: two levels, so that no folder grows without bound. */
export function blobPath(folder: string, digest: Digest): string {
  return join(folder, 'blobs', 'sha256', digest.slice(0, 2), digest.slice(2))
}

/** Beside a blob: what was true when it was stored, so that a later change shows without reading it. */
export interface BlobSeal {
  readonly sizeBytes: number
  readonly mtimeMs: number
}

class DiskCache implements Cache {
  readonly folder: string
  #sequence = 0

  constructor(folder: string) {
    this.folder = folder
  }

  async findBlob(digest: Digest, options: { readonly verify?: boolean } = {}): Promise<string | undefined> {
    const path = blobPath(this.folder, digest)
    const [found, seal] = await Promise.all([stat(path).catch(() => undefined), readSeal(path)])
    if (!found) return undefined
    const isSealed = isAsSealed(found, seal)
    if (isSealed && !options.verify) {
      await noteUse(path, found)
      return path
    }
    const isUnharmed = (seal === undefined || found.size === seal.sizeBytes) && (await sha256File(path)) === digest
    if (isUnharmed) {
      // A cache that may only be read is as good; it is looked at again next time.
      if (!isSealed) await this.#seal(path, found.size, found.mtimeMs).catch(() => undefined)
      return path
    }
    // Another process may have put a whole one in its place meanwhile: only what was judged is removed.
    const now = await stat(path).catch(() => undefined)
    if (now?.ino === found.ino && now.mtimeMs === found.mtimeMs) await rm(path, { force: true }).catch(() => undefined)
    return undefined
  }

  async storeBlob(source: AsyncIterable<Uint8Array>, expected: ExpectedBlob = {}): Promise<StoredBlob> {
    const temporary = await this.#temporary()
    try {
      const { digest, sizeBytes } = await writeStream(temporary, source, expected)
      const path = blobPath(this.folder, digest)
      // A whole second, so that copies of the cache by tools without fractions keep the seal.
      const now = Math.floor(Date.now() / 1000)
      await utimes(temporary, now, now)
      await chmod(temporary, 0o644)
      await this.#publish(temporary, path)
      await this.#seal(path, sizeBytes, now * 1000)
      return { digest, path, sizeBytes }
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  async readEntry(kind: EntryKind, key: string): Promise<Buffer | undefined> {
    const path = entryPath(this.folder, kind, key)
    const stored = await readFile(path).catch(() => undefined)
    if (!stored) return undefined
    const whole = wholeEntry(stored)
    if (whole) return whole
    await rm(path, { force: true }).catch(() => undefined)
    return undefined
  }

  async writeEntry(kind: EntryKind, key: string, bytes: Uint8Array | string): Promise<void> {
    const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    await this.#writeFile(entryPath(this.folder, kind, key), [content, createHash('sha256').update(content).digest()])
  }

  async restoreEntry(kind: EntryKind, key: string, stored: Uint8Array): Promise<void> {
    if (!isWhole(stored)) throw invalidCacheArchive({ file: `${kind}/${key}`, problem: 'its check is wrong' })
    await this.#writeFile(entryPath(this.folder, kind, key), [stored])
  }

  async removeEntry(kind: EntryKind, key: string): Promise<void> {
    await rm(entryPath(this.folder, kind, key), { force: true })
  }

  async #seal(path: string, sizeBytes: number, mtimeMs: number): Promise<void> {
    const seal: BlobSeal = { sizeBytes, mtimeMs }
    await this.#writeFile(`${path}.seal`, [Buffer.from(JSON.stringify(seal))])
  }

  async #writeFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
    const temporary = await this.#temporary()
    try {
      const file = await open(temporary, 'wx', 0o644)
      try {
        for (const part of parts) await file.writeFile(part)
      } finally {
        await file.close()
      }
      await this.#publish(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw asWriteFailure(error, this.folder)
    }
  }

  async #temporary(): Promise<string> {
    const folder = join(this.folder, 'tmp')
    try {
      makeFolder(folder)
    } catch (error) {
      throw asWriteFailure(error, this.folder)
    }
    this.#sequence += 1
    return join(
      folder,
      `${process.pid}-${Date.now().toString(36)}-${this.#sequence}-${Math.random().toString(36).slice(2)}`,
    )
  }

  async #publish(temporary: string, path: string): Promise<void> {
    try {
      makeFolder(dirname(path))
      await rename(temporary, path)
    } catch (error) {
      throw asWriteFailure(error, this.folder)
    }
  }
}

/** For `prune`: when it was last used, at most a day wrong, also where the file system does not note reads. */
async function noteUse(path: string, found: Stats): Promise<void> {
  if (needsUseNoted(found)) await utimes(path, Date.now() / 1000, found.mtimeMs / 1000).catch(() => undefined)
}

export function needsUseNoted({ atimeMs, mtimeMs }: Stats): boolean {
  return Date.now() - Math.max(atimeMs, mtimeMs) >= 24 * 60 * 60 * 1000
}

/** Whether a blob is as it was stored, by its size and time. */
export function isAsSealed({ size, mtimeMs }: Stats, seal: BlobSeal | undefined): boolean {
  return seal !== undefined && size === seal.sizeBytes && mtimeMs === seal.mtimeMs
}

async function readSeal(path: string): Promise<BlobSeal | undefined> {
  try {
    return parseSeal(await readFile(`${path}.seal`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Throws when it is no JSON at all. */
export function parseSeal(text: string): BlobSeal | undefined {
  const seal = JSON.parse(text) as BlobSeal
  return typeof seal.sizeBytes === 'number' && typeof seal.mtimeMs === 'number' ? seal : undefined
}

async function writeStream(
  path: string,
  source: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const main = newSha256()
  const others = Object.entries(expected.hashes ?? {})
    .filter(([algorithm]) => algorithm !== 'sha256')
    .map(([algorithm, digest]) => ({ algorithm, digest, hash: createHash(algorithm) }))
  const name = expected.name ?? 'file'
  let sizeBytes = 0
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw asWriteFailure(error, dirname(dirname(path)))
  })
  try {
    for await (const chunk of source) {
      sizeBytes += chunk.byteLength
      if (expected.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) break
      main.update(chunk)
      for (const { hash } of others) hash.update(chunk)
      await file.writeFile(chunk).catch((error: unknown) => {
        throw asWriteFailure(error, dirname(dirname(path)))
      })
    }
  } finally {
    await file.close()
  }
  if (expected.sizeBytes !== undefined && sizeBytes !== expected.sizeBytes) {
    throw sizeMismatch({ name, expected: expected.sizeBytes, found: sizeBytes })
  }
  const digest = main.digest('hex')
  const results = [{ algorithm: 'sha256', digest: expected.hashes?.['sha256'], found: digest }].concat(
    others.map((other) => ({ algorithm: other.algorithm, digest: other.digest, found: other.hash.digest('hex') })),
  )
  for (const { algorithm, digest: wanted, found } of results) {
    if (wanted !== undefined && wanted.toLowerCase() !== found)
      throw hashMismatch({ name, algorithm, expected: wanted, found })
  }
  return { digest, sizeBytes }
}

function asWriteFailure(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === undefined || !/^E[A-Z]+$/.test(code) ? error : cacheWriteFailed({ folder, code }, { cause: error })
}
