import { defaultIgnores } from './default-ignores.ts'

/** A pattern of the default ignores, taken apart. */
interface Rule {
  /** What stands between the stars; one part for a plain name. */
  readonly parts: readonly string[]
  /** Only at the package's root. */
  readonly isAnchored: boolean
  readonly isFolder: boolean
}

/**
 * The default ignores, matched name by name as `.gitignore` does, letters without regard to case. Each is one name with at most a star or a
 * class of letters: compiling a regular expression for each, as a matcher for any pattern must, takes longer than packing most projects.
 */
export class DefaultRules {
  readonly #plain = new Map<string, Rule[]>()
  readonly #starred: Rule[] = []

  constructor(patterns: readonly string[] = defaultIgnores) {
    for (const pattern of patterns.flatMap(withoutClasses)) {
      const isAnchored = pattern.startsWith('/')
      const isFolder = pattern.endsWith('/')
      const name = lower(pattern.slice(isAnchored ? 1 : 0, isFolder ? -1 : undefined))
      const rule: Rule = { parts: name.split('*'), isAnchored, isFolder }
      if (rule.parts.length > 1) this.#starred.push(rule)
      else this.#plain.set(name, [...(this.#plain.get(name) ?? []), rule])
    }
  }

  /** Whether a path is left out, or a folder above it; that of a folder ends in `/`. */
  ignores(path: string): boolean {
    for (let start = 0; start < path.length;) {
      const slash = path.indexOf('/', start)
      const end = slash < 0 ? path.length : slash
      if (this.#matches(lower(path.slice(start, end)), start === 0, slash >= 0)) return true
      start = end + 1
    }
    return false
  }

  #matches(name: string, isTop: boolean, isFolder: boolean): boolean {
    const fits = (rule: Rule): boolean => (isTop || !rule.isAnchored) && (isFolder || !rule.isFolder)
    if (this.#plain.get(name)?.some(fits)) return true
    for (const rule of this.#starred) if (matchesParts(name, rule.parts) && fits(rule)) return true
    return false
  }
}

function matchesParts(name: string, parts: readonly string[]): boolean {
  const [first, last] = [parts[0]!, parts.at(-1)!]
  if (!name.startsWith(first)) return false
  let at = first.length
  for (let index = 1; index < parts.length - 1; index++) {
    const found = name.indexOf(parts[index]!, at)
    if (found < 0) return false
    at = found + parts[index]!.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}

/** @example withoutClasses('*.py[co]') // ['*.pyc', '*.pyo'] */
function withoutClasses(pattern: string): readonly string[] {
  const match = /^(.*)\[(\w+)\](.*)$/.exec(pattern)
  return match ? [...match[2]!].map((letter) => `${match[1]}${letter}${match[3]}`) : [pattern]
}

/** ASCII letters alone: what else has a small form is another letter here. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
