import { defineError } from '../base/errors.ts'

/** A Python runtime of Lambda, with the dates of AWS's runtime support policy. */
export interface PythonRuntime {
  /** The id of the API, `python3.13`. */
  readonly id: string
  /** `3.13` */
  readonly python: string
  readonly minor: readonly [major: number, minor: number]
  readonly operatingSystem: 'Amazon Linux' | 'Amazon Linux 2' | 'Amazon Linux 2023'
  /** `[2, 34]` */
  readonly glibc: readonly [number, number]
  /** Largest symbol versions of libstdc++: GLIBCXX and CXXABI, such as `3.4.29` and `1.3.13`. */
  readonly glibcxx: string
  readonly cxxabi: string
  /** ISO dates; absent when AWS has announced none. */
  readonly deprecated?: string | undefined
  readonly createBlocked?: string | undefined
  readonly updateBlocked?: string | undefined
  /** In the SDK's list, but not creatable on AWS yet. */
  readonly preview?: boolean | undefined
}

/** Where the dates come from and when they were read. */
export const runtimesSource = {
  source:
    'cfn-lint runtime data of 2026-08-19, compared with the runtime support policy of the Lambda developer guide; ' +
    "glibc: aws-lambda-builders and chalice; libstdc++: the distributions' gcc, unverified",
  asOf: '2026-08-19',
} as const

// prettier-ignore
export const pythonRuntimes: readonly PythonRuntime[] = [
  { id: 'python2.7', python: '2.7', minor: [2, 7], operatingSystem: 'Amazon Linux', glibc: [2, 17], glibcxx: '3.4.19', cxxabi: '1.3.7', deprecated: '2021-07-15', createBlocked: '2021-07-15', updateBlocked: '2022-05-30' },
  { id: 'python3.6', python: '3.6', minor: [3, 6], operatingSystem: 'Amazon Linux', glibc: [2, 17], glibcxx: '3.4.19', cxxabi: '1.3.7', deprecated: '2022-07-18', createBlocked: '2022-07-18', updateBlocked: '2022-08-29' },
  { id: 'python3.7', python: '3.7', minor: [3, 7], operatingSystem: 'Amazon Linux', glibc: [2, 17], glibcxx: '3.4.19', cxxabi: '1.3.7', deprecated: '2023-12-04', createBlocked: '2024-01-09', updateBlocked: '2027-03-03' },
  { id: 'python3.8', python: '3.8', minor: [3, 8], operatingSystem: 'Amazon Linux 2', glibc: [2, 26], glibcxx: '3.4.24', cxxabi: '1.3.11', deprecated: '2024-10-14', createBlocked: '2027-02-01', updateBlocked: '2027-03-03' },
  { id: 'python3.9', python: '3.9', minor: [3, 9], operatingSystem: 'Amazon Linux 2', glibc: [2, 26], glibcxx: '3.4.24', cxxabi: '1.3.11', deprecated: '2025-12-15', createBlocked: '2027-02-01', updateBlocked: '2027-03-03' },
  { id: 'python3.10', python: '3.10', minor: [3, 10], operatingSystem: 'Amazon Linux 2', glibc: [2, 26], glibcxx: '3.4.24', cxxabi: '1.3.11', deprecated: '2026-10-31', createBlocked: '2027-02-01', updateBlocked: '2027-03-03' },
  { id: 'python3.11', python: '3.11', minor: [3, 11], operatingSystem: 'Amazon Linux 2', glibc: [2, 26], glibcxx: '3.4.24', cxxabi: '1.3.11', deprecated: '2027-06-30', createBlocked: '2027-07-31', updateBlocked: '2027-08-31' },
  { id: 'python3.12', python: '3.12', minor: [3, 12], operatingSystem: 'Amazon Linux 2023', glibc: [2, 34], glibcxx: '3.4.29', cxxabi: '1.3.13', deprecated: '2028-10-31', createBlocked: '2028-11-30', updateBlocked: '2029-01-10' },
  { id: 'python3.13', python: '3.13', minor: [3, 13], operatingSystem: 'Amazon Linux 2023', glibc: [2, 34], glibcxx: '3.4.29', cxxabi: '1.3.13', deprecated: '2029-06-30', createBlocked: '2029-07-31', updateBlocked: '2029-08-31' },
  { id: 'python3.14', python: '3.14', minor: [3, 14], operatingSystem: 'Amazon Linux 2023', glibc: [2, 34], glibcxx: '3.4.29', cxxabi: '1.3.13', deprecated: '2029-06-30', createBlocked: '2029-07-31', updateBlocked: '2029-08-31' },
  { id: 'python3.15', python: '3.15', minor: [3, 15], operatingSystem: 'Amazon Linux 2023', glibc: [2, 34], glibcxx: '3.4.29', cxxabi: '1.3.13', preview: true },
]

/** The runtime of a build that names none anywhere. A constant, never the host's Python: the bytes would depend on it. */
export const defaultRuntimeId = 'python3.13'

export const unknownRuntime = defineError('ZY0301', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a Python runtime of Lambda`,
  hint: `Use one of ${pythonRuntimes.map((runtime) => `\`${runtime.id}\``).join(', ')}`,
}))

const byId = new Map(pythonRuntimes.map((runtime) => [runtime.id, runtime]))

/** The runtime with this id, or `undefined` when it is not a Python runtime. */
export function findPythonRuntime(id: string): PythonRuntime | undefined {
  return byId.get(id)
}

/** Takes `python3.13` and, since fingers type it, `3.13`. */
export function parsePythonRuntime(text: string): PythonRuntime {
  const trimmed = text.trim()
  const runtime = byId.get(trimmed) ?? byId.get(`python${trimmed}`)
  if (!runtime) throw unknownRuntime({ text })
  return runtime
}

export type RuntimePhase = 'supported' | 'deprecated' | 'create-blocked' | 'update-blocked'

/** Where a runtime stands in AWS's support policy on a day. */
export function runtimePhase(runtime: PythonRuntime, today: Date): RuntimePhase {
  const reached = (date: string | undefined): boolean => date !== undefined && today >= new Date(`${date}T00:00:00Z`)
  if (reached(runtime.updateBlocked)) return 'update-blocked'
  if (reached(runtime.createBlocked)) return 'create-blocked'
  return reached(runtime.deprecated) ? 'deprecated' : 'supported'
}
