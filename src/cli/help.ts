import { environmentName, type OptionSpec, type OptionTable } from '../settings/option.ts'
import type { Command } from './command.ts'
import type { CommandEntry } from './commands.ts'
import type { Style } from './terminal.ts'
import { usageOf } from './parse-arguments.ts'
import { globalOptions } from './global-options.ts'

/** `zipyard build --help`. */
export function commandHelp(entry: CommandEntry, command: Command, style: Style): string {
  const lines = [`${entry.summary}.`, '', `${style.bold('Usage:')} ${usageOf(entry.name, command.positionals)}`]
  if (command.positionals.length > 0) {
    lines.push('')
    for (const positional of command.positionals) lines.push(`  ${positional.name.padEnd(10)}  ${positional.sentence}`)
  }
  lines.push('', style.bold('Options:'), ...optionLines(command.options, style))
  lines.push('', style.bold('Everywhere:'), ...optionLines(globalOptions, style))
  if (command.examples.length > 0)
    lines.push('', style.bold('Examples:'), ...command.examples.map((example) => `  ${example}`))
  lines.push(
    '',
    `Every option can also be set by a variable: \`${environmentName(Object.keys(command.options)[0] ?? 'json')}\` and so on.`,
  )
  return lines.join('\n')
}

function optionLines(table: OptionTable, style: Style): string[] {
  const rows = Object.entries(table).map(([name, spec]) => ({ left: flagText(name, spec), spec }))
  const width = Math.min(34, Math.max(...rows.map((row) => row.left.length), 0))
  return rows.map(({ left, spec }) => {
    const fallback =
      spec.default === undefined || spec.default === '' ? '' : ` ${style.dim(`[${String(spec.default)}]`)}`
    const gap = left.length > width ? `\n  ${' '.repeat(width)}` : ' '.repeat(width - left.length)
    return `  ${left}${gap}  ${spec.sentence}${fallback}`
  })
}

function flagText(name: string, spec: OptionSpec): string {
  const value = spec.type === 'boolean' ? '' : ` ${spec.choices ? spec.choices.join('|') : (spec.value ?? 'VALUE')}`
  return `${spec.short ? `-${spec.short}, ` : '    '}--${name}${value}${spec.type === 'strings' ? '…' : ''}`
}
