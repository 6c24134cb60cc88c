/**
 * Which core runs what. Where processes hand each other a turn, most of a short time is what waking a sleeping core takes, and the scheduler decides
 * from moment to moment who sleeps where: the same bare echo takes 0.04 or 0.16 ms. Placed by hand, both sides of a ratio wait for the same.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { processTree } from '../../src/sandbox/process-tree.ts'

/** The cores that this process may run on: `0-3,6`. */
const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'
const cores = allowed.split(',').flatMap((range) => {
  const [first, last = first] = range.split('-').map(Number) as [number, number?]
  return Array.from({ length: last! - first + 1 }, (_, place) => first + place)
})

/** Whether there are two cores to tell apart, and the tool to do it (`taskset` of util-linux). */
export function canPlace(): boolean {
  if (cores.length < 2) return false
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Puts processes with their descendants and threads on one core, and what they start from now on: `first`, `second`, or `any` again. */
export function place(processId: number, core: 'first' | 'second' | 'any'): void {
  const list = core === 'any' ? allowed : String(cores[core === 'first' ? 0 : 1])
  for (const pid of processTree(processId)) {
    try {
      execFileSync('taskset', ['-apc', list, String(pid)], { stdio: 'ignore' })
    } catch {
      // It ended a moment ago.
    }
  }
}
