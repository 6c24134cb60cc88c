/**
 * Filter patterns of CloudWatch Logs: terms, `%regular expressions%`, `{ JSON conditions }` and `[space, delimited, fields]`.
 *
 * @see "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail", CloudWatch Logs user guide
 */
import { malformedFilterPattern } from './errors.ts'
import { parseFieldPattern } from './filter-fields.ts'
import { parseJsonPattern } from './filter-json.ts'
import { parseFilterRegex } from './filter-regex.ts'

/** Says whether a message passes. */
export type MessageFilter = (message: string) => boolean

/** @throws `malformedFilterPattern` */
export function parseFilterPattern(pattern: string): MessageFilter {
  const text = pattern.trim()
  if (text === '') return () => true
  if (text.startsWith('{')) return parseJsonPattern(text)
  if (text.startsWith('[')) return parseFieldPattern(text)
  return parseTerms(text)
}

interface Term {
  readonly kind: 'required' | 'optional' | 'excluded'
  readonly matches: MessageFilter
}

/** A quoted phrase, a regular expression or a word, each perhaps after `?` (optional) or `-` (excluded). */
const termToken = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|(%(?:[^%\\]|\\.)+%)|([^\s"]+))(?=\s|$)\s*/y

/**
 * All required terms, none of the excluded ones. Optional terms mean "any of these" and, as on AWS, count only among themselves: beside
 * a required term they change nothing.
 */
function parseTerms(text: string): MessageFilter {
  const terms: Term[] = []
  termToken.lastIndex = 0
  while (termToken.lastIndex < text.length) {
    const at = termToken.lastIndex
    const match = termToken.exec(text)
    if (!match) {
      throw malformedFilterPattern({
        pattern: text,
        because: `Invalid character(s) in term '${text.slice(at).split(/\s/)[0]}'`,
      })
    }
    const [, sign, phrase, regex, word] = match
    if (word !== undefined && !/^[\p{L}\p{N}_]+$/u.test(word)) {
      throw malformedFilterPattern({ pattern: text, because: `Invalid character(s) in term '${word}'` })
    }
    const kind = sign === '?' ? 'optional' : sign === '-' ? 'excluded' : 'required'
    const needle = phrase === undefined ? word : phrase.replace(/\\(["\\])/g, '$1')
    const matches = regex === undefined ? containing(needle!) : parseFilterRegex(regex)
    terms.push({ kind, matches })
  }
  const required = terms.filter((term) => term.kind === 'required')
  const excluded = terms.filter((term) => term.kind === 'excluded')
  const optional = required.length > 0 ? [] : terms.filter((term) => term.kind === 'optional')
  return (message) =>
    required.every((term) => term.matches(message)) &&
    !excluded.some((term) => term.matches(message)) &&
    (optional.length === 0 || optional.some((term) => term.matches(message)))
}

function containing(needle: string): MessageFilter {
  return (message) => message.includes(needle)
}
