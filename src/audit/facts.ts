import type { Architecture } from '../lambda/architecture.ts'
import type { PythonRuntime } from '../lambda/runtimes.ts'
import type { ModuleNames } from '../python/module-names.ts'
import type { Budget } from '../settings/budget.ts'
import type { Hazard } from '../zip/hazard.ts'
import type { ContentFacts } from './content-facts.ts'
import type { Interest } from './read-content.ts'
import type { Weights } from './tree-files.ts'
import type { WheelParts } from './wheel-parts.ts'

/** What the package is checked against. */
export interface AuditTarget {
  readonly runtime: PythonRuntime
  readonly architecture: Architecture
}

/** A file or link as it will stand under `/var/task` or `/opt`. */
export interface PackageFile {
  readonly path: string
  readonly bytes: number
  /** Its share of the zip; 0 where there is none. */
  readonly packedBytes: number
  /** Permission bits after unpacking. */
  readonly permissions: number
  readonly kind: 'file' | 'link'
  /** The installed distribution that owns it; undefined for own files. */
  readonly distribution?: string | undefined
  readonly crc32?: number | undefined
  /** What a file of this name is looked into for; ask this first, since asking for `content` may unpack the file. */
  readonly interest?: Interest | undefined
  /** What is in it, for the kinds of file that rules look into. */
  readonly content?: ContentFacts | undefined
  /** Why it cannot be unpacked, once that was tried: its checksum is wrong, its data is no deflate. */
  readonly damage?: string | undefined
  /** What an own Python file defines at its top level; undefined for files of distributions, and for what is no Python. */
  readonly names?: ModuleNames | undefined
}

/** An installed distribution, recovered from its `.dist-info` folder. */
export interface PackageDistribution {
  /** Normalised name: `python-dateutil`. */
  readonly name: string
  readonly version: string
  /** Folder of its metadata: `requests-2.32.5.dist-info`. */
  readonly folder: string
  readonly files: number
  readonly bytes: number
  readonly packedBytes: number
  /** Requires-Dist lines of its METADATA. */
  readonly requires: readonly string[]
  readonly requiresPython?: string | undefined
  /** Tags of its WHEEL file: `cp313-cp313-manylinux_2_17_x86_64`. */
  readonly tags: readonly string[]
}

/** One tree of files: the package itself or a layer. */
export interface TreeFacts {
  /** What it is called in sentences. */
  readonly name: string
  readonly zippedBytes?: number | undefined
  /** Sum of uncompressed sizes. */
  readonly unzippedBytes: number
  readonly files: ReadonlyMap<string, PackageFile>
  /** Permission bits of the folders that the archive names itself. */
  readonly folders: ReadonlyMap<string, number>
  readonly hazards: readonly Hazard[]
  readonly distributions: readonly PackageDistribution[]
  /** What `weightsOf` would add up, where it is known. */
  readonly weights?: ReadonlyMap<string | undefined, Weights> | undefined
  /** The files that `noteworthyFiles` tells, where there are others. */
  readonly noteworthy?: readonly PackageFile[] | undefined
  /** The files of wheels that are there as they came, file by file. */
  readonly wheels?: WheelParts | undefined
}

/** Everything that rules see. They read no file and no clock. */
export interface PackageFacts {
  readonly target: AuditTarget
  readonly package: TreeFacts
  readonly layers: readonly TreeFacts[]
  /** As configured: `app.main`; undefined when nobody said. */
  readonly handler?: string | undefined
  /** The names of the module that the handler names, when there is such a file. */
  readonly handlerModule?: HandlerModule | undefined
  /** The day of the check, for runtimes' dates. */
  readonly today: Date
  /** What the project allows itself, when it says so. */
  readonly budget?: BudgetFacts | undefined
}

export interface BudgetFacts {
  readonly limits: Budget
  /** Undefined when the file that the budget names is not there, or it names none. */
  readonly baseline: Baseline | undefined
}

/** What an earlier package weighed, unzipped. */
export interface Baseline {
  readonly unzippedBytes: number
  /** By distribution; own files under `''`. */
  readonly parts: ReadonlyMap<string, number>
}

export interface HandlerModule {
  readonly path: string
  readonly names: ModuleNames
}
