import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { defineError } from '../base/errors.ts'

/** What `[tool.zipyard]` or `zipyard.toml` holds, unchecked. */
export interface ConfigurationFile {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

export const malformedToml = defineError(
  'ZY0003',
  'refused',
  (p: { file: string; line: number; column: number; problem: string }) => ({
    message: `\`${p.file}\` is not valid TOML: line ${p.line}, column ${p.column}: ${p.problem}`,
    hint: 'Correct that line; strings need quotes, tables stand in brackets',
  }),
)

/** Reads a TOML file; a mistake is told with its line and column. */
export function readToml(path: string): Record<string, unknown> {
  try {
    return parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const problem = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')
    throw malformedToml({ file: path, line: error.line, column: error.column, problem }, { cause: undefined })
  }
}

/** The configuration of the project at `folder`, or of the nearest folder above it. `zipyard.toml` wins over `pyproject.toml`. */
export function findConfiguration(folder: string): ConfigurationFile | undefined {
  for (let current = folder; ; current = dirname(current)) {
    const own = join(current, 'zipyard.toml')
    if (existsSync(own)) return { path: own, values: readToml(own) }
    const project = join(current, 'pyproject.toml')
    if (existsSync(project)) {
      const tool = readToml(project)['tool'] as Record<string, unknown> | undefined
      const values = tool?.['zipyard']
      if (values && typeof values === 'object') return { path: project, values: values as Record<string, unknown> }
      return undefined
    }
    if (dirname(current) === current) return undefined
  }
}
