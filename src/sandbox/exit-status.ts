import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { ExitStatus } from './sandbox.ts'

/** Of two names of one signal the first: `SIGABRT` comes before `SIGIOT`. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
)

/** Reads the status that wait(2) gives: the low seven bits are a signal, the next byte is the exit code. */
export function exitStatus(wait: number, outOfMemory: boolean): ExitStatus {
  const signal = wait & 0x7f
  return signal === 0
    ? { code: (wait >> 8) & 0xff, signal: undefined, outOfMemory }
    : { code: undefined, signal: signalNames.get(signal) ?? `SIG${signal}`, outOfMemory }
}

/**
 * Resolves when the stream of a process that is gone has ended: what is left in it is little, and read without waiting for anything. What nobody listens
 * to is read away, or it would never end.
 */
export function streamEnd(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) return resolve()
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve())
    if (stream.listenerCount('readable') > 0) return
    stream.on('pause', () => stream.resume())
    stream.resume()
  })
}
