import type { ResolvableInput } from '../dependency-input.ts'
import type { Target } from '../target.ts'

/**
 * The triple that uv resolves for. uv knows no glibc 2.26: for Amazon Linux 2 it gets 2.17, which is safe and misses the rare
 * wheel that needs 2.18 to 2.26.
 */
export function uvPlatform(target: Target): string {
  const minor = target.runtime.glibc[1] >= 34 ? 34 : 17
  return `${target.python.machine}-manylinux_2_${minor}`
}

/** What `uv pip compile` is told, as arguments. Index settings travel in the environment, where other users of the machine cannot see them. */
export function uvArguments(options: {
  readonly input: Exclude<ResolvableInput, { kind: 'lines' }>
  readonly target: Target
  /** Distributions that have no wheel, for which source archives are allowed. */
  readonly fromSource: readonly string[]
  readonly offline: boolean
  /** Only `--find-links` is searched. uv has no variable for it. */
  readonly noIndex?: boolean | undefined
  /** An interpreter for the metadata of source archives. */
  readonly python?: string | undefined
}): readonly string[] {
  const { input, target } = options
  const files = input.kind === 'requirements' ? input.files : [input.file]
  const scope =
    input.kind === 'pyproject'
      ? [...input.extras.flatMap((extra) => ['--extra', extra]), ...input.groups.flatMap((group) => ['--group', group])]
      : []
  return [
    'pip',
    'compile',
    ...files,
    ...scope,
    '--format',
    'pylock.toml',
    '--python-version',
    target.environment.python_full_version,
    '--python-platform',
    uvPlatform(target),
    '--only-binary',
    ':all:',
    ...options.fromSource.flatMap((name) => ['--no-binary', name]),
    '--no-python-downloads',
    '--no-header',
    '--no-progress',
    '--color',
    'never',
    ...(options.python ? ['--python', options.python] : []),
    ...(options.offline ? ['--offline'] : []),
    ...(options.noIndex ? ['--no-index'] : []),
  ]
}

/** The distributions that uv refused because they have no wheel, from its explanation. */
export function namesWithoutWheels(stderr: string): readonly string[] {
  const names = [...stderr.matchAll(/Wheels are required for `([A-Za-z0-9._-]+)`/g)].map((match) => match[1]!)
  return [...new Set(names)].sort()
}
