/** SQLite's write-ahead log, brought to the disk without holding up the event loop. */
import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'

const syncData = promisify(fdatasync)

export class WriteAheadLog {
  readonly #path: string
  /** Opened once: SQLite keeps the file as long as it has the database open. */
  #descriptor: number | undefined
  #running: Promise<void> | undefined
  /** The one after it, which all wait for who committed while it ran. */
  #next: Promise<void> | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** All that was written to the log before this call survives a power cut once it has resolved. Calls at the same time share a trip to the disk. */
  sync(): Promise<void> {
    if (!this.#running) return this.#begin()
    const begin = (): Promise<void> => {
      this.#next = undefined
      return this.#begin()
    }
    this.#next ??= this.#running.then(begin, begin)
    return this.#next
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined)
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #begin(): Promise<void> {
    const running = this.#write().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #write(): Promise<void> {
    this.#descriptor ??= openSync(this.#path, 'r')
    await syncData(this.#descriptor)
  }
}
