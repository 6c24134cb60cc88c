/**
 * Control groups: limits of memory, processes and CPU, and the freezer, in the unified hierarchy (v2), the old one (v1), or both at once
 * (hybrid: controllers in v1, freezing and killing in v2).
 *
 * Groups are made below the service's own, so that limits of a container or of a systemd unit go on to hold.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { signal } from './process-tree.ts'

const controllers = ['memory', 'pids', 'cpu', 'freezer'] as const
export type Controller = (typeof controllers)[number]

/** Where environments' groups are made: one folder per hierarchy. */
interface Hierarchy {
  readonly version: 1 | 2
  /** The service's folder in it. */
  readonly folder: string
  readonly holds: ReadonlySet<Controller>
}

/** What one environment may use. */
export interface GroupLimits {
  readonly memoryBytes: number
  readonly processes: number
  /** 1 is a full CPU's worth. */
  readonly cpuShare: number | undefined
}

export class ControlGroups {
  readonly #hierarchies: readonly Hierarchy[]
  /** Why a controller is not there; empty when all are. */
  readonly lacking: ReadonlyMap<Controller, string>

  private constructor(hierarchies: readonly Hierarchy[], lacking: ReadonlyMap<Controller, string>) {
    this.#hierarchies = hierarchies
    this.lacking = lacking
  }

  /** Makes the service's own folder wherever this process may. Never fails: what cannot be had is in `lacking`. */
  static open(name: string): ControlGroups {
    const hierarchies: Hierarchy[] = []
    const lacking = new Map<Controller, string>(
      controllers.map((controller) => [controller, 'the kernel has no such controller here']),
    )
    for (const place of ownPlaces()) {
      const made = place.version === 2 ? openUnified(place.folder, name) : openOld(place, name)
      if ('because' in made) {
        for (const controller of place.holds) lacking.set(controller, made.because)
        continue
      }
      for (const controller of made.holds) lacking.delete(controller)
      hierarchies.push(made)
    }
    return new ControlGroups(hierarchies, lacking)
  }

  holds(controller: Controller): boolean {
    return !this.lacking.has(controller)
  }

  /** The folders, so that the next service can sweep them when this one is killed. */
  get folders(): readonly string[] {
    return this.#hierarchies.map((hierarchy) => hierarchy.folder)
  }

  make(name: string): ControlGroup {
    return new ControlGroup(
      this.#hierarchies.map((hierarchy) => ({ ...hierarchy, folder: join(hierarchy.folder, name) })),
    )
  }

  /** Removes the service's folders; environments' must be gone. */
  remove(): void {
    for (const folder of this.folders) removeFolder(folder)
  }
}

/** The groups of one environment. */
export class ControlGroup {
  readonly #places: readonly Hierarchy[]
  readonly #memory: Hierarchy | undefined
  readonly #freezer: Hierarchy | undefined
  #freezeFile: number | undefined
  readonly #killsBefore: number

  constructor(places: readonly Hierarchy[]) {
    this.#places = places
    for (const { folder } of places) mkdirSync(folder, { recursive: true })
    this.#memory = places.find((place) => place.holds.has('memory'))
    this.#freezer = places.find((place) => place.holds.has('freezer'))
    this.#killsBefore = this.#kills()
  }

  /**
   * Files of v1 to which a process writes `0` to come in. By `tasks`, never `cgroup.procs`: a thread that moves itself needs no lock over all
   * processes of the machine, and with that lock moving costs 6 to 10 ms instead of 0.03 (measured, Linux 6.18).
   */
  get attachFiles(): readonly string[] {
    return this.#places.filter((place) => place.version === 1).map((place) => join(place.folder, 'tasks'))
  }

  /** The folder in v2. Only `cgroup.procs` moves in there, so a process is best born in it (`clone3` with CLONE_INTO_CGROUP). */
  get unifiedFolder(): string | undefined {
    return this.#places.find((place) => place.version === 2)?.folder
  }

  get canFreeze(): boolean {
    return this.#freezer !== undefined
  }

