/** What the tests of this room share: a program in Python, a socket that stands for the service, and what came of it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { processTree } from '../../src/sandbox/process-tree.ts'
import { probeTiers } from '../../src/sandbox/probe.ts'
import type { ExitStatus, Sandbox, SandboxProcess, SandboxSpec, Tier } from '../../src/sandbox/sandbox.ts'

/** Where ordinary users and functions may pass: `mkdtemp` alone makes folders that only their owner may enter. */
export function openFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `zipyard-${name}-`))
  chmodSync(folder, 0o755)
  return folder
}

export function write(path: string, text: string, mode = 0o644): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** A Python that everyone may run: the system's, which a version manager in a closed home is not. */
export function systemPython(): SandboxSpec['interpreter'] {
  const program =
    'import os, sys, json; print(json.dumps([os.path.realpath(sys.executable), sys.base_prefix, sys.version.split()[0]]))'
  const ask = (name: string): SandboxSpec['interpreter'] => {
    const [executable, prefix, version] = JSON.parse(execFileSync(name, ['-I', '-S', '-c', program]).toString()) as [
      string,
      string,
      string,
    ]
    return { executable, prefix, version }
  }
  // The suites run over any other Python by naming it.
  const named = process.env['ZIPYARD_TEST_PYTHON']
  if (named !== undefined) return ask(named)
  try {
    return ask('/usr/bin/python3')
  } catch {
    return ask('python3')
  }
}

/**
 * The tiers that this machine holds for this user. As root on Linux the two strongest must be among them wherever tests run: a suite that
 * skips them for a wrong reason would be green and prove nothing.
 */
export const testedTiers: readonly Tier[] = (await probeTiers({ interpreter: systemPython(), network: 'none' }))
  .filter((report) => {
    if (!report.isAvailable) process.stderr.write(`not tested here: tier ${report.tier}: ${report.because}\n`)
    return report.isAvailable
  })
  .map((report) => report.tier)

/** Processes whose command line holds a text. */
export function processesThatMention(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0]
        return state !== 'Z' && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
      } catch {
        return false
      }
    })
    .map(Number)
}

export interface Trial {
  readonly process: SandboxProcess
  readonly status: Promise<ExitStatus>
  /** Processes of this environment, by their ids on the host. */
  processIds(): number[]
  /** Everything that came so far. */
  stdout(): string
  stderr(): string
  telemetry(): Buffer
  /** The service's end of the program's connection, once there is one. */
  readonly connection: Promise<Socket>
  /** Resolves when the program has written `text` to stdout. */
  said(text: string): Promise<void>
}

/** A bench for one sandbox: a folder with code at /var/task, a socket, and `run`. */
export class Bench {
  readonly folder: string
  readonly sandbox: Sandbox
  readonly #interpreter: SandboxSpec['interpreter']
  readonly #servers: Server[] = []
  #next = 0

  constructor(sandbox: Sandbox, interpreter: SandboxSpec['interpreter'], folder = openFolder('bench')) {
    this.sandbox = sandbox
    this.#interpreter = interpreter
    this.folder = folder
  }

  /** Runs Python code as `/var/task/main.py`. */
  async run(code: string, changes: Partial<SandboxSpec> = {}): Promise<Trial> {
    const id = changes.id ?? `trial-${process.pid}-${(this.#next += 1)}`
    const task = join(this.folder, `task-${id}-${(this.#next += 1)}`)
    write(join(task, 'main.py'), code)
    chmodSync(task, 0o755)
    const socketPath = join(this.folder, `api-${(this.#next += 1)}`)
    let arrived: (socket: Socket) => void
    const connection = new Promise<Socket>((resolve) => {
      arrived = resolve
    })
    const server = createServer((socket) => {
      socket.on('error', () => {})
      arrived(socket)
    })
    this.#servers.push(server)
    await new Promise<void>((resolve) => {
      server.listen(socketPath, resolve)
    })
    const launched = await this.sandbox.launch({
      id,
      interpreter: this.#interpreter,
      argv: [
        `/var/lang/bin/python${this.#interpreter.version.split('.').slice(0, 2).join('.')}`,
        '-S',
        '/var/task/main.py',
      ],
      environment: { PATH: '/var/lang/bin:/usr/bin:/bin', LD_LIBRARY_PATH: '/var/lang/lib' },
      workingDirectory: '/var/task',
      binds: [{ source: task, target: '/var/task' }],
      temporaryFolder: join(this.folder, `tmp-${id}`),
      temporaryBytes: 512 * 1024 * 1024,
      memoryBytes: 128 * 1024 * 1024,
      processes: 1024,
      network: 'host',
      apiSocket: socketPath,
      allowZygote: false,
      ...changes,
    })
    return watchTrial(launched, connection, task)
  }

  /** Runs code to its end and returns what it printed; fails with its stderr when it did not end well. */
  async output(code: string, changes: Partial<SandboxSpec> = {}): Promise<string> {
    const trial = await this.run(code, changes)
    const status = await trial.status
    if (status.code !== 0) throw new Error(`ended with ${JSON.stringify(status)}: ${trial.stderr()}`)
    return trial.stdout()
  }

  /** Whether a process was started by this test's process, however far down. */
  isOurs(pid: number): boolean {
    return processTree(process.pid).includes(pid)
  }

  closeServers(): void {
    for (const server of this.#servers.splice(0)) server.close()
  }

  async stop(): Promise<void> {
    await this.sandbox.stop()
    this.closeServers()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function watchTrial(launched: SandboxProcess, connection: Promise<Socket>, task: string): Trial {
  const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[], telemetry: [] as Buffer[] }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr', 'telemetry'] as const) {
    launched[name].on('data', (chunk: Buffer) => {
      collected[name].push(chunk)
      for (const listener of listeners) listener()
    })
  }
  const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(collected[name]).toString()
  return {
    process: launched,
    status: launched.exited,
    connection,
    // Inside the folder is /var/task: who has it mounted, or in its command line, belongs to this environment.
    processIds: () =>
      processesThatMention('').filter((pid) => {
        try {
          const shown = `${readFileSync(`/proc/${pid}/mountinfo`, 'latin1')}${readFileSync(`/proc/${pid}/cmdline`, 'latin1')}`
          return shown.includes(task)
        } catch {
          return false
        }
      }),
    stdout: () => text('stdout'),
    stderr: () => text('stderr'),
    telemetry: () => Buffer.concat(collected.telemetry),
    said: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!text('stdout').includes(wanted)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void launched.exited.then((status) =>
          reject(new Error(`ended with ${JSON.stringify(status)} before saying ${wanted}: ${text('stderr')}`)),
        )
      }),
  }
}
