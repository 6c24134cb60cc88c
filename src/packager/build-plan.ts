import type { Digest } from '../base/digest.ts'
import type { Budget } from '../settings/budget.ts'
import type { DependencyInput } from './dependency-input.ts'
import type { ConflictPolicy } from './layout/merge.ts'
import type { LockPlace } from './resolve/lock-file.ts'
import type { ResolverChoice } from './resolve/resolve.ts'
import type { SymlinkPolicy } from './source/own-sources.ts'
import type { Target } from './target.ts'

/** Everything that decides one package. All paths are absolute. Made by `planBuilds`; may be printed, saved, compared. */
export interface BuildPlan {
  /** Of the function, or of the project. */
  readonly name: string
  /** The folder of the project: ignore files and locks count from here. */
  readonly project: string
  /** The folder that becomes the root of the package; absent when the project's own code is not packed. */
  readonly source?: string | undefined
  readonly input: DependencyInput
  readonly target: Target
  readonly handler?: string | undefined
  readonly out: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Globs of own files that get mode 0755; those with a shebang have it anyway. */
  readonly executable: readonly string[]
  readonly symlinks: SymlinkPolicy
  readonly onConflict: ConflictPolicy
  /** `pip`: file for file what `pip install --target --no-compile` writes. */
  readonly compat?: 'pip' | undefined
  /** What scripts name in their first line under `compat`. */
  readonly interpreter: string
  readonly bytecode: 'off' | 'on'
  readonly slim: 'none' | 'safe'
  /** `runtime`: leave out the AWS SDK, which the runtime has. */
  readonly sdk: 'bundled' | 'runtime'
  /** For a layer: the folder below which everything lies, `python` or `python/lib/python3.13/site-packages`. */
  readonly layer?: string | undefined
  /** Layers that the function will have, for the audit: packages built before this one. */
  readonly layers: readonly string[]
  readonly locked: boolean
  readonly offline: boolean
  readonly upgrade: boolean
  /** Where the lock of the dependencies lies; absent when they get none. */
  readonly lock?: LockPlace | undefined
  readonly resolver?: ResolverChoice | undefined
  /** Whether the audit runs, and its errors refuse the package. */
  readonly checks: boolean
  /** What the project allows the package to weigh. */
  readonly budget?: Budget | undefined
}

/** What a finished package is known by. */
export interface BuiltPackage {
  readonly path: string
  readonly digest: Digest
}
