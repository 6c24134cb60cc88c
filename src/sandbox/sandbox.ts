/**
 * The contract of a sandbox: an isolated process tree with a file system, limits and pipes of its own. It knows nothing of Lambda.
 *
 * Guarantees of every tier: `exited` resolves exactly once; after it resolved, no process of the sandbox is left and every
 * pipe has ended; `kill` is idempotent; nothing of the host's environment variables is visible inside.
 */
import type { Readable } from 'node:stream'

/** How strong the isolation is, strongest first. See docs/concepts/isolation.md. */
export type Tier = 'root' | 'userns' | 'bwrap' | 'process'

export type NetworkMode = 'none' | 'host' | 'bridge'

export interface SandboxSpec {
  /** Unique among running sandboxes; made by us, safe as a folder name. */
  readonly id: string
  /** Absolute path of the interpreter on the host, and the prefix it is installed under (bound read-only at /var/lang). */
  readonly interpreter: { readonly executable: string; readonly prefix: string; readonly version: string }
  /** Program and arguments as seen inside. */
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

export interface Sandbox {
  readonly tier: Tier
  launch(spec: SandboxSpec): Promise<SandboxProcess>
  /** Ends every process of this sandbox and removes what it made (mounts, cgroups, folders). */
  stop(): Promise<void>
}
