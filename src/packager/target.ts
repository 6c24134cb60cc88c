import { architectures, machineOf, type Architecture } from '../lambda/architecture.ts'
import type { PythonRuntime } from '../lambda/runtimes.ts'
import type { MarkerEnvironment } from '../pypa/marker.ts'
import { compatibleTags, type Tag } from '../pypa/tag.ts'
import { targetEnvironment, type PythonTarget } from '../pypa/target-environment.ts'

/** What a package is built for: a runtime on an architecture. Everything here is a constant of the target; nothing is the host's. */
export interface Target {
  readonly runtime: PythonRuntime
  readonly architecture: Architecture
  readonly python: PythonTarget
  /** Names the target in file names and cache keys: `py313-arm64`. */
  readonly key: string
  /** Tags of wheels that run there, best first. */
  readonly tags: readonly Tag[]
  readonly environment: MarkerEnvironment
}

export function targetOf(runtime: PythonRuntime, architecture: Architecture): Target {
  const python: PythonTarget = { python: runtime.python, glibc: runtime.glibc, machine: machineOf(architecture) }
  return {
    runtime,
    architecture,
    python,
    key: `py${runtime.python.replace('.', '')}-${architecture}`,
    tags: compatibleTags(python),
    environment: targetEnvironment(python),
  }
}

/** In the order of AWS's documentation, each once. */
export function inDocumentedOrder(wanted: readonly Architecture[]): readonly Architecture[] {
  return architectures.filter((architecture) => wanted.includes(architecture))
}
