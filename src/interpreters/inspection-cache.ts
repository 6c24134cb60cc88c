import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import type { Inspection } from './inspect-interpreter.ts'

interface Kept {
  readonly stamp: string
  readonly inspection: Inspection
}

/**
 * What interpreters said when they were run, kept until the file changes (time, size, inode). Running ten Pythons takes a second;
 * reading this takes none. A cache that cannot be read or written is only slower.
 */
export class InspectionCache {
  readonly #file: string | undefined
  readonly #kept: Map<string, Kept>
  #changed = false

  constructor(file: string | undefined) {
    this.#file = file
    this.#kept = new Map(Object.entries(read(file)))
  }

  async inspect(path: string, inspect: (path: string) => Promise<Inspection>): Promise<Inspection> {
    const stamp = stampOf(path)
    const kept = this.#kept.get(path)
    if (kept && stamp !== undefined && kept.stamp === stamp) return kept.inspection
    const inspection = await inspect(path)
    if (stamp !== undefined) {
      this.#kept.set(path, { stamp, inspection })
      this.#changed = true
    }
    return inspection
  }

  save(): void {
    if (!this.#changed || this.#file === undefined) return
    this.#changed = false
    const temporary = `${this.#file}.${process.pid}`
    try {
      makeFolder(dirname(this.#file))
      writeFileSync(temporary, JSON.stringify({ format: 1, kept: Object.fromEntries(this.#kept) }))
      renameSync(temporary, this.#file)
    } catch {
      // Read-only or full: the next start asks again.
    }
  }
}

function read(file: string | undefined): Record<string, Kept> {
  if (file === undefined) return {}
  try {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as { format: number; kept: Record<string, Kept> }
    return stored.format === 1 ? stored.kept : {}
  } catch {
    return {}
  }
}

/** A change of the file, or of what a link leads to, changes the stamp. */
function stampOf(path: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs}:${size}:${ino}`
  } catch {
    return undefined
  }
}
