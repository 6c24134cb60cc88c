import type { MarkerEnvironment } from './marker.ts'

/** An interpreter on a kind of machine, by what decides which wheels and which requirements it takes. */
export interface PythonTarget {
  /** `3.13` */
  readonly python: string
  /** `[2, 34]` */
  readonly glibc: readonly [number, number]
  readonly machine: 'x86_64' | 'aarch64'
  /** `3.13.9`; when absent, `latestPatchOf` the minor version. */
  readonly pythonFullVersion?: string | undefined
}

/**
 * The patch release that markers and `Requires-Python` see. AWS keeps a runtime at or near the last patch release and prints it
 * nowhere, so the last one known here stands for it; `.0` (what uv assumes) would refuse `>=3.8.1` on a runtime at 3.8.20.
 *
 * Source: the newest CPython of each minor version that uv 0.13.9 (17 November 2026) lists, and the last releases of 2.7, 3.6 and 3.7; not
 * read from an AWS image.
 */
const latestPatches: Readonly<Record<string, number>> = {
  '2.7': 18,
  '3.6': 15,
  '3.7': 17,
  '3.8': 20,
  '3.9': 25,
  '3.10': 22,
  '3.11': 18,
  '3.12': 16,
  '3.13': 18,
  '3.14': 10,
  '3.15': 2,
}

export function latestPatchOf(python: string): string {
  return `${python}.${latestPatches[python] ?? 0}`
}

/**
 * The marker environment of an interpreter on Lambda: constants, never the host's. `platform_release` and `platform_version` are
 * empty, as uv has them: nobody can know them before the function runs.
 */
export function targetEnvironment(target: PythonTarget): MarkerEnvironment {
  const full = target.pythonFullVersion ?? latestPatchOf(target.python)
  return {
    implementation_name: 'cpython',
    implementation_version: full,
    os_name: 'posix',
    platform_machine: target.machine,
    platform_python_implementation: 'CPython',
    platform_release: '',
    platform_system: 'Linux',
    platform_version: '',
    python_full_version: full,
    python_version: target.python,
    sys_platform: 'linux',
  }
}
