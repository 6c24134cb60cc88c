import type { Marker } from './marker.ts'
import type { NormalizedName } from './name.ts'
import type { SpecifierSet } from './specifier.ts'

/** A file that a lock names. The digests are lower-case hexadecimal, by algorithm: `{ sha256: '…' }`. */
export interface LockedFile {
  readonly filename: string
  readonly url?: string | undefined
  /** Relative to the lock's folder, or absolute. */
  readonly path?: string | undefined
  readonly sizeBytes?: number | undefined
  readonly hashes: Readonly<Record<string, string>>
  /** Inside an archive: where its project lies. */
  readonly subdirectory?: string | undefined
}

export interface LockedVcs {
  readonly type: 'git' | 'hg' | 'bzr' | 'svn'
  readonly url: string
  /** What to check out: an immutable revision. */
  readonly commit: string
  /** The branch or tag that a person named. */
  readonly requestedRevision?: string | undefined
  readonly subdirectory?: string | undefined
}

export interface LockedDirectory {
  /** Relative to the lock's folder, or absolute. */
  readonly path: string
  readonly editable: boolean
  readonly subdirectory?: string | undefined
  /** No package of its own, only dependencies (`virtual` in uv.lock, `package-mode = false`). */
  readonly virtual?: boolean | undefined
}

/** An edge of a lock's graph. */
export interface LockedDependency {
  readonly name: NormalizedName
  /** Given where several versions of one name are locked. */
  readonly version?: string | undefined
  /** Versions that it accepts, by any of these sets: decides where several are locked and the edge names none. */
  readonly accepts?: readonly SpecifierSet[] | undefined
  readonly extras: readonly string[]
  readonly marker?: Marker | undefined
  /** An extra of the distribution that has this edge, by which alone it is followed. */
  readonly extra?: string | undefined
}

/** One distribution at one version, as any lock says it: the common value of all readers. */
export interface LockedDistribution {
  readonly name: NormalizedName
  /** Absent for folders whose version is only known when they are built. */
  readonly version?: string | undefined
  /** When it belongs to the environment at all; where absent, always. */
  readonly marker?: Marker | undefined
  readonly requiresPython?: SpecifierSet | undefined
  /** The index it came from, without credentials. */
  readonly index?: string | undefined
  readonly wheels: readonly LockedFile[]
  readonly sdist?: LockedFile | undefined
  /** A direct URL or path to one file, wheel or not. */
  readonly archive?: LockedFile | undefined
  readonly vcs?: LockedVcs | undefined
  readonly directory?: LockedDirectory | undefined
  /**
   * Where the lock names no files but digests (`sha256:…`): any file of this version on the index that has one of them. Pipfile.lock
   * and hashed requirements are of this kind.
   */
  readonly acceptedHashes?: readonly string[] | undefined
  /**
   * What of the project brings it: `''` for the project's own dependencies, else a group or an extra. Absent when the lock does not say
   * or says it by `marker`.
   */
  readonly groups?: readonly LockedGroup[] | undefined
  /** In locks that write a line per extra (pdm.lock): the extras of this line. */
  readonly extras?: readonly string[] | undefined
  /** Edges to what it needs; empty when the lock has none. */
  readonly dependencies: readonly LockedDependency[]
}

export interface LockedGroup {
  readonly name: string
  readonly marker?: Marker | undefined
}

export type LockKind = 'pylock' | 'uv' | 'poetry' | 'pdm' | 'pipfile' | 'requirements'

/** What the project itself asks for, under one heading. */
export interface LockRoot {
  /** The member of a workspace, or the project. */
  readonly project?: NormalizedName | undefined
  /** Neither extra nor group: what the project always needs. */
  readonly extra?: string | undefined
  readonly group?: string | undefined
  readonly dependencies: readonly LockedDependency[]
}

/** A lock file, read. */
export interface Lock {
  readonly kind: LockKind
  /** For messages. */
  readonly file: string
  readonly requiresPython?: SpecifierSet | undefined
  readonly distributions: readonly LockedDistribution[]
  /**
   * Where the lock holds the graph from the project on (uv.lock), the distributions are those reachable from here; where absent, each
   * distribution says by marker and groups whether it belongs.
   */
  readonly roots?: readonly LockRoot[] | undefined
  /** Of a workspace: the member that is meant when none is named. */
  readonly defaultProject?: NormalizedName | undefined
  /** What a person may ask for, in normalised form. */
  readonly extras: readonly string[]
  readonly groups: readonly string[]
  /** Groups that are in unless left out. */
  readonly defaultGroups: readonly string[]
  /** The Python that the lock was made for and whose markers it is true for (Pipfile.lock), `3.11`. */
  readonly lockedPython?: string | undefined
  /** Digest of the project's own declarations that the tool wrote, to tell whether the lock is stale. */
  readonly contentHash?: string | undefined
}
