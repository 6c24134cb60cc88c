import type { SelectedDistribution } from '../../pypa/locked-selection.ts'
import type { Note } from '../layout/layout.ts'

/** Which distributions a package holds, and how that was decided. */
export interface Resolution {
  readonly distributions: readonly SelectedDistribution[]
  /** What the project asks for itself, by normalised name. */
  readonly requested: ReadonlySet<string>
  /** Where relative paths of the distributions start. */
  readonly folder: string
  /** `uv 0.13.9`, `pip 23.2.1`, `uv.lock`, `the cache`, `nothing to resolve` */
  readonly by: string
  /** Whether a resolver had to run. */
  readonly isFresh: boolean
  /** The lock file that was read or written, if any. */
  readonly lockFile?: { readonly path: string; readonly written: boolean } | undefined
  readonly notes: readonly Note[]
}
