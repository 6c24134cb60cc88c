/**
 * The contract of a sandbox: an isolated process tree with a file system, limits and pipes of its own. It knows nothing of Lambda.
 *
 * Guarantees of every tier: `exited` resolves exactly once; after it resolved, no process of the sandbox is left and every
 * pipe has ended; `kill` is idempotent; nothing of the host's environment variables is visible inside.
 */
import type { Readable } from 'node:stream'

/** What the program finds open, besides stdin (`/dev/null`), stdout and stderr: the same numbers in every tier. */
export const inheritedDescriptors = {
  /** Write end of `SandboxProcess.telemetry`. */
  telemetry: 3,
  /** A stream socket that is connected to `SandboxSpec.apiSocket`. It may be non-blocking: the program sets what it needs. */
  api: 4,
} as const

/** How strong the isolation is, strongest first. See docs/concepts/isolation.md. */
export type Tier = 'root' | 'userns' | 'bwrap' | 'process'

export type NetworkMode = 'none' | 'host' | 'bridge'

export interface SandboxSpec {
  /**
   * Unique among running sandboxes; made by us, safe as a folder name. A launch under the id of one that exited and was not
   * released finds its `/tmp` as it was left, as after a timeout on Lambda; its binds and limits stay those of the first launch.
   */
  readonly id: string
  /** Absolute path of the interpreter on the host, and the prefix it is installed under (bound read-only at /var/lang). */
  readonly interpreter: { readonly executable: string; readonly prefix: string; readonly version: string }
  /**
   * Program and arguments as seen inside (`/var/lang/bin/python3.13`, `-S`, `/var/runtime/bootstrap.py`). Tier `process` cannot
   * mount anything: there each path under a bind's target, here, in the environment and in the working directory, is rewritten to the
   * host's path.
   */
  readonly argv: readonly string[]
  /** The whole environment, nothing is added. */
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  /** Host folders bound read-only at a path inside. */
  readonly binds: readonly { readonly source: string; readonly target: string }[]
  /** Host folder that belongs to the environment, bound at /tmp where no tmpfs can be mounted. */
  readonly temporaryFolder: string
  readonly temporaryBytes: number
  readonly memoryBytes: number
  readonly processes: number
  readonly cpuShare?: number | undefined
  readonly network: NetworkMode
  /** Path on the host of a unix socket the process may connect to, whatever its network. */
  readonly apiSocket: string
  /**
   * For programs that know TCP only: a port at `SandboxFacts.relayAddress` inside that leads to a unix socket of the host. With a network of its own
   * (`none`, `bridge`) only; with the host's network there is nothing to relay into, and these are left alone.
   * @example [{ port: 9001, socket: apiSocket }]
   */
  readonly relays?: readonly { readonly port: number; readonly socket: string }[] | undefined
  /** Whether the process may be forked from a warm interpreter when that gives the same observable result. */
  readonly allowZygote: boolean
}

export interface ExitStatus {
  /** Exit code, or undefined when a signal ended it. */
  readonly code?: number | undefined
  /** `SIGKILL`, `SIGSEGV` … */
  readonly signal?: string | undefined
  /** The memory limit killed it. */
  readonly outOfMemory: boolean
}

export interface SandboxProcess {
  readonly id: string
  readonly tier: Tier
  readonly stdout: Readable
  readonly stderr: Readable
  /** Frames of `_LAMBDA_TELEMETRY_LOG_FD` (execution-environment reference 3.4). */
  readonly telemetry: Readable
  readonly exited: Promise<ExitStatus>
  /** Stops all its processes between invocations; they use no CPU until `thaw`. */
  freeze(): void
  thaw(): void
  /** SIGTERM to the program, SIGKILL to the whole tree after `graceMs`. */
  stop(graceMs: number): Promise<void>
  /** SIGKILL to the whole tree now. */
  kill(): void
  /** Largest memory use so far, in bytes. */
  peakMemoryBytes(): number
}

/** What a machine adds to a tier or withholds from it; `promises.ts` says what follows. */
export interface SandboxFacts {
  /** Each environment has a user id of its own on the host. */
  readonly hasOwnUsers: boolean
  /** The kernel counts memory. */
  readonly limitsMemory: boolean
  /** The kernel counts processes, by control group or by user namespace. */
  readonly limitsProcesses: boolean
  /** System calls that no function needs are refused. */
  readonly filtersCalls: boolean
  /** Where a program with a network of its own finds `SandboxSpec.relays`; undefined where it has none. */
  readonly relayAddress: string | undefined
  /** A second process of the same id finds /tmp as the first left it. */
  readonly keepsTemporary: boolean
}

export interface Sandbox {
  readonly tier: Tier
  /**
   * How the program meets files that the service made. `as-other`: it is neither their owner nor in their group, so a zip's own mode bits
   * decide, as on Lambda. `as-owner`: it runs under the service's user; then extract with the owner's and group's bits set to
   * the bits of others, and the same files are closed to it (what `stat` shows of them differs).
   */
  readonly fileAccess: 'as-other' | 'as-owner'
  /** What this machine adds to the tier or withholds from it. */
  readonly facts: SandboxFacts
  launch(spec: SandboxSpec): Promise<SandboxProcess>
  /** Starts what makes later launches with this interpreter fast; resolves when it is ready. Calling it again does nothing. */
  warm(interpreter: SandboxSpec['interpreter']): Promise<void>
  /** Forgets an id: drops its `/tmp`. Call it when its environment ends; its process must have exited, or is killed. */
  release(id: string): Promise<void>
  /** Ends every process of this sandbox and removes what it made (mounts, cgroups, folders). */
  stop(): Promise<void>
}
