import type { OptionTable, OptionValues } from '../settings/option.ts'
import type { Terminal } from './terminal.ts'

/** What a command may touch. Everything of the process comes through here, so a test can hand in its own. */
export interface Context {
  readonly terminal: Terminal
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** `--json`: the result is one JSON document on stdout (one per line where it streams). */
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

export interface Positional {
  readonly name: string
  readonly sentence: string
  readonly required?: boolean
  /** Takes all that is left. */
  readonly many?: boolean
}

/** A command is a value: help, parsing, completion and the reference page are made from it. Its summary stands in `commands.ts`. */
export interface Command<Table extends OptionTable = OptionTable> {
  readonly positionals: readonly Positional[]
  readonly options: Table
  readonly examples: readonly string[]
  /** Returns the exit code; nothing means 0. */
  run(context: Context, options: OptionValues<Table>, positionals: readonly string[]): Promise<number | void>
}

/** Gives a command its types. @example export const command = defineCommand({ positionals: [], options: {…}, examples: [], run }) */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command<Table> {
  return command
}

/** Exit codes of the command line. */
export const exitCodes = { done: 0, refused: 1, usage: 2, checkFailed: 3, functionFailed: 4, defect: 70 } as const
