import type { Tier } from '../sandbox/sandbox.ts'

/** One module that was imported, in the order in which the imports began. */
export interface ImportedModule {
  readonly name: string
  /** How many imports it was inside of. */
  readonly depth: number
  /** Since the first import began, in microseconds. */
  readonly beganMicros: number
  /** With everything that it imported in turn. */
  readonly tookMicros: number
  /** Without it. */
  readonly ownMicros: number
  /** How much the process grew meanwhile, with everything that it imported; 0 where this cannot be told. */
  readonly grownBytes: number
  /** As the function sees it: `/var/task/app.py`. */
  readonly file?: string | undefined
  /** It was found and its code ran to the end. */
  readonly isLoaded: boolean
}

/** As Lambda answers an invocation whose Init failed. */
export interface ImportError {
  readonly errorType: string
  readonly errorMessage: string
  readonly stackTrace: readonly string[]
}

/** What an import did outside of the package and the runtime. */
export interface OutsideAccess {
  /** Files that were opened, or tried. */
  readonly opened: readonly string[]
  /** Addresses; nobody is reached, since the proof has no network. */
  readonly connected: readonly string[]
  /** Programs that were started, or `fork`. */
  readonly started: readonly string[]
}

/** The handler was imported, for better or worse. */
export interface RunProof {
  readonly proof: 'run'
  readonly isImported: boolean
  readonly error?: ImportError | undefined
  /** Version of the Python that did it. */
  readonly python: string
  readonly tier: Tier
  /** Of the import alone, without the start of Python; until it was killed, when it was. */
  readonly tookMicros: number
  readonly peakMemoryBytes: number
  readonly modules: readonly ImportedModule[]
  readonly outside: OutsideAccess
  /** What was printed, the first part of it, and how much it was in all. */
  readonly output: string
  readonly outputBytes: number
}

/** Nothing was run, and why: another architecture, no such Python, no handler. Findings stay what inspection proves. */
export interface NoProof {
  readonly proof: 'inspection'
  readonly because: string
  readonly hint?: string | undefined
}

export type ImportProof = RunProof | NoProof
