/** Where a text stops being JSON, and what the parser that AWS uses says of it. Its wording is public (Jackson's messages); no engine of JavaScript has it. */
export interface SyntaxDefect {
  readonly sentence: string
  /** Index of the character that the parser names as its place. */
  readonly at: number
}

export const expectedValues = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

/** As the parser shows a character. */
export function describeCharacter(code: number): string {
  if (code < 0x20 || (code > 0x7e && code < 0xa0)) return `(CTRL-CHAR, code ${code})`
  const hex = code > 255 ? ` / 0x${code.toString(16)}` : ''
  return `'${String.fromCharCode(code)}' (code ${code}${hex})`
}

/** The first defect of a text that is not JSON; `undefined` when none is found. */
export function findSyntaxDefect(text: string): SyntaxDefect | undefined {
  try {
    new Scanner(text).scan()
    return undefined
  } catch (defect) {
    if (defect instanceof Found) return defect
    throw defect
  }
}

class Found implements SyntaxDefect {
  readonly sentence: string
  readonly at: number

  constructor(sentence: string, at: number) {
    this.sentence = sentence
    this.at = at
  }
}

const words = ['true', 'false', 'null']
const wordParts = /[\p{ID_Continue}$]+/uy
const nonStandard = new Set(['NaN', 'Infinity', 'INF', '-Infinity', '-INF'])

/** The parser shows so much of a token. */
const tokenLimit = 256
const shortened = (word: string): string => (word.length > tokenLimit ? `${word.slice(0, tokenLimit)}...` : word)

class Scanner {
  readonly #text: string
  #at = 0
  /** What is open: its closing character and where it began. */
  readonly #open: { readonly isObject: boolean; readonly at: number }[] = []

  constructor(text: string) {
    this.#text = text
  }

  scan(): void {
    for (;;) {
      const entered = this.#value()
      if (!entered && !this.#afterValue()) return
    }
  }

  /** Says whether it went into an object or array that is not empty, whose first value comes next. */
  #value(): boolean {
    const character = this.#next()
    if (character === '{' || character === '[') {
      this.#open.push({ isObject: character === '{', at: this.#at })
      this.#at += 1
      const first = this.#next()
      if (first === (character === '{' ? '}' : ']')) {
        this.#at += 1
        this.#open.pop()
        return false
      }
      if (character === '{') this.#key()
      return true
    }
    if (character === '"') this.#string()
    else if (/[-0-9]/.test(character)) this.#number()
    else this.#word(character)
    return false
  }

  /** Past commas and ends; says whether another value comes. */
  #afterValue(): boolean {
    for (;;) {
      const inner = this.#open.at(-1)
      if (!inner) {
        this.#skipSpace()
        if (this.#at < this.#text.length) this.#unexpected(`expected a valid value ${expectedValues}`)
        return false
      }
      const character = this.#next()
      if (character === ',') {
        this.#at += 1
        this.#next()
        if (inner.isObject) this.#key()
        return true
      }
      if (character !== (inner.isObject ? '}' : ']'))
        this.#unexpected(`was expecting comma to separate ${inner.isObject ? 'Object' : 'Array'} entries`)
      this.#at += 1
      this.#open.pop()
    }
  }

  #key(): void {
    if (this.#next() !== '"') this.#unexpected('was expecting double-quote to start field name')
    this.#string()
    if (this.#next() !== ':') this.#unexpected('was expecting a colon to separate field name and value')
    this.#at += 1
  }

  #string(): void {
    for (this.#at += 1; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at)
      if (Number.isNaN(code)) this.#end(': was expecting closing quote for a string value')
      if (code === 0x22) break
      if (code < 0x20)
        throw new Found(
          `Illegal unquoted character (${describeCharacter(code)}): has to be escaped using backslash to be included in string value`,
          this.#at,
        )
      if (code === 0x5c) this.#escape()
    }
    this.#at += 1
  }

  #escape(): void {
    this.#at += 1
    const code = this.#text.charCodeAt(this.#at)
    if (Number.isNaN(code)) this.#end(' in character escape sequence')
    const character = this.#text[this.#at]!
    if (!'"\\/bfnrtu'.includes(character))
      throw new Found(`Unrecognized character escape ${describeCharacter(code)}`, this.#at + 1)
    if (character !== 'u') return
    for (let digit = 0; digit < 4; digit += 1) {
      this.#at += 1
      if (this.#at >= this.#text.length) this.#end(' in character escape sequence')
      if (!/[0-9A-Fa-f]/.test(this.#text[this.#at]!))
        this.#unexpected('expected a hex-digit for character escape sequence')
    }
  }

  #number(): void {
    const start = this.#at
    if (this.#text[this.#at] === '-') {
      this.#at += 1
      const word = this.#wordHere()
      if (nonStandard.has(`-${word}`)) this.#notStandard(`-${word}`, start)
      this.#digits('expected digit (0-9) to follow minus sign, for valid numeric value')
    } else this.#digits('')
    const first = this.#text[start] === '-' ? start + 1 : start
    if (this.#text[first] === '0' && this.#at > first + 1)
      throw new Found('Invalid numeric value: Leading zeroes not allowed', first + 1)
    if (this.#text[this.#at] === '.') {
      this.#at += 1
      this.#digits('Decimal point not followed by a digit')
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at += /[-+]/.test(this.#text[this.#at + 1] ?? '') ? 2 : 1
      this.#digits('Exponent indicator not followed by a digit')
    }
    if (this.#open.length === 0 && /[^\s,]/.test(this.#text[this.#at] ?? ' '))
      this.#unexpected('Expected space separating root-level values')
  }

  #digits(otherwise: string): void {
    const start = this.#at
    while (/[0-9]/.test(this.#text[this.#at] ?? '')) this.#at += 1
    if (this.#at > start) return
    if (this.#at >= this.#text.length) this.#end(' in a Number value')
    const code = this.#text.charCodeAt(this.#at)
    throw new Found(`Unexpected character (${describeCharacter(code)}) in numeric value: ${otherwise}`, this.#at)
  }

  #word(character: string): void {
    const start = this.#at
    const word = this.#wordHere()
    if (words.includes(word)) {
      this.#at += word.length
      return
    }
    if (nonStandard.has(word)) this.#notStandard(word, start)
    if (/[\p{ID_Start}$_]/u.test(character))
      throw new Found(`Unrecognized token '${shortened(word)}': was expecting ${expectedValues}`, start + word.length)
    if (character === '/')
      this.#unexpected(
        "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
      )
    if (character === '+')
      this.#unexpected(
        'JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow',
      )
    this.#unexpected(`expected a valid value ${expectedValues}`)
  }

  #wordHere(): string {
    wordParts.lastIndex = this.#at
    return wordParts.exec(this.#text)?.[0] ?? ''
  }

  #notStandard(word: string, start: number): never {
    throw new Found(
      `Non-standard token '${word}': enable \`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS\` to allow`,
      start + word.length,
    )
  }

  #unexpected(because: string): never {
    throw new Found(
      `Unexpected character (${describeCharacter(this.#text.charCodeAt(this.#at))}): ${because}`,
      this.#at,
    )
  }

  #end(detail: string): never {
    throw new Found(`Unexpected end-of-input${detail}`, this.#text.length)
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  /** The next character that is not space. */
  #next(): string {
    this.#skipSpace()
    const character = this.#text[this.#at]
    if (character !== undefined) return character
    const inner = this.#open.at(-1)
    return this.#end(inner ? `: expected close marker for ${inner.isObject ? 'Object' : 'Array'}` : '')
  }
}
