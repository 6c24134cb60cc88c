/** `[ip, user, ..., status = 4*, bytes > 1000]`: conditions on a message whose fields stand between spaces. */
import { malformedFilterPattern } from './errors.ts'
import { parseComparison, type Operator, type ValueTest } from './filter-value.ts'

type FieldTest = ValueTest | '...'

/** @param text with its brackets */
export function parseFieldPattern(text: string): (message: string) => boolean {
  if (!text.endsWith(']')) {
    throw malformedFilterPattern({ pattern: text, because: "If a filter pattern starts with '[' it must end with ']'" })
  }
  const fields = splitOutside(text.slice(1, -1), ',').map((field) => parseField(text, field.trim()))
  const gap = fields.indexOf('...')
  if (gap !== fields.lastIndexOf('...')) {
    throw malformedFilterPattern({ pattern: text, because: '`...` may stand once only' })
  }
  const [head, tail] = gap < 0 ? [fields, []] : [fields.slice(0, gap), fields.slice(gap + 1)]
  return (message) => {
    const values = fieldsOf(message)
    const fits = gap < 0 ? values.length === head.length : values.length >= head.length + tail.length
    return fits && passes(head, values) && passes(tail, values.slice(values.length - tail.length))
  }
}

function passes(tests: readonly FieldTest[], values: readonly string[]): boolean {
  return tests.every((test, index) => test === '...' || test(values[index]!))
}

/** Spaces separate; what stands in quotes or brackets is one field, without them. */
function fieldsOf(message: string): readonly string[] {
  return [...message.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3]!)
}

function parseField(pattern: string, field: string): FieldTest {
  if (field === '...') return '...'
  const alternatives = splitOutside(field, '||').map((part) =>
    splitOutside(part, '&&').map((condition) => parseCondition(pattern, condition.trim())),
  )
  return (value) => alternatives.some((conditions) => conditions.every((test) => test(value)))
}

function parseCondition(pattern: string, condition: string): ValueTest {
  // A name alone takes anything, and so does nothing at all.
  if (/^[\w.-]*$/.test(condition)) return () => true
  const match = /^[\w.-]+\s*(!=|<=|>=|=|<|>)\s*("(?:[^"\\]|\\.)*"|%(?:[^%\\]|\\.)+%|[^\s"%]+)$/.exec(condition)
  const test = match && parseComparison(match[1] as Operator, match[2]!)
  if (!test) throw malformedFilterPattern({ pattern, because: `\`${condition}\` is not a field` })
  return test
}

/** Splits at a separator that stands neither in quotes nor in a regular expression. */
function splitOutside(text: string, separator: string): readonly string[] {
  const parts: string[] = []
  let start = 0
  let quote: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\') at += 1
    else if (quote !== undefined) quote = character === quote ? undefined : quote
    else if (character === '"' || character === '%') quote = character
    else if (text.startsWith(separator, at)) {
      parts.push(text.slice(start, at))
      at += separator.length - 1
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}
