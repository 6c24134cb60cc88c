import { backslash, closeBrace, colon, isNameByte, kindOf, kinds, newline, openBrace } from './characters.ts'

/**
 * The position behind the string literal whose opening quote stands at `at`. A literal that is never closed ends at its line, or
 * at the end of the file when it has three quotes, as Python's own tokenizer gives up there.
 */
export function skipString(bytes: Uint8Array, at: number): number {
  const quote = bytes[at]!
  const isTriple = bytes[at + 1] === quote && bytes[at + 2] === quote
  const isFormatted = hasFormatPrefix(bytes, at)
  if (isTriple && !isFormatted) return skipDocstring(bytes, at + 3, quote)
  let position = at + (isTriple ? 3 : 1)
  const end = bytes.length
  while (position < end) {
    const byte = bytes[position]!
    if (byte === backslash) position += 2
    else if (byte === quote) {
      if (!isTriple) return position + 1
      if (bytes[position + 1] === quote && bytes[position + 2] === quote) return position + 3
      position += 1
    } else if (byte === newline && !isTriple) return position
    else if (byte === openBrace && isFormatted) {
      position = bytes[position + 1] === openBrace ? position + 2 : skipField(bytes, position + 1, quote, isTriple)
    } else position += 1
  }
  return end
}

/** Half of a typical file is docstrings: the search for their end is left to `indexOf`. */
function skipDocstring(bytes: Uint8Array, from: number, quote: number): number {
  for (let at = bytes.indexOf(quote, from); at >= 0; at = bytes.indexOf(quote, at + 1)) {
    let slashes = 0
    while (at - slashes > from && bytes[at - slashes - 1] === backslash) slashes += 1
    if (slashes % 2 === 0 && bytes[at + 1] === quote && bytes[at + 2] === quote) return at + 3
  }
  return bytes.length
}

/** `f` or `t`, in lower case. */
const isF = (byte: number): boolean => byte === 0x66 || byte === 0x74

/** `f`, `t` (Python 3.14) with or without `r`, in any case, directly in front of the quote. */
function hasFormatPrefix(bytes: Uint8Array, at: number): boolean {
  const last = (bytes[at - 1] ?? 0) | 0x20
  const before = (bytes[at - 2] ?? 0) | 0x20
  if (isF(last)) return before === 0x72 ? !isNameByte[bytes[at - 3] ?? 0] : !isNameByte[bytes[at - 2] ?? 0]
  return last === 0x72 && isF(before) && !isNameByte[bytes[at - 3] ?? 0]
}

/** From behind `{` to behind its `}`: an expression that may hold strings of any quotes (PEP 701), then perhaps a format. */
function skipField(bytes: Uint8Array, at: number, quote: number, isTriple: boolean): number {
  let position = at
  let depth = 0
  let isFormat = false
  while (position < bytes.length) {
    const byte = bytes[position]!
    if (isFormat) {
      // The format is text again: it ends at `}`, and a quote ends the whole literal, which is then not ours to judge.
      if (byte === openBrace) position = skipField(bytes, position + 1, quote, isTriple)
      else if (byte === closeBrace) return position + 1
      else if ((byte === quote || byte === newline) && !isTriple) return position
      else position += 1
      continue
    }
    const kind = kindOf[byte]
    if (kind === kinds.quote) position = skipString(bytes, position)
    else if (kind === kinds.open) {
      depth += 1
      position += 1
    } else if (kind === kinds.close) {
      if (depth === 0) return byte === closeBrace ? position + 1 : position
      depth -= 1
      position += 1
    } else if (byte === colon && depth === 0) {
      isFormat = true
      position += 1
    } else position += 1
  }
  return position
}
