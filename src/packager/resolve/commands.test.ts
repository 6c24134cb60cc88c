import { expect, test } from 'vitest'
import { parsePythonRuntime } from '../../lambda/runtimes.ts'
import { targetOf } from '../target.ts'
import { pipArguments } from './pip-command.ts'
import {
  explanationOf,
  noPythonToResolve,
  resolutionError,
  unsatisfiable,
  indexNotReached,
  withoutCredentials,
} from './resolution-error.ts'
import { namesWithoutWheels, uvArguments } from './uv-command.ts'

const arm313 = targetOf(parsePythonRuntime('python3.13'), 'arm64')
const x39 = targetOf(parsePythonRuntime('python3.9'), 'x86_64')

test('uv resolves for the runtime and the architecture, from wheels alone, and downloads no interpreter', () => {
  const command = uvArguments({
    input: { kind: 'requirements', files: ['requirements.txt'] },
    target: arm313,
    fromSource: [],
    offline: false,
  }).join(' ')
  expect(command).toContain('pip compile requirements.txt --format pylock.toml --python-version 3.13.')
  expect(command).toContain('--python-platform aarch64-manylinux_2_34 --only-binary :all:')
  expect(command).toContain('--no-python-downloads')
})

test('uv knows no glibc 2.26, so runtimes on Amazon Linux 2 are resolved for 2.17', () => {
  const command = uvArguments({
    input: { kind: 'pyproject', file: 'pyproject.toml', extras: ['s3'], groups: ['prod'] },
    target: x39,
    fromSource: ['docopt'],
    offline: true,
  }).join(' ')
  expect(command).toContain('x86_64-manylinux_2_17')
  expect(command).toContain('pyproject.toml --extra s3 --group prod')
  expect(command).toContain('--no-binary docopt')
  expect(command).toContain('--offline')
})

test('pip is told every platform it may take, since it does not take older ones by itself', () => {
  const args = pipArguments({ requirementFiles: ['r.txt'], constraintFiles: ['c.txt'], target: x39, folder: '/tmp/x' })
  const platforms = args.filter((_, index) => args[index - 1] === '--platform')
  expect(platforms).toEqual(
    expect.arrayContaining([
      'manylinux_2_26_x86_64',
      'manylinux_2_17_x86_64',
      'manylinux2014_x86_64',
      'manylinux1_x86_64',
    ]),
  )
  expect(platforms.some((platform) => platform.includes('2_27'))).toBe(false)
  expect(args.filter((_, index) => args[index - 1] === '--abi')).toEqual(['cp39', 'abi3', 'none'])
  expect(args.slice(-4)).toEqual(['-c', 'c.txt', '-r', 'r.txt'])
})

test('the names that have no wheel are read from what uv says', () => {
  const stderr =
    'error: No solution found\n\nhint: Wheels are required for `docopt` because building from source is disabled for all packages (i.e., with `--no-build`)'
  expect(namesWithoutWheels(stderr)).toEqual(['docopt'])
})

test("a resolver's explanation reaches the person, its noise and the index's credentials do not", () => {
  const stderr = [
    'warning: The requested Python version 3.13 is not available; 3.11.7 will be used to build dependencies instead.',
    'error: No solution found when resolving dependencies',
    '  cause: Because there is no version of numpy==9 and you require numpy==9, we can conclude that your requirements are unsatisfiable.',
  ].join('\n')
  const error = resolutionError({ resolver: 'uv', input: 'requirements.txt', target: 'python3.13 on arm64', stderr })
  expect(unsatisfiable.is(error)).toBe(true)
  expect((error.cause as Error).message).toBe(
    'No solution found when resolving dependencies\nBecause there is no version of numpy==9 and you require numpy==9, we can conclude that your requirements are unsatisfiable.',
  )
  const unreachable =
    'error: Request failed after 3 retries\n  cause: Failed to fetch: https://ana:secret@index.example/simple/requests/'
  expect(indexNotReached.is(resolutionError({ resolver: 'uv', input: 'r', target: 't', stderr: unreachable }))).toBe(
    true,
  )
  expect(explanationOf(unreachable)).not.toContain('secret')
  expect(withoutCredentials('git+https://token@host/x and http://a:b@c')).toBe('git+https://host/x and http://c')
})

test('a machine without any Python is told to get one, or to build from a lock', () => {
  const stderr =
    'error: No interpreter found for Python 3.13.18 in virtual environments, managed installations, or search path\n'
  const error = resolutionError({ resolver: 'uv', input: 'requirements.txt', target: 'python3.13 on x86_64', stderr })
  expect(noPythonToResolve.is(error)).toBe(true)
  expect(error).toMatchObject({
    message: '`uv` found no Python on this machine, without which it does not resolve `requirements.txt`',
    hint: expect.stringMatching(/Install any version of Python .* from a lock needs none$/),
  })
})
