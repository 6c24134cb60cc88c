/** Work that nobody waits for, beside answers that somebody does. */
import { getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'

/** How far a thread steps back; 0 is as urgent as everybody else, 19 the least. */
const background = 10

/**
 * Lets this thread give way to all others when the processors are busy. Only in a worker, and only on Linux, where threads have priorities of their
 * own; elsewhere it would be the whole process.
 */
export function giveWay(): void {
  if (isMainThread || process.platform !== 'linux') return
  try {
    if (getPriority() < background) setPriority(background)
  } catch {
    // A container may forbid it: then the work is merely as urgent as the rest.
  }
}
