/**
 * Space that is kept aside on the disk, so that a full one can still be freed: removing an object is a write too.
 */
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { mebibyte } from '../base/byte-size.ts'

/** Enough for the pages and the log of many small transactions, in bytes. */
const reserveBytes = mebibyte
const stepBytes = 64 * 1024

export class Reserve {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Takes what is missing of the reserve, or as much of it as there is. */
  fill(): void {
    if (this.#size() >= reserveBytes) return
    const descriptor = openSync(this.#path, 'w', 0o600)
    try {
      // Written and not only reserved: a file with holes takes no space.
      const step = Buffer.alloc(stepBytes, 'zipyard')
      for (let at = 0; at < reserveBytes; at += stepBytes) writeSync(descriptor, step, 0, stepBytes, at)
      fsyncSync(descriptor)
    } catch {
      // The disk is full already; what was written is the reserve for now.
    } finally {
      closeSync(descriptor)
    }
  }

  release(): void {
    rmSync(this.#path, { force: true })
  }

  #size(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
  }
}
