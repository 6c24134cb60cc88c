import { proportionalMemory, residentMemory } from './process-tree.ts'

/** Who is watched. */
export interface Watched {
  readonly frozen: boolean
  /** Notes what its processes hold now, and ends them when that is too much. */
  look(): void
}

/** Looks in one round; a look costs some 60 µs, and a hundred in a row would keep the service from answering. */
const looksPerRound = 40

/**
 * Looks at the memory of every environment that is not frozen, every 25 ms: for its peak, and for a limit where the kernel keeps none.
 * When more run at a time they take turns.
 *
 * A process can touch some 2 GB in a second, so one that is limited by looking alone may get 50 MB further before it ends.
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
    this.#timer ??= setInterval(() => this.#lookAtAll(), this.#intervalMs).unref()
    return () => {
      this.#watched.delete(watched)
      if (this.#watched.size === 0) this.stop()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #lookAtAll(): void {
    const running = [...this.#watched].filter((watched) => !watched.frozen).slice(0, looksPerRound)
    for (const watched of running) {
      // To the end of the line; a look may end it, and then it is not in the line any more.
      this.#watched.delete(watched)
      this.#watched.add(watched)
      watched.look()
    }
  }
}

/** What processes hold, in bytes, and whether that is more than the limit. The program first. */
export function judgeResidentMemory(
  pids: readonly number[],
  limitBytes: number,
): { readonly peakBytes: number; readonly isTooMuch: boolean } {
  const { now, peakOfFirst } = residentMemory(pids)
  if (now <= limitBytes) return { peakBytes: Math.max(now, peakOfFirst), isTooMuch: false }
  const shared = pids.length > 1 ? proportionalMemory(pids) : now
  return { peakBytes: shared, isTooMuch: shared > limitBytes }
}