  get watchesMemory(): boolean {
    return this.#memory !== undefined
  }

  limit(limits: GroupLimits): void {
    for (const { folder, version, holds } of this.#places) {
      if (holds.has('memory')) {
        this.setMemory(limits.memoryBytes)
        if (version === 2) tryWrite(join(folder, 'memory.swap.max'), '0')
        else tryWrite(join(folder, 'memory.swappiness'), '0')
      }
      if (holds.has('pids')) tryWrite(join(folder, 'pids.max'), `${limits.processes}`)
      if (holds.has('cpu') && limits.cpuShare !== undefined) {
        if (version === 2)
          tryWrite(join(folder, 'cpu.weight'), `${clamp(Math.round(limits.cpuShare * 100), 1, 10_000)}`)
        else tryWrite(join(folder, 'cpu.shares'), `${Math.max(2, Math.round(limits.cpuShare * 1024))}`)
      }
    }
  }

  setMemory(bytes: number): void {
    if (!this.#memory) return
    tryWrite(join(this.#memory.folder, this.#memory.version === 2 ? 'memory.max' : 'memory.limit_in_bytes'), `${bytes}`)
  }

  /** Memory of its own, and what it holds in memory file systems, in bytes. Page cache is neither: the kernel takes it back. */
  memoryUse(): { readonly own: number; readonly files: number } {
    if (!this.#memory) return { own: 0, files: 0 }
    const text = read(join(this.#memory.folder, 'memory.stat'))
    return this.#memory.version === 2
      ? { own: number(text, 'anon '), files: number(text, 'shmem ') }
      : { own: number(text, 'total_rss '), files: number(text, 'total_shmem ') }
  }

  /** Whether the kernel has killed for memory in here. */
  get outOfMemory(): boolean {
    return this.#kills() > this.#killsBefore
  }

  /** Synchronous: a write of two microseconds in v2. */
  freeze(): void {
    this.#setFrozen(true)
  }

  thaw(): void {
    this.#setFrozen(false)
  }

  processIds(): readonly number[] {
    const place = this.#places[0]
    return place ? read(join(place.folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number) : []
  }

  /** Says whether all are gone; a group with processes stays. */
  remove(): boolean {
    if (this.#freezeFile !== undefined) closeSync(this.#freezeFile)
    this.#freezeFile = undefined
    return this.#places.map(({ folder }) => removeFolder(folder)).every(Boolean)
  }

  #setFrozen(frozen: boolean): void {
    if (!this.#freezer) return
    const { folder, version } = this.#freezer
    try {
      this.#freezeFile ??= openSync(join(folder, version === 2 ? 'cgroup.freeze' : 'freezer.state'), 'w')
      writeSync(this.#freezeFile, version === 2 ? (frozen ? '1' : '0') : frozen ? 'FROZEN' : 'THAWED', 0)
    } catch {
      // The group is gone with its environment.
    }
  }

  #kills(): number {
    if (!this.#memory) return 0
    const file = this.#memory.version === 2 ? 'memory.events' : 'memory.oom_control'
    return number(read(join(this.#memory.folder, file)), 'oom_kill ')
  }
}

/** Ends what a service that was killed left in its groups, and removes them. */
export function sweepGroups(folders: readonly string[]): void {
  for (const folder of folders) {
    for (const name of subfolders(folder)) {
      const group = join(folder, name)
      tryWrite(join(group, 'cgroup.freeze'), '0')
      tryWrite(join(group, 'freezer.state'), 'THAWED')
      for (const pid of read(join(group, 'cgroup.procs')).split('\n').filter(Boolean)) signal(Number(pid), 'SIGKILL')
    }
    // The kernel may still be taking the last of them apart, and nobody comes by again. Half a second at most, before the service serves.
    for (let attempt = 0; attempt < 100 && !removeTree(folder); attempt += 1)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
}

/** Says whether all is gone. */
function removeTree(folder: string): boolean {
  for (const name of subfolders(folder)) removeTree(join(folder, name))
  return removeFolder(folder)
}

/** This process's group in every hierarchy that could be of use. */
function ownPlaces(): Hierarchy[] {
  const mounts = mountedHierarchies()
  const places: Hierarchy[] = []
  for (const line of read('/proc/self/cgroup').split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (names === undefined || path === undefined) continue
    const version = names === '' ? 2 : 1
    const holds =
      version === 2 ? controllers : controllers.filter((controller) => names.split(',').includes(controller))
    const mount = mounts.find((one) => (version === 2 ? one.version === 2 : one.names.includes(names)))
    if (!mount || holds.length === 0) continue
    const relative = path.startsWith(mount.root) ? path.slice(mount.root === '/' ? 0 : mount.root.length) : path
    places.push({ version, folder: join(mount.folder, relative), holds: new Set(holds) })
  }
  // The freezer of v2 costs two microseconds, that of v1 a hundred: where both are, the old one is left alone.
  const unified = places.some((place) => place.version === 2)
  return places.filter(
    (place) => place.version === 2 || !unified || !place.holds.has('freezer') || place.holds.size > 1,
  )
}

function mountedHierarchies(): { version: 1 | 2; root: string; folder: string; names: string }[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const fields = before.split(' ')
      const [kind, , options = ''] = after.split(' ')
      return { kind, root: fields[3] ?? '/', folder: fields[4] ?? '', names: options }
    })
    .filter(({ kind }) => kind === 'cgroup' || kind === 'cgroup2')
    .map(({ kind, root, folder, names }) => ({ version: kind === 'cgroup2' ? 2 : 1, root, folder, names }))
}

function openOld(place: Hierarchy, name: string): Hierarchy | { because: string } {
  const folder = join(place.folder, name)
  try {
    mkdirSync(folder, { recursive: true })
    return { ...place, folder }
  } catch (error) {
    return { because: notAllowed(place.folder, error) }
  }
}

/**
 * Controllers of v2 can be handed down only by a group without processes of its own (the root excepted): when this process is alone in its group it
 * moves into a leaf of it. Without controllers the group still freezes.
 */
function openUnified(own: string, name: string): Hierarchy | { because: string } {
  const wanted = ['memory', 'pids', 'cpu'] as const
  const folder = join(own, name)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    return { because: notAllowed(own, error) }
  }
  const offered = wanted.filter((controller) => read(join(own, 'cgroup.controllers')).split(/\s/).includes(controller))
  const enable = offered.map((controller) => `+${controller}`).join(' ')
  if (offered.length > 0 && !tryWrite(join(own, 'cgroup.subtree_control'), enable)) {
    const inside = read(join(own, 'cgroup.procs')).split('\n').filter(Boolean)
    if (inside.every((pid) => Number(pid) === process.pid)) {
      const leaf = join(own, `${name}-service`)
      try {
        mkdirSync(leaf, { recursive: true })
      } catch {
        // The write below then fails as well, and memory is watched instead.
      }
      if (tryWrite(join(leaf, 'cgroup.procs'), `${process.pid}`)) tryWrite(join(own, 'cgroup.subtree_control'), enable)
    }
  }
  tryWrite(join(folder, 'cgroup.subtree_control'), enable)
  const enabled = read(join(folder, 'cgroup.subtree_control')).split(/\s/)
  const holds = new Set<Controller>(wanted.filter((controller) => enabled.includes(controller)))
  return { version: 2, folder, holds: new Set([...holds, 'freezer']) }
}

function notAllowed(folder: string, error: unknown): string {
  return `no group can be made in \`${folder}\` (${(error as NodeJS.ErrnoException).code}); run as a systemd unit with \`Delegate=yes\`, or as root`
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch {
    return []
  }
}

function tryWrite(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'r+' })
    return true
  } catch {
    return false
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function number(text: string, name: string): number {
  const at = text.startsWith(name) ? 0 : text.indexOf(`\n${name}`) + 1
  return at === 0 && !text.startsWith(name) ? 0 : Number.parseInt(text.slice(at + name.length), 10)
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))
