import type { Digest } from '../base/digest.ts'
import type { NormalizedName } from '../pypa/name.ts'
import type { WheelIndex } from '../zip/wheel-index.ts'

/** A wheel on this machine that becomes part of the package. */
export interface Artifact {
  readonly name: NormalizedName
  readonly version: string
  /** The wheel's file name, as on the index. */
  readonly filename: string
  /** Where the wheel lies. */
  readonly path: string
  readonly digest: Digest
  /** What the wheel holds and where. */
  readonly index: WheelIndex
  /** Asked for by the project itself, not only by another distribution. */
  readonly isRequested: boolean
  /** Distributions that need it, where the lock or the metadata says so. */
  readonly requestedBy: readonly NormalizedName[]
  /** For a distribution that does not come from an index (PEP 610). */
  readonly directUrl?: DirectUrl | undefined
  /** Built on this machine or in a container from a source archive, and how. */
  readonly builtBy?: string | undefined
}

/** PEP 610: where a distribution came from, if not from an index by its name. */
export interface DirectUrl {
  readonly url: string
  readonly [part: string]: unknown
}
