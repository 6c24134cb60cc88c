import type { ConfigurationFile } from './configuration-file.ts'
import { environmentName, parseOptionValue, type OptionTable, type OptionValues } from './option.ts'

/**
 * The values of a command's options: flag, then `ZIPYARD_*`, then the configuration file, then the default.
 *
 * `flags` are the raw texts of the command line, by option name.
 */
export function resolveOptions<Table extends OptionTable>(
  table: Table,
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  file: ConfigurationFile | undefined,
): OptionValues<Table> {
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(table)) {
    const variable = environment[environmentName(name)]
    if (flags[name] !== undefined) values[name] = parseOptionValue(`--${name}`, spec, flags[name])
    else if (variable !== undefined && variable !== '') {
      const raw = spec.type === 'strings' ? variable.split(',') : variable
      values[name] = parseOptionValue(environmentName(name), spec, raw)
    } else if (spec.inFile && file?.values[name] !== undefined)
      values[name] = parseOptionValue(`${name} in ${file.path}`, spec, file.values[name])
    else values[name] = spec.default ?? (spec.type === 'strings' ? [] : spec.type === 'boolean' ? false : undefined)
  }
  return values as OptionValues<Table>
}
