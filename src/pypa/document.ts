import { parse, TomlError } from 'smol-toml'
import { defineError } from '../base/errors.ts'
import { hideCredentials } from './hide-credentials.ts'

export const invalidToml = defineError(
  'ZY0213',
  'refused',
  (p: { file: string; line: number; column: number; problem: string; excerpt?: string }) => ({
    message: `\`${p.file}\` is not TOML: line ${p.line}, column ${p.column}: ${p.problem}`,
    hint: p.excerpt ? `Look at\n${p.excerpt}` : 'Correct the file at that place',
  }),
)

export const invalidJson = defineError('ZY0214', 'refused', (p: { file: string; problem: string }) => ({
  message: `\`${p.file}\` is not JSON: ${p.problem}`,
  hint: 'Correct the file, or let its own tool write it again',
}))

export const invalidDocument = defineError(
  'ZY0217',
  'refused',
  (p: { file: string; where: string; problem: string }) => ({
    message: p.where === '' ? `\`${p.file}\` ${p.problem}` : `\`${p.file}\`: \`${p.where}\` ${p.problem}`,
    hint: 'Correct the file, or let its own tool write it again',
  }),
)

/** A value of a parsed file together with its place, so that every complaint names both: `uv.lock`: `package[3].version` must be … */
export class DocumentNode {
  readonly file: string
  /** `package[3].source`; empty for the whole. */
  readonly where: string
  readonly value: unknown

  constructor(file: string, where: string, value: unknown) {
    this.file = file
    this.where = where
    this.value = value
  }

  get exists(): boolean {
    return this.value !== undefined
  }

  /** The value under a key; one that does not `exist` when there is none. */
  at(key: string): DocumentNode {
    const place = this.where === '' ? key : `${this.where}.${key}`
    if (this.value === undefined) return new DocumentNode(this.file, place, undefined)
    const table = this.#table()
    return new DocumentNode(this.file, place, Object.hasOwn(table, key) ? table[key] : undefined)
  }

  /** Key and value of a table, in the order of the file; none when it does not exist. */
  entries(): readonly (readonly [string, DocumentNode])[] {
    return this.value === undefined ? [] : Object.keys(this.#table()).map((key) => [key, this.at(key)] as const)
  }

  /** The elements of an array; none when it does not exist. */
  items(): readonly DocumentNode[] {
    if (this.value === undefined) return []
    if (!Array.isArray(this.value)) return this.fail(`must be an array, found ${describe(this.value)}`)
    return this.value.map((item, index) => new DocumentNode(this.file, `${this.where}[${index}]`, item))
  }

  string(): string {
    if (typeof this.value !== 'string') return this.fail(`must be a string, found ${describe(this.value)}`)
    return this.value
  }

  optionalString(): string | undefined {
    return this.value === undefined ? undefined : this.string()
  }

  strings(): readonly string[] {
    return this.items().map((item) => item.string())
  }

  boolean(otherwise: boolean): boolean {
    if (this.value === undefined) return otherwise
    if (typeof this.value !== 'boolean') return this.fail(`must be true or false, found ${describe(this.value)}`)
    return this.value
  }

  optionalInteger(): number | undefined {
    if (this.value === undefined) return undefined
    if (!Number.isSafeInteger(this.value) || (this.value as number) < 0) {
      return this.fail(`must be a whole number, found ${describe(this.value)}`)
    }
    return this.value as number
  }

  get isString(): boolean {
    return typeof this.value === 'string'
  }

  get isArray(): boolean {
    return Array.isArray(this.value)
  }

  get isTable(): boolean {
    return (
      this.value !== null &&
      typeof this.value === 'object' &&
      !Array.isArray(this.value) &&
      !(this.value instanceof Date)
    )
  }

  /** Reads the string with a parser of its own; what the parser throws is told with the place and kept as the cause. */
  parsed<Value>(parser: (text: string) => Value): Value {
    const text = this.string()
    try {
      return parser(text)
    } catch (error) {
      return this.fail(`cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
    }
  }

  optionalParsed<Value>(parser: (text: string) => Value): Value | undefined {
    return this.value === undefined ? undefined : this.parsed(parser)
  }

  fail(problem: string, cause?: unknown): never {
    throw invalidDocument(
      { file: this.file, where: this.where, problem: hideCredentials(problem) },
      cause === undefined ? undefined : { cause },
    )
  }

  #table(): Record<string, unknown> {
    if (!this.isTable) return this.fail(`must be a table, found ${describe(this.value)}`)
    return this.value as Record<string, unknown>
  }
}

/** Reads TOML; a mistake is told with line and column, both counted from 1. */
export function readToml(text: string, file: string): DocumentNode {
  try {
    return new DocumentNode(file, '', parse(text.replace(/^\uFEFF/, '')))
  } catch (error) {
    if (!(error instanceof TomlError)) {
      // Nesting that exhausts the stack is the one thing the parser answers otherwise.
      throw invalidToml({ file, line: 1, column: 1, problem: error instanceof Error ? error.message : String(error) })
    }
    const problem = error.message.replace(/^Invalid TOML document:\s*/, '').split('\n')[0]!
    throw invalidToml(
      { file, line: error.line, column: error.column, problem, excerpt: hideCredentials(error.codeblock) },
      { cause: error },
    )
  }
}

export function readJson(text: string, file: string): DocumentNode {
  try {
    return new DocumentNode(file, '', JSON.parse(text.replace(/^\uFEFF/, '')))
  } catch (error) {
    throw invalidJson({ file, problem: error instanceof Error ? error.message : String(error) })
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return 'a date'
  if (typeof value === 'string') return `the string \`${value.length > 60 ? `${value.slice(0, 60)}…` : value}\``
  if (typeof value === 'object') return 'a table'
  return `\`${String(value)}\``
}
