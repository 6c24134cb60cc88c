import type { OptionTable } from '../settings/option.ts'

/** The options of every command. */
export const globalOptions = {
  json: { type: 'boolean', sentence: 'Print the result as JSON on stdout' },
  quiet: { type: 'boolean', short: 'q', sentence: 'Print nothing but the result and errors' },
  verbose: { type: 'boolean', short: 'v', sentence: 'Tell more about what is done' },
  directory: { type: 'string', value: 'DIR', sentence: 'Work as if started in this folder' },
  help: { type: 'boolean', short: 'h', sentence: 'Print this help' },
} as const satisfies OptionTable
