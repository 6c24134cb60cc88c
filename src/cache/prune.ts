import { rm } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import { listCache, type CacheItem } from './inventory.ts'

export interface PruneOptions {
  /** Removes what was not used for so long; 0 removes everything. Absent: age does not matter. */
  readonly unusedMs?: number | undefined
  /** Then removes what was used longest ago until the cache is no larger. */
  readonly maximumBytes?: number | undefined
  readonly clock: Pick<Clock, 'now'>
}

export interface PruneResult {
  readonly files: number
  readonly sizeBytes: number
}

/** What a process that died left half-written is nobody's after a day. */
const abandonedMs = 24 * 60 * 60 * 1000

/**
 * Makes the cache smaller. Safe while builds run: what they are writing is left alone for a day, and what they would have read is
 * fetched or made again.
 */
export async function pruneCache(folder: string, options: PruneOptions): Promise<PruneResult> {
  const now = options.clock.now()
  const items = await listCache(folder)
  const [temporary, kept] = [items.filter(isTemporary), items.filter((item) => !isTemporary(item))]
  const removed = temporary.filter((item) => now - item.usedMs >= abandonedMs)
  const { unusedMs, maximumBytes } = options
  if (unusedMs !== undefined) removed.push(...kept.filter((item) => unusedMs === 0 || now - item.usedMs >= unusedMs))
  if (maximumBytes !== undefined) {
    const gone = new Set(removed)
    const rest = kept.filter((item) => !gone.has(item)).sort((a, b) => a.usedMs - b.usedMs)
    let size = rest.reduce((sum, item) => sum + item.sizeBytes, 0)
    for (const item of rest) {
      if (size <= maximumBytes) break
      removed.push(item)
      size -= item.sizeBytes
    }
  }
  for (const item of removed) {
    await rm(item.path, { force: true })
    await rm(`${item.path}.seal`, { force: true })
  }
  return { files: removed.length, sizeBytes: removed.reduce((sum, item) => sum + item.sizeBytes, 0) }
}

function isTemporary(item: CacheItem): boolean {
  return item.kind === 'tmp' || item.name.endsWith('.tmp')
}
