/** The model's patterns are Java's. They are compiled once, for the whole text. */

const compiled = new Map<string, RegExp>()

/** Whether the whole text matches a pattern of the model. */
export function isWholeMatch(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern)
  if (!expression) {
    expression = toRegExp(pattern)
    compiled.set(pattern, expression)
  }
  return expression.test(text)
}

/** Unicode classes need the `u` flag, under which characters that need no escape must have none. */
function toRegExp(pattern: string): RegExp {
  if (!pattern.includes('\\p{')) return new RegExp(`^(?:${pattern})$`)
  return new RegExp(`^(?:${pattern.replaceAll(/\\([^pPdDsSwWbBnrtfvux0-9^$\\.*+?()[\]{}|/-])/g, '$1')})$`, 'u')
}
