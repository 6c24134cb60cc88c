/** `{ ($.user.id = 1) && ($.users[0].email = "a@b.c") }`: conditions on a message that is JSON. */
import { malformedFilterPattern } from './errors.ts'
import { parseComparison, type Operator } from './filter-value.ts'

type JsonTest = (document: unknown) => boolean

const depthLimit = 64

/** @param text with its braces */
export function parseJsonPattern(text: string): (message: string) => boolean {
  if (!text.endsWith('}')) {
    throw malformedFilterPattern({ pattern: text, because: "If a filter pattern starts with '{' it must end with '}'" })
  }
  const test = new Parser(text, tokens(text, text.slice(1, -1))).parse()
  return (message) => {
    const document = parseJson(message)
    return document !== undefined && test(document)
  }
}

const token =
  /\s*(?:(&&|\|\||[()])|(!=|<=|>=|=|<|>)|(\$(?:\.[^\s.[\]()&|=!<>]+|\[(?:\*|\d+|'[^']*'|"[^"]*")\])*)|("(?:[^"\\]|\\.)*"|%(?:[^%\\]|\\.)+%|[^\s()&|=!<>"]+))/y

interface Token {
  readonly kind: 'mark' | 'operator' | 'selector' | 'literal'
  readonly text: string
}

function tokens(pattern: string, source: string): readonly Token[] {
  const found: Token[] = []
  const trimmed = source.trimEnd()
  token.lastIndex = 0
  while (token.lastIndex < trimmed.length) {
    const at = token.lastIndex
    const match = token.exec(trimmed)
    if (!match) throw malformedFilterPattern({ pattern, because: `\`${trimmed.slice(at).trim()}\` is not understood` })
    const [, mark, operator, selector, literal] = match
    if (mark !== undefined) found.push({ kind: 'mark', text: mark })
    else if (operator !== undefined) found.push({ kind: 'operator', text: operator })
    else if (selector !== undefined) found.push({ kind: 'selector', text: selector })
    else found.push({ kind: 'literal', text: literal! })
  }
  return found
}

/** `&&` binds more tightly than `||`. */
class Parser {
  readonly #pattern: string
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(pattern: string, tokens: readonly Token[]) {
    this.#pattern = pattern
    this.#tokens = tokens
  }

  parse(): JsonTest {
    const test = this.#any(0)
    if (this.#at < this.#tokens.length) throw this.#fail()
    return test
  }

  #any(depth: number): JsonTest {
    const tests = [this.#all(depth)]
    while (this.#takeMark('||')) tests.push(this.#all(depth))
    return (document) => tests.some((test) => test(document))
  }

  #all(depth: number): JsonTest {
    const tests = [this.#one(depth)]
    while (this.#takeMark('&&')) tests.push(this.#one(depth))
    return (document) => tests.every((test) => test(document))
  }

  #one(depth: number): JsonTest {
    if (!this.#takeMark('(')) return this.#condition()
    if (depth >= depthLimit) throw this.#fail()
    const test = this.#any(depth + 1)
    if (!this.#takeMark(')')) throw this.#fail()
    return test
  }

  #condition(): JsonTest {
    const select = parseSelector(this.#take('selector'))
    const next = this.#tokens[this.#at]
    if (next?.kind === 'literal') return this.#postfix(select)
    const operator = this.#take('operator') as Operator
    const literal = this.#take('literal')
    // `= *` asks only that there is something.
    if (literal === '*' && operator === '=') return (document) => select(document).length > 0
    const compare = parseComparison(operator, literal)
    if (!compare) throw this.#fail()
    return (document) => select(document).some((value) => isScalar(value) && compare(value))
  }

  /** `IS TRUE`, `IS FALSE`, `IS NULL`, `NOT EXISTS`, `EXISTS` */
  #postfix(select: (document: unknown) => unknown[]): JsonTest {
    const first = this.#take('literal').toUpperCase()
    if (first === 'EXISTS') return (document) => select(document).length > 0
    const words = `${first} ${this.#take('literal').toUpperCase()}`
    if (words === 'NOT EXISTS') return (document) => select(document).length === 0
    const expected = { 'IS TRUE': true, 'IS FALSE': false, 'IS NULL': null }[words]
    if (expected === undefined) throw this.#fail()
    return (document) => select(document).includes(expected)
  }

  #takeMark(mark: string): boolean {
    const next = this.#tokens[this.#at]
    if (next?.kind !== 'mark' || next.text !== mark) return false
    this.#at += 1
    return true
  }

  #take(kind: Token['kind']): string {
    const next = this.#tokens[this.#at]
    if (next?.kind !== kind) throw this.#fail()
    this.#at += 1
    return next.text
  }

  #fail(): Error {
    const next = this.#tokens[this.#at]
    return malformedFilterPattern({
      pattern: this.#pattern,
      because: next ? `\`${next.text}\` is not expected there` : 'it ends too early',
    })
  }
}

/** Gives what the selector points at: nothing, one value, or several for `[*]`. */
function parseSelector(text: string): (document: unknown) => unknown[] {
  const steps = [...text.matchAll(/\.([^.[\]]+)|\[(?:(\*)|(\d+)|'([^']*)'|"([^"]*)")\]/g)].map((match) => {
    const [, name, star, index, single, double] = match
    return star === undefined ? (name ?? index ?? single ?? double)! : undefined
  })
  return (document) => {
    let values: unknown[] = [document]
    for (const step of steps) {
      values = values.flatMap((value) => {
        if (typeof value !== 'object' || value === null) return []
        if (step === undefined || (step === '*' && Array.isArray(value))) return Object.values(value)
        return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : []
      })
    }
    return values
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function parseJson(message: string): unknown {
  const first = message.trimStart()[0]
  if (first !== '{' && first !== '[') return undefined
  try {
    return JSON.parse(message)
  } catch {
    return undefined
  }
}
