/** The thread of `digest-thread.ts`: hashes pieces of the ring in their order until nobody has asked for anything for a while. */
import { createHash } from 'node:crypto'
import { workerData } from 'node:worker_threads'
import type { DigestWork } from './digest-ring.ts'

/** A thread that nobody needs is gone after so long. */
const idleMilliseconds = 2000

const { ring, protocol } = workerData as DigestWork
const { ended, pieceBytes, pieces, threadState, word } = protocol
const { words } = ring
const piece = Array.from({ length: pieces }, (_, index) => Buffer.from(ring.pieces, index * pieceBytes, pieceBytes))
const answer = Buffer.from(ring.digest)

let hash = createHash('sha256')
for (let tail = 0; ;) {
  if (Atomics.load(words, word.head) === tail) {
    const woken = Atomics.wait(words, word.head, tail, idleMilliseconds)
    if (woken !== 'timed-out') continue
    if (Atomics.compareExchange(words, word.state, threadState.idle, threadState.gone) === threadState.idle) break
    continue
  }
  const slot = (tail >>> 0) % pieces
  const length = words[word.lengths + slot]!
  if (length === ended) {
    hash.digest().copy(answer)
    hash = createHash('sha256')
    Atomics.add(words, word.answered, 1)
    Atomics.notify(words, word.answered)
  } else {
    const bytes = piece[slot]!
    hash.update(length === pieceBytes ? bytes : bytes.subarray(0, length))
  }
  tail = (tail + 1) | 0
  Atomics.store(words, word.tail, tail)
  Atomics.notify(words, word.tail)
}
