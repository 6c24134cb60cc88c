import { logicalLines } from './logical-lines.ts'

/** A name that a module has once it is imported. */
export interface BoundName {
  readonly kind: 'function' | 'async function' | 'class' | 'import' | 'value'
  readonly line: number
  /** Of functions and classes: a decorator may have replaced it by anything. */
  readonly isDecorated?: boolean | undefined
  /** Of functions: how many positional arguments may be given. */
  readonly positional?: { readonly least: number; readonly most: number } | undefined
}

export interface ModuleNames {
  readonly names: ReadonlyMap<string, BoundName>
  /** The module can have names that are not written in it: `from x import *`, `globals()[…] =`, `__getattr__`, `exec`. */
  readonly isDynamic: boolean
  /** Its functions may do so as well, should they be called: `globals()`, `sys.modules`, `setattr`. */
  readonly mayGrow: boolean
}

/**
 * The names bound at a module's top level, blocks under `if`, `try`, `for` and `with` included, bodies of functions and classes not.
 * @example moduleNames(Buffer.from('def main(event, context): ...')).names.get('main')?.kind // 'function'
 */
export function moduleNames(source: Uint8Array): ModuleNames {
  const names = new Map<string, BoundName>()
  let isDynamic = false
  let mayGrow = false
  /** Indentation of the function or class whose body is being passed over. */
  let inside: number | undefined
  let isDecorated = false
  for (const { indent, text, line } of logicalLines(source)) {
    mayGrow ||= reachesIn.test(text)
    if (inside !== undefined && indent > inside) {
      for (const name of globalsOf(text)) if (!names.has(name)) names.set(name, { kind: 'value', line })
      continue
    }
    inside = undefined
    if (text.startsWith('@')) {
      isDecorated = true
      continue
    }
    const definition = /^(async\s+def|def|class)\s+([^\s(:[]+)\s*/.exec(text)
    if (definition) {
      const kind = definition[1] === 'class' ? 'class' : definition[1] === 'def' ? 'function' : 'async function'
      const rest = text.slice(definition[0].length)
      names.set(definition[2]!, {
        kind,
        line,
        isDecorated,
        ...(kind === 'class' ? {} : { positional: countPositional(rest) }),
      })
      if (definition[2] === '__getattr__') isDynamic = true
      inside = indent
      isDecorated = false
      continue
    }
    for (const statement of statementsOf(text)) {
      if (/\bimport\s*\(?\s*\*/.test(statement) || /\b(?:globals\(\)|exec\s*\(|setattr\s*\()/.test(statement))
        isDynamic = true
      mayGrow ||= statement.length > longestStatement
      for (const [name, kind] of boundBy(statement)) names.set(name, { kind, line })
    }
  }
  return { names, isDynamic, mayGrow: mayGrow || isDynamic }
}

const reachesIn = /\b(?:globals|vars|locals|setattr|exec|eval|__import__)\s*\(|\bsys\s*\.\s*modules\b|\b__dict__\b/

/** What a function may bind in its module: `global client, cache`. */
function globalsOf(text: string): readonly string[] {
  const declared = /^(?:.*:\s*)?global\s+([\w\s,]+)$/u.exec(text)?.[1]
  return declared === undefined ? [] : declared.split(',').map((name) => name.trim())
}

/** `if x: a = 1; b = 2` holds two statements behind its head. */
function statementsOf(text: string): readonly string[] {
  const head = /^(?:if|elif|else|try|except|finally|for|while|with)\b/.test(text) ? splitTop(text, ':') : [text]
  return head.flatMap((part, index) => (index === 0 || head.length > 1 ? splitTop(part, ';') : []))
}

/** Of a table that is longer, the beginning is looked at: some of the patterns take the square of its length. */
const longestStatement = 4_000

function boundBy(statement: string): readonly (readonly [string, BoundName['kind']])[] {
  const whole = statement.trim()
  const trimmed = whole.slice(0, longestStatement)
  const imported = /^(?:from\s+\S+\s+)?import\s+(.*)$/.exec(
    whole.startsWith('from') || whole.startsWith('import') ? whole : '',
  )
  if (imported) {
    return imported[1]!
      .replace(/[()]/g, ' ')
      .split(',')
      .map((part) => /^\s*([\w.]+)(?:\s+as\s+(\w+))?\s*$/u.exec(part))
      .filter((match) => match !== null)
      .map((match) => [match[2] ?? match[1]!.split('.')[0]!, 'import'] as const)
  }
  const bound: (readonly [string, BoundName['kind']])[] = []
  const loop = /^(?:async\s+)?for\s+(.+?)\s+in\b/.exec(trimmed)
  if (loop) bound.push(...targets(loop[1]!))
  for (const match of trimmed.matchAll(/\bas\s+([^\s,:()]+)/g)) bound.push([match[1]!, 'value'])
  for (const match of trimmed.matchAll(/([^\s(,]+)\s*:=/g)) bound.push([match[1]!, 'value'])
  const alias = /^type\s+([^\s=[]+)\s*(?:\[.*\]\s*)?=/.exec(trimmed)
  if (alias) bound.push([alias[1]!, 'value'])
  const annotated = /^([^\s:=()[\].]+)\s*:(?!=)[^=]*=(?!=)/.exec(trimmed)
  if (annotated) bound.push([annotated[1]!, 'value'])
  const parts = splitTop(trimmed, '=')
  for (const part of parts.slice(0, -1)) if (!/[-+*/%&|^<>!@:]$/.test(part) && part !== '') bound.push(...targets(part))
  return bound
}

function targets(text: string): (readonly [string, 'value'])[] {
  return text
    .replace(/[()[\]*]/g, ' ')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => /^[^\s.\d][^\s.]*$/.test(part))
    .map((name) => [name, 'value'] as const)
}

/** Splits at a character outside of brackets; `==`, `<=`, `!=`, `:=` are no `=`. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if ('([{'.includes(character)) depth += 1
    else if (')]}'.includes(character)) depth -= 1
    else if (character === separator && depth === 0) {
      if (separator === '=' && (text[at + 1] === '=' || '=<>!:'.includes(text[at - 1] ?? ' '))) continue
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** How many positional arguments `(event, context, *, x=1): …` takes. */
function countPositional(afterName: string): { readonly least: number; readonly most: number } {
  const open = afterName.indexOf('(')
  if (open < 0) return { least: 0, most: 0 }
  let depth = 0
  let close = afterName.length
  for (let at = open; at < afterName.length; at++) {
    if ('([{'.includes(afterName[at]!)) depth += 1
    else if (')]}'.includes(afterName[at]!)) depth -= 1
    if (depth === 0) {
      close = at
      break
    }
  }
  let least = 0
  let most = 0
  for (const parameter of splitTop(afterName.slice(open + 1, close), ',')) {
    const trimmed = parameter.trim()
    if (trimmed === '' || trimmed === '/') continue
    if (trimmed.startsWith('**')) break
    if (trimmed.startsWith('*')) {
      if (trimmed !== '*') most = Infinity
      break
    }
    most += 1
    if (splitTop(trimmed, '=').length === 1) least += 1
  }
  return { least, most }
}
