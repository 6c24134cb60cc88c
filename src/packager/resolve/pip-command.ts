import { compatiblePlatforms } from '../../pypa/tag.ts'
import type { Target } from '../target.ts'

/**
 * What `pip` is told to decide versions for another machine, as arguments after `python -m pip`.
 *
 * Every compatible platform is passed: pip takes `manylinux_2_28` alone for that tag alone, older ones not included (measured with
 * pip 23.2). `--target` is demanded by pip and nothing is written to it under `--dry-run`.
 */
export function pipArguments(options: {
  readonly requirementFiles: readonly string[]
  readonly constraintFiles: readonly string[]
  readonly target: Target
  readonly folder: string
}): readonly string[] {
  const { target } = options
  return [
    'install',
    '--dry-run',
    '--ignore-installed',
    '--no-input',
    '--quiet',
    '--report',
    '-',
    '--target',
    options.folder,
    '--only-binary',
    ':all:',
    '--python-version',
    target.environment.python_full_version,
    '--implementation',
    'cp',
    ...[`cp${target.runtime.python.replace('.', '')}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi]),
    ...compatiblePlatforms(target.python).flatMap((platform) => ['--platform', platform]),
    ...options.constraintFiles.flatMap((file) => ['-c', file]),
    ...options.requirementFiles.flatMap((file) => ['-r', file]),
  ]
}
