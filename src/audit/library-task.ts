import { fstatSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { readEntry } from '../zip/entry-data.ts'
import { Inflater } from '../zip/inflater.ts'
import type { SpliceableEntry } from '../zip/plan.ts'
import { openFileSource } from '../zip/source.ts'
import type { ContentFacts } from './content-facts.ts'
import { readBinary } from './read-binary.ts'

/** Native libraries of an archive, to be read by whoever comes first: the audit itself or its second thread. */
export interface LibraryTask {
  readonly path: string
  /** Which file that is, lest another took its name meanwhile. */
  readonly file: string
  /** Largest first. */
  readonly entries: readonly SpliceableEntry[]
  /** One number for each entry, shared by the threads. */
  readonly states: Int32Array
  readonly port: MessagePort
}

/** Whose an entry is. Only `free` ones may be taken, by `compareExchange`. */
export const states = { free: 0, takenByAudit: 1, takenByThread: 2, read: 3 } as const

export type LibraryAnswer = readonly [index: number, content: ContentFacts | undefined]

export function fileIdentity(descriptor: number): string {
  const { dev, ino, size, mtimeMs } = fstatSync(descriptor)
  return [dev, ino, size, mtimeMs].join(' ')
}

/** Reads what nobody has taken yet, until nothing is left. */
export function readLibraries({ path, file, entries, states: shared, port }: LibraryTask): void {
  const source = openFileSource(path)
  const inflater = new Inflater()
  try {
    if (fileIdentity(source.descriptor) !== file) return
    for (const [index, entry] of entries.entries()) {
      if (Atomics.compareExchange(shared, index, states.free, states.takenByThread) !== states.free) continue
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
      port.postMessage([index, contentOf(() => readEntry(source, entry, path, inflater))] satisfies LibraryAnswer)
      Atomics.store(shared, index, states.read)
      Atomics.notify(shared, index)
    }
  } finally {
    source.close()
    inflater.close()
    port.close()
  }
}

/** A damaged entry is a file of which nothing is known. */
function contentOf(read: () => Uint8Array): ContentFacts | undefined {
  try {
    return readBinary(read())
  } catch {
    return undefined
  }
}
