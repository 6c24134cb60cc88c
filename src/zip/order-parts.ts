import { duplicatePath } from './errors.ts'
import { centralDirectoryHeaderBytes } from './format.ts'
import { orderEntries, type SpliceEntry } from './plan.ts'
import type { Stretch } from './strip.ts'

/** What an archive is made of: single entries, and stretches of archives whose order is known. */
export type SplicePart = SpliceEntry | Stretch

/**
 * The parts in the archive's order. Stretches are cut where something of another part comes between: neighbours in a package are of one
 * wheel mostly, so there are few pieces however many entries.
 *
 * @throws `duplicatePath`, `unsafePath`, `entryTooLarge`
 */
export function orderParts(plan: readonly SplicePart[]): readonly SplicePart[] {
  const entries: SpliceEntry[] = []
  const waiting: Run[] = []
  for (const part of plan) {
    if (!('strip' in part)) entries.push(part)
    else if (part.from < part.to) waiting.push(new StripRun(part))
  }
  const ordered = orderEntries(entries)
  if (waiting.length === 0) return ordered
  if (ordered.length > 0) waiting.push(new EntryRun(ordered))
  waiting.sort(compareHeads)
  const parts: SplicePart[] = []
  while (waiting.length > 1) {
    const [first, second] = waiting as [Run, Run]
    if (compareHeads(first, second) === 0) throw duplicatePath({ path: first.path })
    first.take(second, parts)
    waiting.shift()
    if (!first.isEmpty) insert(waiting, first)
  }
  waiting[0]!.take(undefined, parts)
  return parts
}

/** What is left of one source of entries, in order. */
interface Run {
  readonly isEmpty: boolean
  /** The path of the first that is left: these bytes of `key`. */
  readonly key: Buffer
  readonly keyStart: number
  readonly keyEnd: number
  readonly path: string
  /** Moves everything before the head of `other` to `parts`. */
  take(other: Run | undefined, parts: SplicePart[]): void
}

const compareHeads = (a: Run, b: Run): number => a.key.compare(b.key, b.keyStart, b.keyEnd, a.keyStart, a.keyEnd)

function insert(waiting: Run[], run: Run): void {
  let at = 0
  while (at < waiting.length && compareHeads(waiting[at]!, run) < 0) at++
  waiting.splice(at, 0, run)
}

class StripRun implements Run {
  readonly #stretch: Stretch
  #from: number

  constructor(stretch: Stretch) {
    this.#stretch = stretch
    this.#from = stretch.from
  }

  get isEmpty(): boolean {
    return this.#from === this.#stretch.to
  }

  get key(): Buffer {
    return this.#stretch.strip.directory
  }

  get keyStart(): number {
    return this.#stretch.strip.recordStart(this.#from) + centralDirectoryHeaderBytes
  }

  get keyEnd(): number {
    return this.#stretch.strip.recordStart(this.#from + 1)
  }

  get path(): string {
    return this.#stretch.strip.path(this.#from)
  }

  take(other: Run | undefined, parts: SplicePart[]): void {
    const { strip, to } = this.#stretch
    const from = this.#from
    this.#from = other ? strip.firstNotBefore(other.key, other.keyStart, other.keyEnd, from, to) : to
    parts.push({ ...this.#stretch, from, to: this.#from })
  }
}

class EntryRun implements Run {
  readonly #entries: readonly SpliceEntry[]
  #next = 0
  key: Buffer

  constructor(entries: readonly SpliceEntry[]) {
    this.#entries = entries
    this.key = Buffer.from(entries[0]!.path)
  }

  get isEmpty(): boolean {
    return this.#next === this.#entries.length
  }

  readonly keyStart = 0

  get keyEnd(): number {
    return this.key.length
  }

  get path(): string {
    return this.#entries[this.#next]!.path
  }

  take(other: Run | undefined, parts: SplicePart[]): void {
    for (;;) {
      parts.push(this.#entries[this.#next]!)
      this.#next += 1
      if (this.isEmpty) return
      this.key = Buffer.from(this.path)
      if (other && compareHeads(this, other) >= 0) return
    }
  }
}
