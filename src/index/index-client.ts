import type { ProjectFile } from '../pypa/simple-index.ts'

/** A file as some index offers it. */
export interface IndexFile extends ProjectFile {
  /** The index it came from, without credentials; a folder's path for `--find-links`. */
  readonly index: string
}

/** Asks package indexes. Made by `createIndexClient`; `close` ends its connections. */
export interface IndexClient {
  /**
   * Every file that the configured places have of a project.
   * @throws `projectNotFound` when no place knows it, and the errors of `download`
   */
  files(name: string): Promise<readonly IndexFile[]>
  /** The METADATA of a wheel where the index has it apart (PEP 658), else `undefined`. */
  metadata(file: IndexFile): Promise<string | undefined>
  /**
   * The bytes of a file, from http(s) or from disk. A connection that breaks is taken up where it broke (`Range`), with waiting between
   * the attempts; the caller checks digest and size (`cache.storeBlob`).
   */
  download(file: DownloadableFile, options?: DownloadOptions): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface DownloadableFile {
  /** For messages. */
  readonly filename: string
  /** `http:`, `https:` or `file:`. */
  readonly url: string
  readonly sizeBytes?: number | undefined
}

export interface DownloadOptions {
  /** Called with the bytes received so far, and the total where it is known. */
  readonly onProgress?: ((receivedBytes: number, totalBytes: number | undefined) => void) | undefined
  readonly signal?: AbortSignal | undefined
}
