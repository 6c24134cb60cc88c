/** `docs/reference/cli.md`, printed from the commands themselves. */
import { environmentName } from '../settings/option.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { globalOptions } from './global-options.ts'
import { usageOf } from './parse-arguments.ts'

export async function cliReference(): Promise<string> {
  const lines = [
    '# Command line',
    '',
    'Printed from the code (`npm run docs`). stdout carries the result, stderr everything else; `--json` works on every command.',
    '',
    'A flag wins over its variable, the variable over `[tool.zipyard]` in `pyproject.toml` (or `zipyard.toml`), the file over the default.',
    '',
    'Exit codes: 0 done · 1 the input was refused · 2 used wrongly · 3 check found errors · 4 the function failed · 70 our own defect.',
    '',
    '## Options of every command',
    '',
    ...optionTable(globalOptions),
  ]
  for (const entry of commands) {
    const command = (await entry.load()).command as Command
    lines.push(
      '',
      `## zipyard ${entry.name}`,
      '',
      `${entry.summary}.`,
      '',
      '```',
      usageOf(entry.name, command.positionals),
      '```',
    )
    if (command.positionals.length > 0)
      lines.push('', ...command.positionals.map((positional) => `- \`${positional.name}\`: ${positional.sentence}`))
    if (Object.keys(command.options).length > 0) lines.push('', ...optionTable(command.options))
    if (command.examples.length > 0) lines.push('', '```', ...command.examples, '```')
  }
  return `${lines.join('\n')}\n`
}

function optionTable(options: Command['options']): string[] {
  const rows = Object.entries(options).map(([name, spec]) => {
    const value = spec.type === 'boolean' ? '' : ` ${spec.choices ? spec.choices.join('\\|') : (spec.value ?? 'VALUE')}`
    const flag = `${spec.short ? `\`-${spec.short}\` ` : ''}\`--${name}\`${value}`
    const fallback = spec.default === undefined || spec.default === '' ? '' : `\`${String(spec.default)}\``
    const key = spec.inFile ? `\`${name}\`` : ''
    return `| ${flag} | ${spec.sentence.replaceAll('|', '\\|')} | ${fallback} | \`${environmentName(name)}\` | ${key} |`
  })
  return ['| option | meaning | default | variable | key in the file |', '|---|---|---|---|---|', ...rows]
}
