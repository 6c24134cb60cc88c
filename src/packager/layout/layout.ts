import type { SpliceEntry } from '../../zip/plan.ts'

/** Whose file it is: a distribution by its normalised name, or the project's own. */
export type Owner = { readonly distribution: string } | 'own'

/** A file of the package, and where its bytes come from. */
export interface LayoutFile extends SpliceEntry {
  readonly owner: Owner
  readonly uncompressedBytes: number
  /** Known before writing for what is spliced; absent for what we pack ourselves. */
  readonly compressedBytes?: number | undefined
  /** Of the content, where it is known without reading: two files alike are no conflict. */
  readonly crc32?: number | undefined
}

/** A file of a wheel that is not packed, and why. */
export interface LeftOut {
  readonly distribution: string
  readonly path: string
  readonly because: LeaveOutReason
  readonly uncompressedBytes: number
}

export type LeaveOutReason =
  /** `bin/` of a virtual environment: nothing calls it on Lambda. */
  | 'script'
  /** Headers of C extensions. */
  | 'header'
  /** Bytecode inside a wheel: of another interpreter's making, and stale once times are fixed. */
  | 'bytecode'
  /** Signatures of RECORD that no longer hold once it is written anew. */
  | 'record-signature'
  /** `--slim safe` */
  | 'tests'
  | 'type-stubs'
  | 'source-code'
  | 'documentation'

/** Something a person should know about the package, that does not keep it from being written. */
export interface Note {
  readonly code: string
  /** A sentence without full stop. */
  readonly message: string
  readonly hint?: string | undefined
}

/** Every file of a package, in no particular order; the archive sorts. */
export interface Layout {
  readonly files: readonly LayoutFile[]
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly Note[]
}

export function ownerName(owner: Owner): string {
  return owner === 'own' ? 'the project' : owner.distribution
}
