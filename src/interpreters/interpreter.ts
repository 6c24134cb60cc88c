/** A CPython on this machine that was run once and said what it is. */
export interface Interpreter {
  /** The interpreter itself, symbolic links and version managers' shims resolved; of a virtual environment, the Python below it. */
  readonly executable: string
  /** The folder it is installed under: holds `bin/python3.13` and `lib/python3.13`. */
  readonly prefix: string
  /** `3.13.0` */
  readonly version: string
  /** `3.13` */
  readonly minor: string
  /** Where its standard library is. */
  readonly standardLibrary: string
  /** `x86_64` or `aarch64`, as the kernel says. */
  readonly machine: string
  /** `libpython3.13.so.1.0` when the interpreter is linked against it. */
  readonly sharedLibrary?: string | undefined
  /** Needed to set up isolation from inside; some minimal builds lack it. */
  readonly hasCtypes: boolean
  /** A free-threaded build loads other wheels than Lambda's and never stands for a runtime. */
  readonly isFreeThreaded: boolean
  /** Alphas, betas and release candidates come after finished releases. */
  readonly isFinal: boolean
  /** Where it was found. */
  readonly source: InterpreterSource
}

/** In order of preference: what was named, what was added, what the shell would run, what version managers keep. */
export const interpreterSources = ['option', 'added', 'path', 'pyenv', 'uv'] as const
export type InterpreterSource = (typeof interpreterSources)[number]

/** Best first: by source, then finished before unfinished, then the newest patch. */
export function compareInterpreters(a: Interpreter, b: Interpreter): number {
  return (
    interpreterSources.indexOf(a.source) - interpreterSources.indexOf(b.source) ||
    Number(b.isFinal) - Number(a.isFinal) ||
    b.version.localeCompare(a.version, 'en', { numeric: true })
  )
}

/** Why a Python that somebody named cannot stand for a version; `undefined` when it can. */
export function whyNotFor(minor: string, interpreter: Omit<Interpreter, 'source'>): string | undefined {
  if (interpreter.minor !== minor) return `it is Python ${interpreter.version}`
  return interpreter.isFreeThreaded ? 'it is a free-threaded build' : undefined
}
