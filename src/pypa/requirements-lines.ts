import { isUrl } from './direct-reference.ts'

/** Lines joined at a trailing `\`, comments and empty ones left out, as pip does it. */
export function logicalLines(text: string): readonly { readonly content: string; readonly line: number }[] {
  const lines: { content: string; line: number }[] = []
  let pending = ''
  let start = 0
  const finish = (): void => {
    const content = withoutComment(pending).trim()
    if (content !== '') lines.push({ content, line: start })
    pending = ''
    start = 0
  }
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (start === 0) start = index + 1
    const isComment = /^\s*#/.test(line)
    if (!isComment && line.endsWith('\\')) {
      pending += line.slice(0, -1)
      continue
    }
    // A comment inside a continued line ends it; the blank keeps `\`-joined text from becoming part of the comment's word.
    pending += isComment && pending !== '' ? ` ${line}` : line
    finish()
  }
  finish()
  return lines
}

/** `#` begins a comment at the beginning of a line and after white space; elsewhere it belongs to a URL. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    if (at === 0 || /\s/.test(line[at - 1]!)) return line.slice(0, at)
  }
  return line
}

/** The requirement, and from the first word that begins with `-` on, its options. */
export function splitOptions(text: string): { words: string; options: string[] } {
  const match = /\s(?=--?[A-Za-z])/.exec(text)
  if (!match) return { words: text, options: [] }
  return { words: text.slice(0, match.index).trim(), options: [text.slice(match.index).trim()] }
}

/** A marker follows a `;` that has white space on one side, since URLs may hold one. */
export function splitMarker(text: string): { readonly before: string; readonly marker?: string | undefined } {
  for (let at = text.indexOf(';'); at >= 0; at = text.indexOf(';', at + 1)) {
    if (/\s/.test(text[at - 1] ?? '') || /\s/.test(text[at + 1] ?? ''))
      return { before: text.slice(0, at), marker: text.slice(at + 1) }
  }
  return { before: text }
}

/** `./path[extra]`; in a URL with a fragment the brackets belong to `egg=`. */
export function splitExtras(place: string): { readonly path: string; readonly extras: readonly string[] } {
  const open = place.endsWith(']') ? place.lastIndexOf('[') : -1
  const inner = place.slice(open + 1, -1)
  const isFragment = isUrl(place) && place.includes('#')
  if (open < 1 || isFragment || !/^[A-Za-z0-9 ,._-]*$/.test(inner)) return { path: place, extras: [] }
  return { path: place.slice(0, open).trimEnd(), extras: inner.split(',') }
}
