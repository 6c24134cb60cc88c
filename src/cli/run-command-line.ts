import { commands } from './commands.ts'
import type { ProcessIo } from './process-io.ts'
import { createTerminal } from './terminal.ts'

/** Runs one command line and returns its exit code. Loads only what that command line needs: `--help` is quick. */
export async function runCommandLine(args: readonly string[], io: ProcessIo, signal: AbortSignal): Promise<number> {
  const [name, ...rest] = args
  const { out, style } = createTerminal(io.stdout, io.stderr, io.environment, false)
  if (name === '--version' || name === '-V') {
    const { version } = await import('./version.ts')
    out(`zipyard ${version()}`)
    return 0
  }
  const about = name === 'help' ? commands.find((entry) => entry.name === rest[0]) : undefined
  if (about) {
    const { commandHelp } = await import('./help.ts')
    out(commandHelp(about, (await about.load()).command as never, style))
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const { rootHelp } = await import('./root-help.ts')
    out(rootHelp(style))
    return name === undefined ? 2 : 0
  }
  const { runCommand } = await import('./run-command.ts')
  return runCommand(name, rest, io, signal)
}
