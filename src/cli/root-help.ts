import { commands } from './commands.ts'
import type { Style } from './terminal.ts'

/** `zipyard --help`. */
export function rootHelp(style: Style): string {
  const lines = [
    'Build, prove, run and deploy Python Lambda .zip packages. No Docker, no account, no telemetry.',
    '',
    `${style.bold('Usage:')} zipyard COMMAND [options]`,
  ]
  for (const group of new Set(commands.map((command) => command.group))) {
    lines.push('', style.bold(`${group}:`))
    for (const command of commands.filter((entry) => entry.group === group))
      lines.push(`  ${style.cyan(command.name.padEnd(9))}  ${command.summary}`)
  }
  lines.push('', '`zipyard COMMAND --help` tells more about a command; `zipyard --version` prints the version.')
  return lines.join('\n')
}
