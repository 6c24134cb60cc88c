import { closeSync, fstatSync, openSync } from 'node:fs'

/** An archive that is open for reading. */
export interface OpenArchive {
  readonly descriptor: number
  readonly size: number
}

/** Archives opened once and kept; the one opened first makes room when there are many. */
export class OpenArchives {
  static readonly #most = 200
  readonly #open = new Map<string, OpenArchive>()

  open(file: string): OpenArchive {
    const known = this.#open.get(file)
    if (known) return known
    if (this.#open.size >= OpenArchives.#most) {
      const [oldest, { descriptor }] = this.#open.entries().next().value!
      closeSync(descriptor)
      this.#open.delete(oldest)
    }
    const descriptor = openSync(file, 'r')
    const opened = { descriptor, size: fstatSync(descriptor).size }
    this.#open.set(file, opened)
    return opened
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) closeSync(descriptor)
    this.#open.clear()
  }
}
