/** Comparisons of filter patterns: `= 4*`, `> 1000`, `!= "a b"`, `= %regex%`. */
import { parseFilterRegex } from './filter-regex.ts'

export type Operator = '=' | '!=' | '<' | '>' | '<=' | '>='

export type ValueTest = (value: string | number | boolean) => boolean

/**
 * @param literal as written: quoted, a regular expression between percent signs, a number, or a word with `*` for any characters
 * @returns undefined when the operator does not go with the literal
 */
export function parseComparison(operator: Operator, literal: string): ValueTest | undefined {
  const isQuoted = literal.startsWith('"')
  const number = isQuoted || literal === '' ? Number.NaN : Number(literal)
  if (operator !== '=' && operator !== '!=') {
    if (Number.isNaN(number)) return undefined
    return (value) => {
      const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      if (typeof found !== 'number' || Number.isNaN(found)) return false
      return { '<': found < number, '>': found > number, '<=': found <= number, '>=': found >= number }[operator]
    }
  }
  const equal = equality(literal, isQuoted, number)
  return operator === '=' ? equal : (value) => !equal(value)
}

function equality(literal: string, isQuoted: boolean, number: number): ValueTest {
  if (/^%.+%$/s.test(literal)) {
    const matches = parseFilterRegex(literal)
    return (value) => matches(String(value))
  }
  const text = isQuoted ? literal.slice(1, -1).replace(/\\(["\\])/g, '$1') : literal
  if (!Number.isNaN(number))
    return (value) => value === text || (typeof value !== 'boolean' && Number(value) === number)
  const matches = parseWildcard(text)
  return (value) => matches(String(value))
}

/** `*` stands for any characters, also none; matched piece by piece, without backtracking over the pieces. */
function parseWildcard(pattern: string): (text: string) => boolean {
  const pieces = pattern.split('*')
  const [first, last] = [pieces[0]!, pieces.at(-1)!]
  if (pieces.length === 1) return (text) => text === pattern
  const middle = pieces.slice(1, -1)
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const piece of middle) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= text.length - last.length
  }
}
