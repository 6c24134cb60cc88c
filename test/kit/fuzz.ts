import { ZipyardError } from '../../src/base/errors.ts'

/** A fuzzer: makes an input from randomness, feeds it, and throws when what it promises does not hold. */
export interface FuzzTarget {
  readonly name: string
  /** Makes the input. */
  input(random: Random): string
  /** Throws anything but a `ZipyardError` when something is wrong; a `ZipyardError` is an answer. */
  check(input: string, random: Random): void | Promise<void>
}

/** Runs a target on `cases` inputs. A failure names the seed of its case, by which `cases: 1` finds it again. */
export async function fuzz(target: FuzzTarget, cases: number, seed: number): Promise<{ readonly accepted: number }> {
  let accepted = 0
  for (let index = 0; index < cases; index += 1) {
    await breathe(index)
    const random = new Random(seed + index)
    const input = target.input(random)
    try {
      await target.check(input, random)
      accepted += 1
    } catch (error) {
      if (error instanceof ZipyardError && error.kind !== 'defect') continue
      throw new Error(`${target.name}, seed ${seed + index}: ${JSON.stringify(input).slice(0, 2_000)}`, {
        cause: error,
      })
    }
  }
  return { accepted }
}

/** Lets the test runner speak now and then: it gives up a worker whose event loop says nothing for a minute. */
export async function breathe(index: number): Promise<void> {
  if (index % 500 === 499) await new Promise((resolve) => setImmediate(resolve))
}

/** Random numbers from a seed (mulberry32), the same on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  }

  /** From 0 to `below` - 1. */
  integer(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.integer(items.length)]!
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.integer(times) === 0
  }

  repeat<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.integer(most + 1) }, make)
  }
}

const junk = ['', '\0', '\n', '\r', '"', "'", '\\', '[', ']', '{', '}', '=', ',', ';', '#', '../', 'é', '\ud800', '\u202e', '-1', '99999999999999999999', 'null', ' '] // prettier-ignore

/** Text with a few pieces cut out, doubled or replaced. */
export function mutateText(text: string, random: Random): string {
  let mutated = text
  for (let round = random.integer(4); round >= 0; round -= 1) {
    const at = random.integer(mutated.length + 1)
    const length = random.integer(12)
    const piece = random.oneIn(2) ? random.pick(junk) : mutated.slice(at, at + length).repeat(2)
    mutated = mutated.slice(0, at) + piece + mutated.slice(at + (random.oneIn(2) ? length : 0))
  }
  return mutated
}

const strange: readonly unknown[] = [null, true, false, 0, -1, 1.5, 1e308, '', 'x', 'sha256:', '==', '>=1,<', '__proto__', [], [[]], {}, { name: 1 }, ['x'], [{}]] // prettier-ignore

/** A copy of a value of tables, arrays and scalars in which a few places are removed, replaced, renamed or doubled. */
export function mutateValue(value: unknown, random: Random): unknown {
  const copy = copyOf(value)
  for (let round = random.integer(3); round >= 0; round -= 1) mutatePlace(copy, random)
  return copy
}

/** As `structuredClone`, whose way through a serialised form costs more than the reader under test; scalars, dates too, are shared. */
function copyOf(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const copy: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, copyOf(child)]),
  )
  return copy
}

function mutatePlace(root: unknown, random: Random): void {
  let node = root
  for (let depth = 0; depth < 12; depth += 1) {
    if (node === null || typeof node !== 'object' || node instanceof Date) return
    const keys = Object.keys(node)
    if (keys.length === 0) return
    const key = random.pick(keys)
    const table = node as Record<string, unknown>
    const child = table[key]
    if (child !== null && typeof child === 'object' && !random.oneIn(4)) {
      node = child
      continue
    }
    const action = random.integer(5)
    if (action === 0) {
      if (Array.isArray(node)) node.splice(Number(key), 1)
      else delete table[key]
    } else if (action === 1 && typeof child === 'string') table[key] = mutateText(child, random)
    else if (action === 2 && Array.isArray(node)) node.push(copyOf(child))
    else if (action === 3 && !Array.isArray(node)) {
      delete table[key]
      Object.defineProperty(table, random.pick([...keys, '__proto__', 'constructor', '']), {
        value: child,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    } else table[key] = copyOf(random.pick(strange))
    return
  }
}
