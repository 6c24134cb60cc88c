import { defineError } from '../base/errors.ts'
import type { OptionSpec, OptionTable } from '../settings/option.ts'
import type { Positional } from './command.ts'

export const unknownFlag = defineError(
  'ZY0005',
  'usage',
  (p: { flag: string; command: string; nearest?: string | undefined }) => ({
    message: `\`zipyard ${p.command}\` has no option \`${p.flag}\``,
    hint: p.nearest ? `Did you mean \`${p.nearest}\`?` : `See \`zipyard ${p.command} --help\``,
  }),
)

export const missingFlagValue = defineError('ZY0006', 'usage', (p: { flag: string; value: string }) => ({
  message: `\`${p.flag}\` needs a value`,
  hint: `Write \`${p.flag} ${p.value}\``,
}))

export const wrongPositionals = defineError(
  'ZY0007',
  'usage',
  (p: { command: string; problem: string; usage: string }) => ({
    message: `\`zipyard ${p.command}\` ${p.problem}`,
    hint: `Usage: ${p.usage}`,
  }),
)

export interface ParsedArguments {
  /** Raw texts by option name: a string, a list for `strings`, true for switches. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

/**
 * Splits the arguments of one command: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `--` ends the options.
 *
 * `node:util`'s parseArgs would do the splitting, but not the aliases and not the names of the nearest flag in its errors.
 */
export function parseArguments(command: string, table: OptionTable, args: readonly string[]): ParsedArguments {
  const flags: Record<string, unknown> = {}
  const positionals: string[] = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!
    if (argument === '--') {
      positionals.push(...args.slice(index + 1))
      break
    }
    if (argument === '-' || !argument.startsWith('-')) {
      positionals.push(argument)
      continue
    }
    const { flag, inline } = splitFlag(argument)
    const found = findOption(table, flag)
    if (!found) throw unknownFlag({ flag, command, nearest: nearestFlag(table, flag) })
    const [name, spec] = found
    if (spec.type === 'boolean') {
      flags[name] = inline ?? true
      continue
    }
    const value = inline ?? args[++index]
    if (value === undefined) throw missingFlagValue({ flag, value: spec.value ?? 'VALUE' })
    flags[name] = spec.type === 'strings' ? [...((flags[name] as string[] | undefined) ?? []), value] : value
  }
  return { flags, positionals }
}

/** `usage` of a command: `zipyard build [DIR] [options]`. */
export function usageOf(command: string, positionals: readonly Positional[]): string {
  const parts = positionals.map((positional) => {
    const name = positional.many ? `${positional.name}…` : positional.name
    return positional.required ? name : `[${name}]`
  })
  return ['zipyard', command, ...parts, '[options]'].join(' ')
}

export function checkPositionals(command: string, specs: readonly Positional[], values: readonly string[]): void {
  const usage = usageOf(command, specs)
  const missing = specs.find((spec, index) => spec.required && values[index] === undefined)
  if (missing) throw wrongPositionals({ command, problem: `needs ${missing.name}: ${missing.sentence}`, usage })
  if (values.length > specs.length && !specs.at(-1)?.many)
    throw wrongPositionals({ command, problem: `does not take \`${values[specs.length]}\``, usage })
}

function splitFlag(argument: string): { flag: string; inline?: string | undefined } {
  if (argument.startsWith('--')) {
    const equals = argument.indexOf('=')
    return equals < 0 ? { flag: argument } : { flag: argument.slice(0, equals), inline: argument.slice(equals + 1) }
  }
  return argument.length > 2
    ? { flag: argument.slice(0, 2), inline: argument.slice(2).replace(/^=/, '') }
    : { flag: argument }
}

function findOption(table: OptionTable, flag: string): readonly [string, OptionSpec] | undefined {
  return Object.entries(table).find(
    ([name, spec]) =>
      flag === `--${name}` ||
      (spec.short !== undefined && flag === `-${spec.short}`) ||
      spec.aliases?.some((alias) => flag === `--${alias}`),
  )
}

/** The flag with the smallest edit distance, when it is near enough to be a slip. */
function nearestFlag(table: OptionTable, flag: string): string | undefined {
  const ranked = Object.keys(table)
    .map((name) => ({ name: `--${name}`, distance: editDistance(`--${name}`, flag) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0] && ranked[0].distance <= 2 ? ranked[0].name : undefined
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}
