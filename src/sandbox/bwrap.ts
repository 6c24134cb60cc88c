/**
 * Tier `bwrap`: bubblewrap makes the namespaces, for machines where only it may (its set-user-id bit, or its AppArmor profile). Programs are
 * executed, never forked from a warm interpreter, and /tmp is new with every process.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../base/digest.ts'
import { connectToApi } from './api-connection.ts'
import { launchFailed, networkUnavailable } from './errors.ts'
import { exitStatus, streamEnd } from './exit-status.ts'
import { Launches } from './launches.ts'
import { judgeResidentMemory, MemoryWatch, type Watched } from './memory-watch.ts'
import { mayEnter, requirePassage } from './passage.ts'
import { isStartedWith, isZombie, killAll, processesStartedWith, processTree, signal } from './process-tree.ts'
import type { ExitStatus, Sandbox, SandboxProcess, SandboxSpec } from './sandbox.ts'
import { StateFolder } from './state-folder.ts'
import { UserIds } from './user-ids.ts'

const guestFolder = fileURLToPath(new URL('../../runtime/isolation', import.meta.url))
const devices = ['null', 'zero', 'full', 'random', 'urandom']
const shared = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix', '/gnu']

/** Where bubblewrap leaves no right to give the network another address. Lambda's own was this one before it was 169.254.100.1. */
const loopback = '127.0.0.1'

/** Inside, where the limit of processes counts this environment's alone. */
const limits =
  'ulimit -c 0; ulimit -n 1024; ulimit -l 64 2>/dev/null; ulimit -S -s 8192 2>/dev/null; ulimit -u 742 2>/dev/null || ulimit -p 742 2>/dev/null; exec "$@"'

export function createBwrapSandbox(options: {
  readonly stateFolder: string
  /** Any Python: it writes what a root needs, once. */
  readonly launcher?: SandboxSpec['interpreter'] | undefined
}): Sandbox {
  return new BwrapSandbox(options)
}

class BwrapSandbox implements Sandbox {
  readonly tier = 'bwrap'
  readonly fileAccess = process.getuid?.() === 0 ? 'as-other' : 'as-owner'
  readonly facts = {
    hasOwnUsers: this.fileAccess === 'as-other',
    limitsMemory: false,
    limitsProcesses: true,
    relayAddress: loopback,
    keepsTemporary: false,
    filtersCalls: process.arch === 'x64' || process.arch === 'arm64',
  }
  readonly #state: StateFolder
  /** Begins the marks of its processes. */
  readonly #mark: string
  readonly #users: UserIds
  readonly #launcher: { readonly executable: string; readonly prefix: string }
  readonly #environments = new Map<string, number | undefined>()
  readonly #running = new Map<string, BwrapProcess>()
  readonly #watch = new MemoryWatch()
  readonly #launches = new Launches()
  #isPrepared = false

