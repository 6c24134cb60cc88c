import { resolve } from 'node:path'
import { defineError } from '../base/errors.ts'
import { findConfiguration } from '../settings/configuration-file.ts'
import { resolveOptions } from '../settings/resolve-options.ts'
import { exitCodes, type Command, type Context } from './command.ts'
import { commands } from './commands.ts'
import { globalOptions } from './global-options.ts'
import { checkPositionals, editDistance, parseArguments } from './parse-arguments.ts'
import type { ProcessIo } from './process-io.ts'
import { createTerminal } from './terminal.ts'
import { unknownKeys } from './unknown-keys.ts'

const unknownCommand = defineError('ZY0008', 'usage', (p: { name: string; nearest?: string | undefined }) => ({
  message: `\`zipyard\` has no command \`${p.name}\``,
  hint: p.nearest ? `Did you mean \`zipyard ${p.nearest}\`?` : 'See `zipyard --help`',
}))

/** Runs one command: options, help, errors, exit code. */
export async function runCommand(
  name: string,
  rest: readonly string[],
  io: ProcessIo,
  signal: AbortSignal,
): Promise<number> {
  const plain = createTerminal(io.stdout, io.stderr, io.environment, false)
  let json = rest.includes('--json')
  let verbose = false
  const tellsDifference = name === 'diff' && rest.includes('--detailed-exitcode')
  try {
    const entry = commands.find((command) => command.name === name)
    if (!entry) throw unknownCommand({ name, nearest: nearestCommand(name) })
    const command = (await entry.load()).command as Command
    const table = { ...command.options, ...globalOptions }
    const parsed = parseArguments(name, table, rest)
    if (parsed.flags['help']) {
      const { commandHelp } = await import('./help.ts')
      plain.out(commandHelp(entry, command, plain.style))
      return 0
    }
    const global = resolveOptions(globalOptions, parsed.flags, io.environment, undefined)
    json = global.json
    verbose = global.verbose
    const workingDirectory = resolve(io.workingDirectory, global.directory ?? '.')
    checkPositionals(name, command.positionals, parsed.positionals)
    const file = Object.values(command.options).some((spec) => spec.inFile)
      ? findConfiguration(
          resolve(
            workingDirectory,
            parsed.positionals[0] && !parsed.positionals[0].endsWith('.zip') ? parsed.positionals[0] : '.',
          ),
        )
      : undefined
    const terminal = createTerminal(io.stdout, io.stderr, io.environment, global.quiet)
    if (file) for (const sentence of unknownKeys(file)) terminal.err(`${terminal.style.yellow('warning:')} ${sentence}`)
    const context: Context = {
      terminal,
      environment: io.environment,
      workingDirectory,
      json,
      quiet: global.quiet,
      verbose,
      signal,
    }
    const options = resolveOptions(command.options, parsed.flags, io.environment, file)
    return (await command.run(context, options as never, parsed.positionals)) ?? 0
  } catch (error) {
    if (signal.aborted) return 130
    const { renderError } = await import('./render-error.ts')
    const rendered = renderError(error, plain.style, verbose)
    if (json) plain.out(JSON.stringify(rendered.json))
    io.stderr.write(`${rendered.text}\n`)
    // Who asks for it tells `differs` (2) from every failure by the code alone.
    return tellsDifference ? exitCodes.refused : rendered.exitCode
  }
}

function nearestCommand(name: string): string | undefined {
  const ranked = commands
    .map((command) => ({ name: command.name, distance: editDistance(command.name, name) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0] && ranked[0].distance <= 2 ? ranked[0].name : undefined
}
