import type { ProcessIo } from './process-io.ts'
import { createTerminal } from './terminal.ts'

/** Runs one command line and returns its exit code. Loads only what that command line needs: `--help` is quick. */
export async function runCommandLine(args: readonly string[], io: ProcessIo, signal: AbortSignal): Promise<number> {
  const [name, ...rest] = commandFirst(args)
  const { out, style } = createTerminal(io.stdout, io.stderr, io.environment, false)
  if (name === '--version' || name === '-V') {
    const { version } = await import('./version.ts')
    out(`zipyard ${version()}`)
    return 0
  }
  const isAboutCommand = name === 'help' && rest[0] !== undefined && !rest[0].startsWith('-')
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && !isAboutCommand)) {
    const { rootHelp } = await import('./root-help.ts')
    out(rootHelp(style))
    return name === undefined ? 2 : 0
  }
  const { runCommand } = await import('./run-command.ts')
  return isAboutCommand ? runCommand(rest[0]!, ['--help'], io, signal) : runCommand(name, rest, io, signal)
}

/** `zipyard --json ps` is `zipyard ps --json`: the options of every command may stand before it. */
function commandFirst(args: readonly string[]): readonly string[] {
  let index = 0
  while (index < args.length && args[index]!.startsWith('-')) {
    if (index === 0 && /^(?:--help|-h|--version|-V)$/.test(args[index]!)) return args
    index += args[index] === '--directory' ? 2 : 1
  }
  return index === 0 || index >= args.length ? args : [args[index]!, ...args.slice(0, index), ...args.slice(index + 1)]
}
