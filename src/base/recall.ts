/**
 * Remembers what a pure function made of a text. For texts that come again and again, such as what a client says about itself in each of its requests.
 *
 * Long texts are not kept, and when there are too many the memory starts anew: nobody can fill it. The values are shared, so they must not be changed.
 */
export function recalling<Value extends object>(parse: (text: string) => Value, kept?: number): (text: string) => Value
export function recalling<Value extends object>(
  parse: (text: string) => Value | undefined,
  kept?: number,
): (text: string) => Value | undefined
export function recalling<Value extends object>(
  parse: (text: string) => Value | undefined,
  kept = 256,
): (text: string) => Value | undefined {
  const known = new Map<string, Value>()
  return (text) => {
    const found = known.get(text)
    if (found) return found
    const value = parse(text)
    if (value === undefined || text.length > longest) return value
    if (known.size >= kept) known.clear()
    known.set(text, value)
    return value
  }
}

const longest = 1024
