import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import { sweepGroups } from './cgroups.ts'

/**
 * The folder of one running sandbox below the sandboxes' common folder, and the removal of those whose process is gone: a service
 * that is killed cannot tidy up, so the next one does.
 */
export class StateFolder {
  readonly path: string
  readonly name: string

  /** @param common made when it is not there */
  constructor(common: string, tier: string) {
    makeFolder(common, 0o700)
    sweep(common)
    this.name = `zipyard-${process.pid}-${startOf(process.pid)}-${tier}-${(counter += 1)}`
    this.path = join(common, this.name)
    mkdirSync(this.path, { mode: 0o700 })
  }

  /** Remembers control groups, to be found by the next service if this one is killed. */
  rememberGroups(folders: readonly string[]): void {
    writeFileSync(join(this.path, 'groups.json'), JSON.stringify(folders))
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

let counter = 0

function sweep(common: string): void {
  for (const name of readdirSync(common)) {
    const [, pid, start] = /^zipyard-(\d+)-(\d+)-/.exec(name) ?? []
    // A number that was given to another process meanwhile has another start.
    if (pid === undefined || startOf(Number(pid)) === start) continue
    const folder = join(common, name)
    try {
      sweepGroups(JSON.parse(readFileSync(join(folder, 'groups.json'), 'utf8')) as string[])
    } catch {
      // It made none.
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

/** When a process was started, in clock ticks since boot; `0` when it is gone. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
  } catch {
    return '0'
  }
}
