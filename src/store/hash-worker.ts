/** A worker thread that digests bodies; see `hashing.ts`. Sessions share the thread and are told apart by number. */
// oxlint-disable unicorn/require-post-message-target-origin -- worker threads have no origin
import { parentPort } from 'node:worker_threads'
import { giveWay } from '../base/background.ts'
import { createHashers, finishHashers, type Hashers, type HashAlgorithm } from './hash-algorithms.ts'

/** What the worker is told. `update` and `finish` are answered, one at a time per session. */
export type HashRequest =
  | { readonly session: number; readonly open: readonly HashAlgorithm[] }
  | { readonly session: number; readonly update: Uint8Array }
  | { readonly session: number; readonly finish: true }
  | { readonly session: number; readonly abandon: true }

export interface HashReply {
  readonly session: number
  /** Only in the answer to `finish`. */
  readonly digests?: Partial<Record<HashAlgorithm, string>>
}

// Somebody waits for it, but less urgently than for an invocation.
giveWay(5)

const sessions = new Map<number, Hashers>()

parentPort!.on('message', (request: HashRequest) => {
  const { session } = request
  if ('open' in request) return void sessions.set(session, createHashers(request.open))
  if ('abandon' in request) return void sessions.delete(session)
  const hashers = sessions.get(session)!
  let reply: HashReply = { session }
  if ('update' in request) for (const hasher of hashers.values()) hasher.update(request.update)
  else {
    reply = { session, digests: finishHashers(hashers) }
    sessions.delete(session)
  }
  parentPort!.postMessage(reply)
})
