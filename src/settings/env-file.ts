import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** The variables of a `.env` file: `NAME=value` lines, comments, quotes, as Node and Docker read them. */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
  return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>
}
