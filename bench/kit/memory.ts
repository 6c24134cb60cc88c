/** Memory of processes that share much of it. */
import { readFileSync } from 'node:fs'

/** Memory with shared pages counted once for all who share them, in KiB; nothing of a process that is gone. */
export function proportionalKib(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0), 0)
}

/**
 * Those of the processes whose command line fits, without process 1 of environments: it has no memory of its own but waits in that of the zygote's
 * template (`kernel.Waiter`), so that what the kernel tells of it would be counted once more for each.
 */
export function privateProcesses(pids: readonly number[], fits: (command: string) => boolean): number[] {
  return pids.filter(
    (pid) => fits(read(`/proc/${pid}/cmdline`)) && !/^NSpid:\s+\d+\s+1$/m.test(read(`/proc/${pid}/status`)),
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
