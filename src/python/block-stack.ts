/**
 * How surely an import statement is executed when its file is imported.
 *
 * - `always`: at module level or in a class body
 * - `conditional`: under an `if`, `for`, `while` …
 * - `lazy`: in a function
 * - `guarded`: in a `try` whose `except` catches ImportError and does not raise again, or under `suppress(ImportError)`
 * - `guarded when absent`: the same, but only ModuleNotFoundError is caught: a module that is there and cannot be loaded still ends the import
 * - `fallback`: in an `except`
 * - `never`: under `if TYPE_CHECKING` or `if __name__ == '__main__'`
 */
export type ImportContext = 'always' | 'conditional' | 'lazy' | 'guarded' | 'guarded when absent' | 'fallback' | 'never'

/** The function goes on when such an import finds no module. */
export function isGuarded(context: ImportContext): boolean {
  return context === 'guarded' || context === 'guarded when absent'
}

/** The weakest of all blocks around an import decides. */
const weakness: Readonly<Record<ImportContext, number>> = {
  always: 0,
  conditional: 1,
  lazy: 2,
  fallback: 3,
  'guarded when absent': 4,
  guarded: 5,
  never: 6,
}

interface Block {
  readonly indent: number
  context: ImportContext
  /** Imports waiting to learn whether their `try` catches ImportError. */
  readonly waiting: (() => void)[] | undefined
  /** Of an `except`: the `try` that it made guarded. */
  guards?: Block | undefined
}

/** The compound statements around the current line, by indentation. */
export class BlockStack {
  readonly #open: Block[] = []
  /** The latest `if`, `try` … at each indentation, for the `else` and `except` that continue it. */
  #guarded: Block | undefined
  readonly #owners = new Map<
    number,
    { readonly word: string; readonly context: ImportContext; readonly block: Block }
  >()

  /** A line at this indentation starts that opens no block of interest. */
  leave(indent: number): void {
    while (this.#open.length > 0 && this.#open.at(-1)!.indent >= indent) this.#open.pop()
  }

  /** A line starts with the word `[at, end)`; opens a block when the word does. */
  enter(bytes: Uint8Array, at: number, end: number, indent: number): void {
    this.leave(indent)
    const word = blockWord(bytes, at, end)
    if (word === undefined) return
    if (word === 'raise') return this.#raise()
    const context = this.#contextOf(word, () => headOf(bytes, end), indent)
    if (context === undefined) return
    const block: Block = { indent, context, waiting: word === 'try' ? [] : undefined, guards: this.#guarded }
    this.#guarded = undefined
    this.#open.push(block)
    if (word === 'if' || word === 'try' || word === 'for' || word === 'while' || word === 'elif') {
      this.#owners.set(indent, { word: word === 'elif' ? 'if' : word, context, block })
    }
  }

  /** An `except` that raises again guards nothing. */
  #raise(): void {
    const guarded = this.#open.at(-1)?.guards
    if (!guarded) return
    guarded.context = 'always'
    for (const tell of guarded.waiting ?? []) tell()
  }

  /** What is known of the blocks around a statement at this indentation; a `try` may be known only when its `except` is read. */
  contextAt(indent: number): { readonly whenKnown: (set: (context: ImportContext) => void) => void } {
    this.leave(indent)
    const around = [...this.#open]
    return {
      whenKnown(set) {
        const tell = (): void => {
          let weakest: ImportContext = 'always'
          for (const block of around) if (weakness[block.context] > weakness[weakest]) weakest = block.context
          set(weakest)
        }
        tell()
        for (const block of around) block.waiting?.push(tell)
      },
    }
  }

  #contextOf(word: string, headText: () => string, indent: number): ImportContext | undefined {
    const owner = this.#owners.get(indent)
    switch (word) {
      case 'def':
        return 'lazy'
      case 'async':
        return headText().startsWith('def') ? 'lazy' : undefined
      case 'if':
      case 'elif':
        return isNeverTrue(headText()) ? 'never' : 'conditional'
      case 'else':
        return owner?.word === 'if' && owner.context !== 'never' ? 'conditional' : 'always'
      case 'try':
        return 'always'
      case 'except': {
        const guard = owner?.word === 'try' ? guardOf(headText()) : undefined
        if (
          guard !== undefined &&
          owner!.block.waiting?.length &&
          (owner!.block.context === 'always' || owner!.block.context === 'guarded when absent')
        ) {
          owner!.block.context = guard
          for (const tell of owner!.block.waiting ?? []) tell()
          this.#guarded = owner!.block
        }
        return 'fallback'
      }
      case 'with':
        return guardOf(/suppress\s*\((.*)/.exec(headText())?.[1] ?? '')
      case 'for':
      case 'while':
        return 'conditional'
      default:
        return undefined
    }
  }
}

const words = [
  'def',
  'async',
  'if',
  'elif',
  'else',
  'try',
  'except',
  'finally',
  'with',
  'for',
  'while',
  'raise',
] as const
const wordsByFirst = new Map<number, readonly string[]>()
for (const word of words) {
  const first = word.charCodeAt(0)
  wordsByFirst.set(first, [...(wordsByFirst.get(first) ?? []), word])
}

function blockWord(bytes: Uint8Array, at: number, end: number): string | undefined {
  const candidates = wordsByFirst.get(bytes[at]!)
  if (!candidates) return undefined
  return candidates.find((word) => {
    if (word.length !== end - at) return false
    for (let index = 1; index < word.length; index++) if (bytes[at + index] !== word.charCodeAt(index)) return false
    return true
  })
}

/** The start of what follows the word, on the same line. */
function headOf(bytes: Uint8Array, from: number): string {
  let end = from
  while (end < bytes.length && end < from + 160 && bytes[end] !== 0x0a && bytes[end] !== 0x0d) end += 1
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from)
    .toString('latin1')
    .trimStart()
}

function isNeverTrue(head: string): boolean {
  return (
    /^\(?\s*(?:[\w.]+\.)?TYPE_CHECKING\b\s*\)?\s*:/.test(head) ||
    /^\(?\s*__name__\s*==\s*["']__main__["']/.test(head) ||
    /^(?:False|0)\s*:/.test(head)
  )
}

/** What an `except` with this head guards against: bare or of ImportError and the classes above it everything, else perhaps absence alone. */
function guardOf(head: string): ImportContext | undefined {
  if (head.startsWith(':') || /\b(?:ImportError|Exception|BaseException)\b/.test(head)) return 'guarded'
  return /\bModuleNotFoundError\b/.test(head) ? 'guarded when absent' : undefined
}
