/**
 * A count with its noun, for nouns whose plural has an `s`.
 * @example plural(1, 'file') // '1 file'
 */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
