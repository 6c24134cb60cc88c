/**
 * The file operations on which durability rests, as a port: what a power cut leaves is decided by these calls alone, so tests
 * record them and replay every prefix.
 */
import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises'

export interface DurableFiles {
  /** Makes a folder (and what is missing above it); says whether it was made. */
  makeFolder(path: string): Promise<boolean>
  /** Creates a file that did not exist. */
  create(path: string): Promise<DurableFile>
  rename(from: string, to: string): Promise<void>
  /** The names in the folder, and their absence, survive a power cut from here on. */
  syncFolder(path: string): Promise<void>
  /** Removes a file; one that is not there is fine. */
  remove(path: string): Promise<void>
}

export interface DurableFile {
  write(chunk: Uint8Array): Promise<void>
  /** Sets the time of last change. */
  touch(milliseconds: number): Promise<void>
  /** Brings what was written so far to the disk while more is on its way, so that `sync` has little left to do. Promises nothing. */
  writeBack(): Promise<void>
  /** What was written survives a power cut from here on, under whatever name does. */
  sync(): Promise<void>
  close(): Promise<void>
}

export const realFiles: DurableFiles = {
  makeFolder: async (path) => (await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined,
  create: async (path) => new RealFile(await open(path, 'wx', 0o600)),
  rename: (from, to) => rename(from, to),
  async syncFolder(path) {
    // Windows cannot open a folder; its file system journals the rename itself.
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  remove: (path) => rm(path, { force: true }),
}

class RealFile implements DurableFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(chunk: Uint8Array): Promise<void> {
    let written = 0
    while (written < chunk.length) {
      written += (await this.#handle.write(chunk, written, chunk.length - written)).bytesWritten
    }
  }

  touch(milliseconds: number): Promise<void> {
    return this.#handle.utimes(milliseconds / 1000, milliseconds / 1000)
  }

  writeBack(): Promise<void> {
    return this.#handle.datasync()
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
