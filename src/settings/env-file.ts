/**
 * `.env` files: the variables of functions, not of this program.
 *
 * What cannot be read is refused by its line: a variable that is silently missing, or half there, is found in the function only.
 */
import { readFileSync } from 'node:fs'
import { defineError } from '../base/errors.ts'

export const noEnvFile = defineError('ZY0024', 'refused', (p: { path: string; because: string }) => ({
  message: `The file of environment variables \`${p.path}\` cannot be read: ${p.because}`,
  hint: 'Check the path after `--env-file`',
}))

export const badEnvFile = defineError('ZY0025', 'refused', (p: { path: string; line: number; problem: string }) => ({
  message: `Line ${p.line} of \`${p.path}\` ${p.problem}`,
  hint: 'A line is `NAME=value`; a value with spaces at its ends, quotes, line ends or ` #` stands in quotes: `NAME=\'…\'` as it is, `NAME="…"` with `\\n`, `\\"` and `\\\\`',
}))

/** The variables of a `.env` file. */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw noEnvFile({ path, because: code === 'ENOENT' ? 'it is not there' : (cause as Error).message }, { cause })
  }
  return parseEnvFile(text, path)
}

/**
 * `NAME=value` lines, `export` before them, comments, and values in quotes, which may go over several lines: in double ones `\n`, `\r`, `\t`, `\"`,
 * `\\` and `\$` mean what they mean in a shell, in single ones and backticks nothing does. Variables are not expanded. The last of a name counts.
 *
 * @param path for errors
 * @throws `badEnvFile`
 */
export function parseEnvFile(text: string, path: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {}
  const source = text.replace(/^\u{feff}/u, '').replaceAll('\r\n', '\n')
  const refuse = (at: number, problem: string): never => {
    throw badEnvFile({ path, line: source.slice(0, at).split('\n').length, problem })
  }
  for (let at = 0; at < source.length;) {
    blankOrComment.lastIndex = at
    if (blankOrComment.test(source)) {
      at = blankOrComment.lastIndex
      continue
    }
    assignment.lastIndex = at
    const name = assignment.exec(source)?.[1] ?? refuse(at, 'is no `NAME=value`')
    // After a space, `#` begins a comment: there is no value.
    const isEmpty = source[assignment.lastIndex] === '#' && /[ \t]/.test(source[assignment.lastIndex - 1]!)
    const start = assignment.lastIndex - (isEmpty ? 1 : 0)
    const quote = quoted.get(source[start] ?? '')
    const value = quote ?? plain
    value.lastIndex = start
    const found = value.exec(source)?.[1] ?? refuse(at, `begins a value with \`${source[start]}\` that has no end`)
    rest.lastIndex = value.lastIndex
    if (!rest.test(source)) refuse(value.lastIndex, 'has more after the closing quote')
    variables[name] = source[start] === '"' ? found.replaceAll(/\\(.)/gs, unescaped) : quote ? found : found.trim()
    at = rest.lastIndex
  }
  return variables
}

const blankOrComment = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y
const assignment = /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/y
/** Up to the end of the line, or to a comment, which has a space before it. */
const plain = /((?:(?![ \t]#)[^\n])*)/y
const quoted: ReadonlyMap<string, RegExp> = new Map([
  ['"', /"((?:[^"\\]|\\[^])*)"/y],
  ["'", /'([^']*)'/y],
  ['`', /`([^`]*)`/y],
])
const rest = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' }
const unescaped = (whole: string, character: string): string => escapes[character] ?? whole
