import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** A file of the cache. */
export interface CacheItem {
  /** `blobs`, one of the entry kinds, or `tmp` for what is being written or was left behind by a process that died. */
  readonly kind: string
  /** From the cache's folder, with `/`. */
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  /** When it was last read or written, as far as the file system tells: milliseconds since the epoch. */
  readonly usedMs: number
}

/** Every file of the cache, seals left out, by name; nothing when there is no cache yet. Files that vanish meanwhile are passed over. */
export async function listCache(folder: string): Promise<readonly CacheItem[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const items = await Promise.all(
    names
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.seal'))
      .map(async (entry): Promise<CacheItem | undefined> => {
        const path = join(entry.parentPath, entry.name)
        const name = relative(folder, path).split(sep).join('/')
        const found = await stat(path).catch(() => undefined)
        const usedMs = found && Math.max(found.atimeMs, found.mtimeMs)
        return found && { kind: name.split('/')[0]!, name, path, sizeBytes: found.size, usedMs: usedMs! }
      }),
  )
  return items.filter((item) => item !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1))
}

export interface CacheInfo {
  readonly folder: string
  readonly files: number
  readonly sizeBytes: number
  readonly kinds: readonly { readonly kind: string; readonly files: number; readonly sizeBytes: number }[]
}

/** What the cache holds, in all and by kind. */
export async function cacheInfo(folder: string): Promise<CacheInfo> {
  const items = await listCache(folder)
  const kinds = new Map<string, { kind: string; files: number; sizeBytes: number }>()
  for (const item of items) {
    const sum = kinds.get(item.kind) ?? { kind: item.kind, files: 0, sizeBytes: 0 }
    kinds.set(item.kind, { ...sum, files: sum.files + 1, sizeBytes: sum.sizeBytes + item.sizeBytes })
  }
  return {
    folder,
    files: items.length,
    sizeBytes: items.reduce((sum, item) => sum + item.sizeBytes, 0),
    kinds: [...kinds.values()],
  }
}
