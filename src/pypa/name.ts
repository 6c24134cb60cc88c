import { defineError } from '../base/errors.ts'

/** A distribution's name in normalised form: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503). */
export type NormalizedName = string & { readonly __normalizedName?: never }

export const invalidName = defineError('ZY0200', 'refused', (p: { text: string }) => ({
  message: `\`${p.text}\` is not the name of a Python distribution`,
  hint: 'Names have letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit',
}))

/** @example normalizeName('Foo__Bar.baz') // 'foo-bar-baz' */
export function normalizeName(name: string): NormalizedName {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}

/** Whether `text` is a name that the core metadata specification allows. */
export function isValidName(text: string): boolean {
  return /^(?:[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9])$/i.test(text)
}

/** Normalises a name that came from outside; throws when it is none. */
export function parseName(text: string): NormalizedName {
  if (!isValidName(text)) throw invalidName({ text })
  return normalizeName(text)
}
