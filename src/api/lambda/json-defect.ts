import { isUtf8 } from 'node:buffer'
import { isPlainJson } from './json-scan.ts'
import { describeCharacter, expectedValues, findSyntaxDefect } from './json-syntax.ts'

const decoder = new TextDecoder()

/**
 * Why bytes are not JSON, in the words of the parser that AWS uses, or `undefined` when they are.
 *
 * The first lines of its sentences were recorded for a byte that starts no character and for one that starts no value; the others
 * follow the parser's public wording.
 */
export function jsonDefect(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return encodingDefect(asBuffer(bytes))
  if (isPlainJson(bytes)) return undefined
  // Only a decoder takes a mark of the byte order away; without one, reading the bytes as they are takes a third of the time.
  const text = bytes[0] === 0xef ? decoder.decode(bytes) : asBuffer(bytes).toString()
  try {
    JSON.parse(text)
    return undefined
  } catch {
    return syntaxDefect(text)
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const source = (line: number, column: number): string =>
  `\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: ${line}, column: ${column}]`

/** Inside a string or a word a byte must start a character; elsewhere it must start a value. */
function encodingDefect(bytes: Buffer): string {
  const position = firstInvalidByte(bytes)
  const before = bytes.subarray(0, position)
  const isInString = (before.toString('latin1').replaceAll(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1
  const byte = bytes[position]!
  const isInWord = /[A-Za-z0-9_]$/.test(before.toString('latin1'))
  if (isInString || isInWord) return `Invalid UTF-8 start byte 0x${byte.toString(16)}${source(1, position + 2)}`
  return `Unexpected character (${describeCharacter(byte)}): expected a valid value ${expectedValues}${source(1, position + 1)}`
}

function firstInvalidByte(bytes: Buffer): number {
  for (let position = 0; position < bytes.length;) {
    const byte = bytes[position]!
    const length = byte < 0x80 ? 1 : byte >> 5 === 6 ? 2 : byte >> 4 === 14 ? 3 : byte >> 3 === 30 ? 4 : 0
    if (length === 0 || bytes.subarray(position + 1, position + length).some((next) => next >> 6 !== 2)) return position
    position += length
  }
  return bytes.length
}

function syntaxDefect(text: string): string {
  const { sentence, at } = findSyntaxDefect(text) ?? { sentence: 'Unexpected end-of-input', at: text.length }
  const before = text.slice(0, at)
  return `${sentence}${source(before.split('\n').length, at - before.lastIndexOf('\n'))}`
}
