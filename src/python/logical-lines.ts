import { backslash, carriageReturn, hash, kindOf, kinds, newline, space, tab } from './characters.ts'
import { skipString } from './string-literal.ts'

/** A statement's head: continued lines joined, comments gone, strings reduced to `''`. */
export interface LogicalLine {
  readonly indent: number
  readonly text: string
  /** Line number from 1. */
  readonly line: number
}

/**
 * The logical lines of a Python file; of any encoding that keeps ASCII, names beyond it come as UTF-8. String literals that `isKept` says yes to,
 * quotes and all, stay as they are.
 */
export function* logicalLines(
  source: Uint8Array,
  isKept: (literal: string) => boolean = () => false,
): Generator<LogicalLine> {
  const end = source.length
  let at = source[0] === 0xef && source[1] === 0xbb && source[2] === 0xbf ? 3 : 0
  let line = 1
  while (at < end) {
    let indent = 0
    for (; source[at] === space || source[at] === tab; at++) indent = source[at] === tab ? (indent | 7) + 1 : indent + 1
    const startedAt = line
    let depth = 0
    const pieces: string[] = []
    let piece = at
    const cut = (to: number): void => {
      if (to > piece) pieces.push(textOf(source, piece, to))
    }
    for (;;) {
      if (at >= end) {
        cut(end)
        break
      }
      const byte = source[at]!
      const kind = kindOf[byte]
      if (kind === kinds.quote) {
        cut(at)
        const behind = skipString(source, at)
        for (let position = at; position < behind; position++) if (source[position] === newline) line += 1
        const literal = behind - at <= longestKept ? textOf(source, at, behind) : ''
        pieces.push(literal !== '' && isKept(literal) ? literal : "''")
        at = piece = behind
      } else if (byte === hash) {
        cut(at)
        while (at < end && source[at] !== newline && source[at] !== carriageReturn) at += 1
        piece = at
      } else if (
        kind === kinds.newline ||
        (byte === backslash && (source[at + 1] === newline || source[at + 1] === carriageReturn))
      ) {
        cut(at)
        if (byte === backslash) at += 1
        at += source[at] === carriageReturn && source[at + 1] === newline ? 2 : 1
        line += 1
        piece = at
        if (byte !== backslash && depth === 0) break
        pieces.push(' ')
      } else {
        if (kind === kinds.open) depth += 1
        else if (kind === kinds.close && depth > 0) depth -= 1
        at += 1
      }
    }
    const text = pieces.join('').trim()
    if (text !== '') yield { indent, text, line: startedAt }
  }
}

/** A literal beyond this is text, not a name, in bytes. */
const longestKept = 128

function textOf(source: Uint8Array, from: number, to: number): string {
  return Buffer.from(source.buffer, source.byteOffset + from, to - from).toString('utf8')
}
