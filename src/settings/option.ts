/**
 * An option as one row of data: flag, variable, configuration key, type, default and sentence come from the same place, and so do
 * the parser, the types, `--help` and the reference page.
 */
import { defineError } from '../base/errors.ts'

export type OptionType = 'string' | 'strings' | 'integer' | 'boolean'

export interface OptionSpec {
  readonly type: OptionType
  /** What it does, one sentence without a full stop. */
  readonly sentence: string
  /** One letter, `-o`. */
  readonly short?: string
  /** Further spellings of the flag. */
  readonly aliases?: readonly string[]
  /** What stands for the value in help, `FILE`. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** Smallest and largest value of an integer. */
  readonly range?: readonly [number, number]
  readonly default?: string | number | boolean
  /** Whether `[tool.zipyard]` may set it, under the flag's name. */
  readonly inFile?: boolean
  /** `--no-check` is a flag of its own, not the negation of `--check`. */
}

export type OptionTable = Readonly<Record<string, OptionSpec>>

type Value<Spec extends OptionSpec> = Spec['type'] extends 'string'
  ? string
  : Spec['type'] extends 'strings'
    ? readonly string[]
    : Spec['type'] extends 'integer'
      ? number
      : boolean

/** The values of a table: what has a default, a list or a switch is always there. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends { readonly default: string | number | boolean }
    ? Value<Table[Key]>
    : Table[Key]['type'] extends 'strings' | 'boolean'
      ? Value<Table[Key]>
      : Value<Table[Key]> | undefined
}

export const badOptionValue = defineError(
  'ZY0002',
  'usage',
  (p: { option: string; text: string; expected: string }) => ({
    message: `\`${p.option}\` does not take \`${p.text}\`: expected ${p.expected}`,
    hint: `Give ${p.expected}`,
  }),
)

/** The variable that repeats a flag: `--data` is `ZIPYARD_DATA`. */
export function environmentName(flag: string): string {
  return `ZIPYARD_${flag.replaceAll('-', '_').toUpperCase()}`
}

/** Turns the text of a flag, variable or file into the option's value; `origin` names it in the error. */
export function parseOptionValue(origin: string, spec: OptionSpec, raw: unknown): unknown {
  switch (spec.type) {
    case 'boolean':
      return parseSwitch(origin, raw)
    case 'integer':
      return parseInteger(origin, spec, raw)
    case 'strings':
      return (Array.isArray(raw) ? raw : [raw]).map((text) => parseText(origin, spec, text))
    case 'string':
      return parseText(origin, spec, raw)
  }
}

function parseText(origin: string, spec: OptionSpec, raw: unknown): string {
  if (typeof raw !== 'string') throw badOptionValue({ option: origin, text: JSON.stringify(raw), expected: 'a text' })
  if (spec.choices && !spec.choices.includes(raw)) {
    const expected = `one of ${spec.choices.map((choice) => `\`${choice}\``).join(', ')}`
    throw badOptionValue({ option: origin, text: raw, expected })
  }
  return raw
}

function parseInteger(origin: string, spec: OptionSpec, raw: unknown): number {
  const number = typeof raw === 'number' ? raw : /^-?\d+$/.test(String(raw).trim()) ? Number(raw) : Number.NaN
  const [least, most] = spec.range ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  if (!Number.isSafeInteger(number) || number < least || number > most) {
    const expected = spec.range ? `a whole number from ${least} to ${most}` : 'a whole number'
    throw badOptionValue({ option: origin, text: String(raw), expected })
  }
  return number
}

function parseSwitch(origin: string, raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw
  const text = String(raw).trim().toLowerCase()
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  if (['', '0', 'false', 'no', 'off'].includes(text)) return false
  throw badOptionValue({ option: origin, text: String(raw), expected: '`true` or `false`' })
}
