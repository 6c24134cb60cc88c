import type { SpliceEntry } from '../../zip/plan.ts'
import type { Stretch } from '../../zip/strip.ts'

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

/**
 * Files of a wheel that are packed as they are, under their own paths, not looked at one by one. Nothing else of the package is in their
 * way, not even where large and small letters are the same.
 */
export interface LayoutStretch extends Stretch {
  readonly owner: { readonly distribution: string }
  /** Folder of the distribution's metadata. */
  readonly distInfo: string
}

/** Every file of a package, in no particular order; the archive sorts. */
export interface Layout {
  readonly stretches: readonly LayoutStretch[]
  /** The files that are in none of them. */
  readonly singles: readonly LayoutFile[]
  /** All files one by one; made when first asked for, which takes longer than copying a few megabytes. */
  readonly files: readonly LayoutFile[]
  /** What the files of each owner come to, by `ownerName`. */
  readonly sums: ReadonlyMap<string, DistributionSum>
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly Note[]
}

/** What the files of one owner come to. */
export interface DistributionSum {
  files: number
  bytes: number
  /** Compressed, as far as that is known before writing; headers not counted. */
  packedBytes: number
  /** Bytes of the paths in UTF-8. */
  pathBytes: number
  /** Modules in source. */
  sources: number
  sourceBytes: number
  /** Folder of the metadata; '' where there is none. */
  distInfo: string
}

export function ownerName(owner: Owner): string {
  return owner === 'own' ? 'the project' : owner.distribution
}
