import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { createReadStream } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { defineError } from '../../base/errors.ts'
import type { Cache, StoredBlob } from '../../cache/cache.ts'
import { findSealedSync } from '../../cache/find-sealed.ts'
import type { IndexClient } from '../../index/index-client.ts'
import type { ProjectIndexes } from '../../index/load-index-configuration.ts'
import type { LockedFile } from '../../pypa/locked-distribution.ts'

export const notCached = defineError('ZY0432', 'refused', (p: { filename: string }) => ({
  message: `\`${p.filename}\` is not in the cache, and \`--offline\` forbids to fetch it`,
  hint: 'Build once without `--offline`, or import a cache that has it with `zipyard cache import`',
}))

export const fileMissing = defineError('ZY0433', 'refused', (p: { filename: string; path: string }) => ({
  message: `\`${p.filename}\` should lie at \`${p.path}\`, and does not`,
  hint: 'Restore the file, or write the lock anew',
}))

/** What fetching needs of the surroundings. */
export interface FetchSurroundings {
  readonly cache: Cache
  /** The client of package indexes, made when first needed. */
  readonly index: () => Promise<IndexClient>
  readonly offline: boolean
  /** The environment of resolvers and of what builds install, with the configured indexes in uv's words. */
  readonly resolverVariables: () => Promise<Readonly<Record<string, string | undefined>>>
  /** Indexes that the project's own files name, asked beside or instead of the configured ones. */
  readonly learnIndexes: (project: ProjectIndexes) => void
  /** Keys of what a resolver was asked for by this command. */
  readonly resolved: Set<string>
  readonly signal?: AbortSignal | undefined
  /** Bytes received of a file so far, for progress. */
  readonly onProgress?: ((filename: string, receivedBytes: number, totalBytes: number | undefined) => void) | undefined
}

/**
 * The file's place on this machine: in the cache when its digest is known there, else fetched into it and checked against every
 * digest and the size that the lock gives. `folder` is where relative paths of the lock start.
 */
export async function fetchFile(
  file: LockedFile,
  folder: string,
  surroundings: FetchSurroundings,
): Promise<StoredBlob> {
  const { cache } = surroundings
  const wanted = file.hashes['sha256']
  if (wanted) {
    const path = findSealedSync(cache.folder, wanted) ?? (await cache.findBlob(wanted))
    if (path) return { digest: wanted, path, sizeBytes: file.sizeBytes ?? 0 }
  }
  const expected = { hashes: file.hashes, sizeBytes: file.sizeBytes, name: file.filename }
  if (file.path !== undefined) {
    const path = isAbsolute(file.path) ? file.path : resolve(folder, file.path)
    if (!existsSync(path)) throw fileMissing({ filename: file.filename, path })
    return cache.storeBlob(createReadStream(path), expected)
  }
  const url = file.url!
  if (surroundings.offline && !url.startsWith('file:')) throw notCached({ filename: file.filename })
  const { onProgress, signal } = surroundings
  const index = await surroundings.index()
  const bytes = index.download(
    { filename: file.filename, url: absoluteUrl(url, folder), sizeBytes: file.sizeBytes },
    { signal, onProgress: onProgress && ((received, total) => onProgress(file.filename, received, total)) },
  )
  return cache.storeBlob(bytes, expected)
}

/** `file:` URLs may be relative in locks that uv writes for folders of `--find-links`. */
function absoluteUrl(url: string, folder: string): string {
  return /^[a-z][a-z0-9+.-]+:/i.test(url) ? url : pathToFileURL(resolve(folder, url)).href
}
