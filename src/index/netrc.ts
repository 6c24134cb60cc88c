/** A `machine` of a netrc file; `machine` is absent for `default`. */
export interface NetrcEntry {
  readonly machine?: string | undefined
  readonly login: string
  readonly password: string
}

/** Reads `~/.netrc`: words, quoted or not; `#` at the beginning of a word begins a comment; macros are skipped. */
export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: { machine?: string | undefined; login: string; password: string }[] = []
  const words = wordsOf(text)
  for (let word = words.next(); !word.done; word = words.next()) {
    const entry = entries.at(-1)
    const value = (): string => (words.next().value as string | undefined) ?? ''
    if (word.value === 'machine') entries.push({ machine: value(), login: '', password: '' })
    else if (word.value === 'default') entries.push({ login: '', password: '' })
    else if (word.value === 'login' || word.value === 'user') {
      const login = value()
      if (entry) entry.login = login
    } else if (word.value === 'password') {
      const password = value()
      if (entry) entry.password = password
    } else if (word.value === 'account') value()
  }
  return entries
}

function* wordsOf(text: string): Generator<string> {
  const withoutMacros = text.replace(/^[ \t]*macdef[^\n]*\n(?:[^\n]*\S[^\n]*\n?)*/gm, '\n')
  for (const line of withoutMacros.split(/\r\n|\n|\r/)) {
    for (const match of line.matchAll(/"((?:[^"\\]|\\.)*)"|(#.*)|(\S+)/g)) {
      // A password may begin with `#` only where a value is due; like curl and Python, a `#` after one is taken as its beginning.
      if (match[2] !== undefined && !/(?:password|login|account)\s+$/.test(line.slice(0, match.index))) break
      const word = match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? match[3]!
      yield match[2] !== undefined ? /^\S+/.exec(word)![0] : word
    }
  }
}
