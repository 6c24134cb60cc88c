/** Work that nobody waits for, beside answers that somebody does. */
import { getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'

/** How far a thread steps back; 0 is as urgent as everybody else, 19 the least. */
const background = 10

/**
 * Lets this thread give way to all others when the processors are busy, and what it starts from now on, too. Only in a worker, and only on Linux, where
 * threads have priorities of their own; elsewhere it would be the whole process.
 *
 * @param niceness less than usual for what somebody waits for all the same
 */
export function giveWay(niceness = background): void {
  if (!isMainThread && process.platform === 'linux') stepBack(0, niceness)
}

/** The same for a process that was just started; `undefined`, one that could not be started, is left alone. */
export function letGiveWay(processId: number | undefined): void {
  if (processId !== undefined) stepBack(processId, background)
}

function stepBack(id: number, niceness: number): void {
  try {
    if (getPriority(id) < niceness) setPriority(id, niceness)
  } catch {
    // It has ended already, or a container forbids it: then the work is merely as urgent as the rest.
  }
}
