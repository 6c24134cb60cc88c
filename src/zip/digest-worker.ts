/** The thread of `digest-thread.ts`: hashes pieces of the ring in their order until nobody has asked for anything for a while. */
import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { DigestWork } from './digest-ring.ts'

/** A thread that nobody needs is gone after so long. */
const idleMilliseconds = 2000

const { ring, protocol } = workerData as DigestWork
const { inFile, pieceBytes, pieces, threadState, turn, turns, word } = protocol
const { words } = ring
const piece = Array.from({ length: pieces }, (_, index) => Buffer.from(ring.pieces, index * pieceBytes, pieceBytes))
const answer = Buffer.from(ring.digest)

let hash = createHash('sha256')
let descriptor = -1
let position = 0
let spare: Buffer | undefined

/** A piece that the ring had no room for. Short when the file is not what was written: then its digest is wrong, as it should be. */
function readBack(length: number): Buffer {
  spare ??= Buffer.allocUnsafeSlow(pieceBytes)
  let got = 0
  for (let more = 1; more > 0 && got < length; got += more)
    more = readSync(descriptor, spare, got, length - got, position + got)
  return spare.subarray(0, got)
}

function takeTurn(length: number, place: number): void {
  if (length === turn.begins) {
    hash = createHash('sha256')
    descriptor = place
    position = 0
  } else if (length === turn.ended) {
    hash.digest().copy(answer)
    Atomics.add(words, word.answered, 1)
    Atomics.notify(words, word.answered)
  } else {
    hash.update(place === inFile ? readBack(length) : piece[place]!.subarray(0, length))
    position += length
    if (place !== inFile) Atomics.add(words, word.freed, 1)
  }
}

for (let tail = 0; ;) {
  if (Atomics.load(words, word.head) === tail) {
    const woken = Atomics.wait(words, word.head, tail, idleMilliseconds)
    if (woken !== 'timed-out') continue
    if (Atomics.compareExchange(words, word.state, threadState.idle, threadState.gone) === threadState.idle) break
    continue
  }
  const at = word.turns + 2 * ((tail >>> 0) % turns)
  takeTurn(words[at]!, words[at + 1]!)
  tail = (tail + 1) | 0
  Atomics.store(words, word.tail, tail)
  Atomics.notify(words, word.tail)
}
