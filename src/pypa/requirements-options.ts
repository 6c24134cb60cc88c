/** Ends the reading of a line with a sentence. */
export type Fail = (problem: string, hint?: string, cause?: unknown) => never

const optionAliases: Readonly<Record<string, string>> = {
  '--requirement': '-r',
  '--constraint': '-c',
  '--editable': '-e',
  '--index-url': '-i',
  '--pypi-url': '-i',
  '--find-links': '-f',
  '--config-setting': '--config-settings',
  '-C': '--config-settings',
}

const flags: ReadonlySet<string> = new Set(['--no-index', '--prefer-binary', '--require-hashes', '--pre'])

const valued: ReadonlySet<string> = new Set([
  '-r',
  '-c',
  '-e',
  '-i',
  '-f',
  '--extra-index-url',
  '--trusted-host',
  '--no-binary',
  '--only-binary',
  '--use-feature',
  '--hash',
  '--config-settings',
  '--global-option',
])

/** Takes one option with its value off the front: `--name value`, `--name=value`, `-nvalue`. */
export function takeOption(words: string[], fail: Fail): { name: string; value?: string } {
  const word = words.shift()!
  const match = word.startsWith('--') ? /^(--[^=]+)(?:=(.*))?$/s.exec(word) : /^(-[A-Za-z])=?(.*)$/s.exec(word)
  if (!match) return fail(`\`${word}\` is not an option`)
  const name = optionAliases[match[1]!] ?? match[1]!
  if (flags.has(name)) return { name }
  if (!valued.has(name)) fail(`\`${match[1]}\` is not an option of requirements files`)
  const value = word.startsWith('--') ? match[2] : match[2] || undefined
  if (value !== undefined) return { name, value }
  if (words.length === 0) return fail(`\`${match[1]}\` has no value`)
  return { name, value: words.shift()! }
}

/** Words as a shell would split them: quotes and backslashes. */
export function splitWords(text: string, fail: Fail): string[] {
  const words: string[] = []
  let word: string | undefined
  const pattern = /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)|(\s+)|([^\s"'\\]+)|(.)/gs
  for (const [, double, single, escaped, space, plain, stray] of text.matchAll(pattern)) {
    if (stray !== undefined) fail('a quotation mark or a backslash is not closed')
    if (space !== undefined) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word = (word ?? '') + (double?.replace(/\\(["\\])/g, '$1') ?? single ?? escaped ?? plain ?? '')
  }
  if (word !== undefined) words.push(word)
  return words
}

export function readHash(text: string, fail: Fail): string {
  const match = /^(sha256|sha384|sha512):([0-9a-f]+)$/i.exec(text)
  if (!match)
    return fail(
      `\`${text}\` is not a hash`,
      'Write `--hash=sha256:` and 64 hexadecimal digits; weaker digests are not taken',
    )
  const digits = { sha256: 64, sha384: 96, sha512: 128 }[match[1]!.toLowerCase()]!
  if (match[2]!.length !== digits) fail(`\`${text}\` has ${match[2]!.length} digits, not ${digits}`)
  return `${match[1]!.toLowerCase()}:${match[2]!.toLowerCase()}`
}
