import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Linux pages, in bytes. 16 and 64 KiB kernels exist on arm64; `statm` counts pages, `status` counts kB, so only the latter is read. */
const kibibyte = 1024

/** The process and all its descendants, by what the kernel lists as children; those whose parent died are not among them. */
export function processTree(root: number): number[] {
  const found = [root]
  for (let next = 0; next < found.length; next += 1) {
    for (const thread of list(`/proc/${found[next]}/task`)) {
      for (const child of read(`/proc/${found[next]}/task/${thread}/children`).split(' ')) {
        if (child !== '') found.push(Number(child))
      }
    }
  }
  return found
}

/** Memory that processes hold now, and the largest that the first of them ever held, in bytes. Zero for those that are gone. */
export function residentMemory(pids: readonly number[]): { readonly now: number; readonly peakOfFirst: number } {
  let now = 0
  let peakOfFirst = 0
  for (const [index, pid] of pids.entries()) {
    const status = read(`/proc/${pid}/status`)
    now += field(status, 'VmRSS:')
    if (index === 0) peakOfFirst = field(status, 'VmHWM:')
  }
  return { now, peakOfFirst }
}

/**
 * Memory with shared pages counted once (proportional set size), in bytes. Forked workers share most of theirs, so that a sum of resident
 * sizes would find four times the truth; this costs fifteen times as much to read and is asked only before a verdict.
 */
export function proportionalMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + field(read(`/proc/${pid}/smaps_rollup`), 'Pss:'), 0)
}

/** Every process that runs under one of these user ids. */
export function processesOfUsers(first: number, last: number): number[] {
  return allProcesses().filter((pid) => {
    try {
      const { uid } = statSync(`/proc/${pid}`)
      return uid >= first && uid <= last && !isZombie(pid)
    } catch {
      return false
    }
  })
}

/** Every process whose environment, as it was given to it, holds `name=value`, or `name=value` with more after it when `prefix` is set. */
export function processesWithVariable(name: string, value: string, prefix = false): number[] {
  const wanted = `\0${name}=${value}`
  return allProcesses().filter((pid) => {
    const environ = `\0${read(`/proc/${pid}/environ`)}\0`
    return environ.includes(prefix ? wanted : `${wanted}\0`) && !isZombie(pid)
  })
}

/** Whether a process was started with this text in its command line. It is over when it begins to end. */
export function isStartedWith(pid: number, text: string): boolean {
  return read(`/proc/${pid}/cmdline`).includes(text) && !isZombie(pid)
}

/** Every process that was started with this text in its command line. */
export function processesStartedWith(text: string): number[] {
  return allProcesses().filter((pid) => isStartedWith(pid, text))
}

/** When a process started, in the kernel's ticks since it booted: with the process id it names one process and no other. */
export function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

export function isZombie(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' || stat[stat.lastIndexOf(')') + 2] === 'Z'
}

/** Sends a signal; a process that is gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

/** Kills what `find` finds until it finds nothing: whoever forks faster is found in the next round. */
export async function killAll(find: () => number[]): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const left = find()
    if (left.length === 0) return
    for (const pid of left) signal(pid, 'SIGSTOP')
    for (const pid of left) signal(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 1 + round))
  }
}

function allProcesses(): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function field(status: string, name: string): number {
  const at = status.indexOf(name)
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length), 10) * kibibyte
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
