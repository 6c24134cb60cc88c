/**
 * The regular expressions of filter patterns: no groups, no back references. They run as a set of states over the message once, so no
 * expression of a client can take more than its own length times that of the message.
 */
import { malformedFilterPattern } from './errors.ts'

type CharacterTest = (code: number) => boolean

/** A state of the automaton: consumes a character that passes, or moves on without one. */
interface State {
  test?: CharacterTest
  anchor?: 'start' | 'end'
  next: State[]
  index: number
}

/** Copies that repetition counts may make. */
const statesLimit = 500

/** @param text with its percent signs: `%ERR(OR)?%` is refused, `%ERR.*%` is fine */
export function parseFilterRegex(text: string): (message: string) => boolean {
  const source = text.slice(1, -1)
  const automaton = new Compiler(text, source).compile()
  return (message) => run(automaton, message)
}

class Compiler {
  readonly #pattern: string
  readonly #source: string
  #at = 0
  #states = 0

  constructor(pattern: string, source: string) {
    this.#pattern = pattern
    this.#source = source
  }

  compile(): { start: State; size: number } {
    const accept = this.#state()
    const start = this.#state()
    do start.next.push(this.#sequence(accept))
    while (this.#take('|'))
    if (this.#at < this.#source.length) throw this.#fail(`\`${this.#source[this.#at]}\` is not supported`)
    return { start, size: this.#states }
  }

  /** Atoms are parsed first and then joined from the last to the first, each knowing what follows it. */
  #sequence(accept: State): State {
    const atoms: { make: (follow: State) => State; min: number; max: number }[] = []
    while (this.#at < this.#source.length && this.#source[this.#at] !== '|') {
      const make = this.#atom()
      const { min, max } = this.#quantifier()
      atoms.push({ make, min, max })
    }
    return atoms.reduceRight((follow, atom) => this.#repeat(atom.make, atom.min, atom.max, follow), accept)
  }

  #repeat(make: (follow: State) => State, min: number, max: number, follow: State): State {
    let state = follow
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.#state()
      loop.next.push(make(loop), follow)
      state = loop
    } else {
      for (let count = min; count < max; count++) {
        const optional = this.#state()
        optional.next.push(make(state), follow)
        state = optional
      }
    }
    for (let count = 0; count < min; count++) state = make(state)
    return state
  }

  #atom(): (follow: State) => State {
    const character = this.#source[this.#at++]!
    if (character === '^' || character === '$') {
      return (follow) => this.#state({ anchor: character === '^' ? 'start' : 'end', next: [follow] })
    }
    const test = character === '[' ? this.#class() : this.#single(character)
    return (follow) => this.#state({ test, next: [follow] })
  }

  #single(character: string): CharacterTest {
    if (character === '.') return () => true
    if (character === '\\') return this.#escape()
    if (!/[A-Za-z0-9:_#=@/;,\- ]/.test(character)) throw this.#fail(`\`${character}\` is not supported`)
    return equals(character.charCodeAt(0))
  }

  #escape(): CharacterTest {
    const character = this.#source[this.#at++]
    if (character === undefined) throw this.#fail('it ends with a backslash')
    const known = classes[character.toLowerCase()]
    if (known) return character === character.toLowerCase() ? known : (code) => !known(code)
    const hex = character === 'x' ? /^[0-9a-fA-F]{2}/.exec(this.#source.slice(this.#at))?.[0] : undefined
    if (hex !== undefined) {
      this.#at += 2
      return equals(Number.parseInt(hex, 16))
    }
    if (/[A-Za-z0-9]/.test(character)) throw this.#fail(`\`\\${character}\` is not supported`)
    return equals(character.charCodeAt(0))
  }

  #class(): CharacterTest {
    const negated = this.#take('^')
    const tests: CharacterTest[] = []
    for (;;) {
      const character = this.#source[this.#at++]
      if (character === undefined) throw this.#fail('a `[` is not closed')
      if (character === ']') break
      const from = character.charCodeAt(0)
      const isRange = this.#source[this.#at] === '-' && !['', ']', '\\', undefined].includes(this.#source[this.#at + 1])
      if (character === '\\') tests.push(this.#escape())
      else if (isRange) {
        const to = this.#source.charCodeAt(this.#at + 1)
        this.#at += 2
        tests.push((code) => code >= from && code <= to)
      } else tests.push(equals(from))
    }
    return (code) => tests.some((test) => test(code)) !== negated
  }

  #quantifier(): { min: number; max: number } {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY }
    if (this.#take('?')) return { min: 0, max: 1 }
    const counts = /^\{(\d{1,3})(?:(,)\s*(\d{1,3})?)?\}/.exec(this.#source.slice(this.#at))
    if (!counts) return { min: 1, max: 1 }
    this.#at += counts[0].length
    const min = Number(counts[1])
    const max = counts[2] === undefined ? min : counts[3] === undefined ? Number.POSITIVE_INFINITY : Number(counts[3])
    if (max < min) throw this.#fail('a repetition ends before it begins')
    return { min, max }
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #state(parts: Partial<State> = {}): State {
    if (this.#states >= statesLimit) throw this.#fail('it is too large')
    return { next: [], ...parts, index: this.#states++ }
  }

  #fail(because: string): Error {
    return malformedFilterPattern({ pattern: this.#pattern, because })
  }
}

const classes: Readonly<Record<string, CharacterTest>> = {
  d: (code) => code >= 48 && code <= 57,
  s: (code) => code === 32 || (code >= 9 && code <= 13),
  w: (code) => (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95,
}

function equals(expected: number): CharacterTest {
  return (code) => code === expected
}

/** The accepting state is the first one made: it has the index 0. */
function run(automaton: { start: State; size: number }, message: string): boolean {
  const seen = new Uint32Array(automaton.size)
  let mark = 0
  let current: State[] = []
  const add = (state: State, at: number): boolean => {
    const stack = [state]
    for (let top = stack.pop(); top; top = stack.pop()) {
      if (seen[top.index] === mark) continue
      seen[top.index] = mark
      if (top.index === 0) return true
      if (top.test) current.push(top)
      else if (top.anchor === undefined || (top.anchor === 'start' ? at === 0 : at === message.length))
        stack.push(...top.next)
    }
    return false
  }
  for (let at = 0; at <= message.length; at++) {
    const previous = current
    current = []
    mark += 1
    const code = at > 0 ? message.charCodeAt(at - 1) : 0
    for (const state of previous) if (state.test!(code)) for (const next of state.next) if (add(next, at)) return true
    // A match may begin anywhere.
    if (add(automaton.start, at)) return true
  }
  return false
}
