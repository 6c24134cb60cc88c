import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a finished tool left behind. */
export interface ToolResult {
  /** Exit code; 128 + number for a signal, as a shell counts. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a tool without a shell and collects what it says. Rejects only when it cannot be started or `signal` ends it: then what the tool
 * started ends too, and nobody waits for what it still says.
 */
export function runTool(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string | undefined
    readonly env: Readonly<Record<string, string>>
    readonly signal?: AbortSignal | undefined
  },
): Promise<ToolResult> {
  const { cwd, env, signal } = options
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const abort = (): void => {
      // A `python3` on PATH may be a script that starts the real one: that one holds our pipes.
      for (const pid of [...descendantsOf(child.pid), child.pid]) terminate(pid)
      child.stdout.destroy()
      child.stderr.destroy()
      reject(signal!.reason as Error)
    }
    signal?.addEventListener('abort', abort, { once: true })
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      signal?.removeEventListener('abort', abort)
      resolve({
        exitCode: code ?? 128,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      })
    })
  })
}

/** What a process started and what that started, as far as the system tells (Linux); elsewhere a terminal's Ctrl-C reaches them by itself. */
function descendantsOf(pid: number | undefined): readonly number[] {
  let children: readonly number[]
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

function terminate(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGTERM')
  } catch {
    // It has ended already.
  }
}