  constructor(options: { readonly stateFolder: string; readonly launcher?: SandboxSpec['interpreter'] | undefined }) {
    this.#state = new StateFolder(options.stateFolder, 'bwrap')
    this.#mark = `zipyard-${sha256(options.stateFolder).slice(0, 16)}-`
    // What a service that was killed left running: see `#waitForEnd`.
    for (const pid of processesStartedWith(this.#mark)) signal(pid, 'SIGKILL')
    this.#users = new UserIds(options.stateFolder)
    this.#launcher = options.launcher ?? { executable: 'python3', prefix: '/usr' }
  }

  launch(spec: SandboxSpec): Promise<SandboxProcess> {
    return this.#launches.begin(spec.id, () => this.#launch(spec))
  }

  async #launch(spec: SandboxSpec): Promise<SandboxProcess> {
    if (spec.network === 'bridge')
      throw networkUnavailable({
        network: 'bridge',
        tier: this.tier,
        because: 'bubblewrap makes networks without a way out only',
        remedy: 'Use `--network none` or `--network host`, or run the service as root for isolation `root`',
      })
    if (this.#running.has(spec.id)) throw launchFailed({ id: spec.id, because: 'its last process has not ended' })
    this.#prepare()
    const user = this.#userOf(spec)
    const api = await connectToApi(spec)
    const filter = this.facts.filtersCalls ? openSync(this.#file('filter'), 'r') : undefined
    const relays = spec.network === 'host' ? [] : (spec.relays ?? [])
    const mark = `${this.#mark}${sha256(spec.id).slice(0, 16)}`
    const script = [`: ${mark}`, ...relays.map(({ port }) => this.#relayCommand(port)), limits].join('; ')
    const child = spawn('bwrap', ['--args', '5', '--', '/bin/sh', '-c', script, 'sh', ...spec.argv], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', api, 'pipe', filter ?? 'ignore', 'pipe'],
      detached: true,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    })
    if (filter !== undefined) closeSync(filter)
    const launched = new BwrapProcess(spec, child, mark)
    this.#running.set(spec.id, launched)
    const unwatch = this.#watch.add(launched)
    void launched.exited.then(() => {
      unwatch()
      this.#running.delete(spec.id)
    })
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', reject)
      })
    } catch (cause) {
      throw launchFailed({ id: spec.id, because: (cause as Error).message }, { cause })
    } finally {
      api.destroy()
    }
    // By a pipe and not as arguments: everyone on the host may read a command line, and variables hold keys.
    const into = (child.stdio as readonly unknown[])[5] as Writable
    into.on('error', () => {})
    into.end([...this.#arguments(spec, relays, filter !== undefined), ''].join('\0'))
    return launched
  }

  async warm(): Promise<void> {
    this.#prepare()
  }

  async release(id: string): Promise<void> {
    const running = this.#running.get(id)
    running?.kill()
    await running?.exited
    const user = this.#environments.get(id)
    if (user !== undefined) this.#users.giveBack(user)
    this.#environments.delete(id)
  }

  async stop(): Promise<void> {
    this.#launches.close()
    await this.#launches.settled()
    await Promise.all([...this.#environments.keys()].map((id) => this.release(id)))
    this.#watch.stop()
    this.#state.remove()
  }

  #file(name: string): string {
    return join(this.#state.path, name)
  }

  /** The synthetic /etc and the filter of system calls, made by what makes them for the other tiers. */
  #prepare(): void {
    if (this.#isPrepared) return
    const run = (script: string, ...rest: string[]): Buffer =>
      execFileSync(this.#launcher.executable, ['-I', '-S', join(guestFolder, script), ...rest], { env: {}, cwd: '/' })
    try {
      mkdirSync(this.#file('etc'), { mode: 0o755, recursive: true })
      run('launcher.py', '--etc', this.#file('etc'))
      if (this.facts.filtersCalls) writeFileSync(this.#file('filter'), run('seccomp.py'))
    } catch (cause) {
      throw launchFailed({ id: 'bwrap', because: (cause as Error).message.trim().split('\n').at(-1)! }, { cause })
    }
    // As root bubblewrap runs as another user, who must come as far as the files that it mounts.
    if (this.fileAccess === 'as-other')
      for (const path of [dirname(this.#state.path), this.#state.path]) chmodSync(path, 0o711)
    this.#isPrepared = true
  }

  /** As root bubblewrap is run as another user: a user namespace of root's would lend root's own id to the function. */
  #userOf(spec: SandboxSpec): number | undefined {
    if (this.#environments.has(spec.id)) return this.#environments.get(spec.id)
    if (this.fileAccess === 'as-other') {
      for (const path of [spec.interpreter.executable, this.#file('etc'), ...spec.binds.map((bind) => bind.source)])
        requirePassage(path)
    }
    const user = this.fileAccess === 'as-other' ? this.#users.take() : undefined
    this.#environments.set(spec.id, user)
    return user
  }

  /** Starts a process between a port inside and the service's socket. */
  #relayCommand(port: number): string {
    const { executable } = this.#launcher
    return `env -i ${quoted(executable)} -I -S ${relayFolder}/relay.py ${loopback} ${port} ${relayFolder}/${port} 3>&- 4>&- || exit 127`
  }

  #relayBinds(relays: NonNullable<SandboxSpec['relays']>): string[] {
    const { prefix } = this.#launcher
    return [
      ...(prefix.startsWith('/usr') ? [] : ['--ro-bind', prefix, prefix]),
      '--ro-bind',
      join(guestFolder, 'relay.py'),
      `${relayFolder}/relay.py`,
      ...relays.flatMap(({ port, socket }) => ['--ro-bind', socket, `${relayFolder}/${port}`]),
    ]
  }

  #arguments(spec: SandboxSpec, relays: NonNullable<SandboxSpec['relays']>, isFiltered: boolean): string[] {
    const { prefix } = spec.interpreter
    const etc = this.#file('etc')
    const hosts = readdirSync(etc).filter((name) => lstatSync(join(etc, name)).isDirectory())
    return [
      ['--unshare-user', '--uid', '993', '--gid', '990', '--unshare-pid', '--unshare-ipc', '--unshare-cgroup-try'],
      ['--unshare-uts', '--hostname', 'localhost', ...(spec.network === 'none' ? ['--unshare-net'] : [])],
      ['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv'],
      shared.flatMap(shareFolder),
      ['--ro-bind', etc, '/etc'],
      hosts.flatMap((name) => ['--ro-bind', `/etc/${name}`, `/etc/${name}`]),
      ['--dir', '/dev', ...devices.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`])],
      ['--symlink', '/proc/self/fd', '/dev/fd', '--symlink', '/proc/self/fd/0', '/dev/stdin'],
      ['--symlink', '/proc/self/fd/1', '/dev/stdout', '--symlink', '/proc/self/fd/2', '/dev/stderr'],
      ['--ro-bind', prefix, '/var/lang', ...(prefix.startsWith('/usr') ? [] : ['--ro-bind', prefix, prefix])],
      ['--dir', '/var/task', '--dir', '/opt', '--dir', '/var/runtime'],
      bindArguments(spec.binds),
      relays.length > 0 ? this.#relayBinds(relays) : [],
      ['--perms', '1777', '--size', String(spec.temporaryBytes), '--tmpfs', '/tmp'],
      // Process 1 is bubblewrap's own, without the filter: were /proc writable, its memory would be, and the filter be nothing.
      ['--proc', '/proc', '--remount-ro', '/proc', '--remount-ro', '/'],
      Object.entries(spec.environment).flatMap(([name, value]) => ['--setenv', name, value]),
      [
        '--chdir',
        mayEnter(spec, spec.workingDirectory) ? spec.workingDirectory : '/',
        '--json-status-fd',
        '7',
        ...(isFiltered ? ['--seccomp', '6'] : []),
      ],
    ].flat()
  }
}

/** Inside. */
const relayFolder = '/.relay'

const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`

function shareFolder(folder: string): string[] {
  if (!existsSync(folder)) return []
  return lstatSync(folder).isSymbolicLink()
    ? ['--symlink', readlinkSync(folder), folder]
    : ['--ro-bind', folder, folder]
}

/** A folder in which another is to be mounted, and that has no place for it, is bound entry by entry. */
function bindArguments(binds: SandboxSpec['binds']): string[] {
  return binds.flatMap(({ source, target }) => {
    const needsPlace = binds.some(
      (other) => other.target.startsWith(`${target}/`) && !existsSync(join(source, other.target.slice(target.length))),
    )
    if (!needsPlace) return ['--ro-bind', source, target]
    return [
      '--dir',
      target,
      ...readdirSync(source).flatMap((name) => ['--ro-bind', join(source, name), join(target, name)]),
    ]
  })
}

class BwrapProcess implements SandboxProcess, Watched {
  readonly id: string
  readonly tier = 'bwrap'
  readonly stdout: Readable
  readonly stderr: Readable
  readonly telemetry: Readable
  readonly exited: Promise<ExitStatus>
  readonly #memoryBytes: number
  readonly #child: ChildProcess
  readonly #mark: string
  #isEnded = false
  #outOfMemory = false
  #peakBytes = 0
  /** Process 1 of the namespace, by its id on the host. */
  #first: number | undefined
  frozen = false

  /** @param mark what no other process has in its command line than bubblewrap outside and its process 1 */
  constructor(spec: SandboxSpec, child: ChildProcess, mark: string) {
    this.id = spec.id
    this.#memoryBytes = spec.memoryBytes
    this.#child = child
    this.#mark = mark
    this.stdout = child.stdout!
    this.stderr = child.stderr!
    this.telemetry = child.stdio[3] as Readable
    ;((child.stdio as readonly unknown[])[7] as Readable)
      .on('error', () => {})
      .on('data', (text: Buffer) => {
        this.#first ??= Number(/"child-pid": (\d+)/.exec(text.toString())?.[1])
      })
    this.exited = this.#waitForEnd()
  }

  look(): void {
    const pids = this.#processIds()
    if (pids.length === 0) return
    const { peakBytes, isTooMuch } = judgeResidentMemory(pids, this.#memoryBytes)
    this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
    if (!isTooMuch) return
    this.#outOfMemory = true
    this.kill()
  }

  freeze(): void {
    this.frozen = true
    for (const pid of this.#processIds()) signal(pid, 'SIGSTOP')
  }

  thaw(): void {
    this.frozen = false
    for (const pid of this.#processIds()) signal(pid, 'SIGCONT')
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#isEnded) return
    this.thaw()
    const [program] = this.#processIds()
    if (program !== undefined) signal(program, 'SIGTERM')
    const timer = setTimeout(() => this.kill(), graceMs)
    await this.exited
    clearTimeout(timer)
  }

  /** Process 1 of the namespace ends everything in it, and is ended when bubblewrap outside is. */
  kill(): void {
    if (this.#isEnded || this.#child.pid === undefined) return
    for (const pid of processTree(this.#child.pid).reverse()) signal(pid, 'SIGKILL')
  }

  peakMemoryBytes(): number {
    this.look()
    return this.#peakBytes
  }

  /** The program and what it started: bubblewrap outside and its process 1 inside come before it. */
  #processIds(): number[] {
    return this.#isEnded || this.#child.pid === undefined ? [] : processTree(this.#child.pid).slice(2)
  }

  #orphans(): number[] {
    if (this.#first === undefined) return processesStartedWith(this.#mark)
    return isStartedWith(this.#first, this.#mark) ? [this.#first] : []
  }

  async #waitForEnd(): Promise<ExitStatus> {
    const [code, name] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      this.#child.once('exit', (...status) => resolve(status))
      this.#child.once('error', () => resolve([127, null]))
    })
    this.#isEnded = true
    // Process 1 asks to be ended with bubblewrap outside once it runs: one that was still on its way there when that was killed would live for ever.
    if (name !== null) await killAll(() => this.#orphans())
    // Bubblewrap may end before the kernel has ended what was left in the namespace; its first process goes last.
    for (let wait = 1; this.#first !== undefined && !isZombie(this.#first) && wait < 2000; wait *= 2)
      await new Promise((resolve) => setTimeout(resolve, wait))
    await Promise.all([this.stdout, this.stderr, this.telemetry].map(streamEnd))
    if (name !== null) return { code: undefined, signal: name, outOfMemory: this.#outOfMemory }
    // As shells do, bubblewrap tells of a signal by 128 and its number; a program that exits so itself is taken for one that was killed.
    return code! > 128 && code! < 128 + 65 ? exitStatus(code! - 128, this.#outOfMemory) : exitStatus(code! << 8, false)
  }
}
