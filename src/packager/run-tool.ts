import { spawn } from 'node:child_process'

/** What a finished tool left behind. */
export interface ToolResult {
  /** Exit code; 128 + number for a signal, as a shell counts. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a tool without a shell and collects what it says. Rejects only when it cannot be started or `signal` ends it. */
export function runTool(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string | undefined
    readonly env: Readonly<Record<string, string>>
    readonly signal?: AbortSignal | undefined
  },
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      signal: options.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({
        exitCode: code ?? 128,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      })
    })
  })
}
