import { proportionalMemory, residentMemory } from './process-tree.ts'

/** Who is watched: the watch tells it what it holds, and when that is too much. */
export interface Watched {
  readonly memoryBytes: number
  readonly frozen: boolean
  /** The program first. */
  processIds(): readonly number[]
  observed(bytes: number): void
  exceeded(): void
}

/**
 * Memory limits where the kernel keeps none: looks at what the processes of each environment hold, and ends those above their limit.
 *
 * A process can touch some 2 GB in a second, so a look every 25 ms may let it get 50 MB further before it ends; frozen environments cannot
 * grow and are not looked at.
 */
export class MemoryWatch {
  readonly #watched = new Set<Watched>()
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(intervalMs = 25) {
    this.#intervalMs = intervalMs
  }

  /** Returns the function that ends the watch. */
  add(watched: Watched): () => void {
    this.#watched.add(watched)
    this.#timer ??= setInterval(() => this.look(), this.#intervalMs).unref()
    return () => {
      this.#watched.delete(watched)
      if (this.#watched.size === 0) this.stop()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  look(): void {
    for (const watched of this.#watched) if (!watched.frozen) lookAt(watched)
  }
}

/** Notes what one environment holds now, and ends it when that is more than its limit. */
export function lookAt(watched: Watched): void {
  const pids = watched.processIds()
  if (pids.length === 0) return
  const { now, peakOfFirst } = residentMemory(pids)
  if (now <= watched.memoryBytes) return watched.observed(Math.max(now, peakOfFirst))
  const shared = pids.length > 1 ? proportionalMemory(pids) : now
  watched.observed(shared)
  if (shared > watched.memoryBytes) watched.exceeded()
}
