import { runCommandLine } from './run-command-line.ts'

/** The process of the command line: its signals, its streams, its exit code. */
export async function runProgram(): Promise<void> {
  const interruption = new AbortController()
  const interrupt = (): void => {
    // The first Ctrl-C lets the command put things in order; the second one ends it where it stands.
    if (interruption.signal.aborted) process.exit(130)
    interruption.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const isFollowing = process.argv[2] === 'logs'
  // A reader that left (`zipyard logs -f | head`, a log collector that died) takes neither the exit code of a check nor a service with it.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (isFollowing) interruption.abort()
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  process.exitCode = await runCommandLine(
    process.argv.slice(2),
    { stdout: process.stdout, stderr: process.stderr, environment: process.env, workingDirectory: process.cwd() },
    interruption.signal,
  )
  process.off('SIGINT', interrupt)
  process.off('SIGTERM', interrupt)
  // What an interrupted command may have left open keeps nobody waiting.
  if (interruption.signal.aborted) setTimeout(() => process.exit(), 500).unref()
}
