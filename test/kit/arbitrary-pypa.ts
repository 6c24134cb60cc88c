import * as fc from 'fast-check'

/**
 * `count` values. The same ones in every run, so that a test passes or fails for everybody alike; `ZIPYARD_SEED` chooses others (a
 * number, or `random`), and `npm run long` does.
 */
export function samples<Value>(arbitrary: fc.Arbitrary<Value>, count: number): Value[] {
  const seed = process.env['ZIPYARD_SEED'] ?? '1'
  return fc.sample(arbitrary, seed === 'random' ? { numRuns: count } : { numRuns: count, seed: Number(seed) })
}

/** Inputs for property tests: versions, specifiers and markers as people and tools write them, odd spellings included. */

const number = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map(String),
  fc.constantFrom('00', '01', '2024', '20240131', '99999999999999999999'),
)
const separator = fc.constantFrom('', '.', '-', '_')
const chance = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), fc.constant(''), part)

const release = fc.array(number, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
const pre = fc
  .tuple(
    separator,
    fc.constantFrom('a', 'b', 'c', 'rc', 'alpha', 'beta', 'pre', 'preview', 'RC', 'A'),
    separator,
    chance(number),
  )
  .map((parts) => parts.join(''))
const post = fc.oneof(
  number.map((digits) => `-${digits}`),
  fc
    .tuple(separator, fc.constantFrom('post', 'rev', 'r', 'POST'), separator, chance(number))
    .map((parts) => parts.join('')),
)
const dev = fc.tuple(separator, fc.constantFrom('dev', 'DEV'), separator, chance(number)).map((parts) => parts.join(''))
const local = fc
  .array(fc.oneof(number, fc.constantFrom('ubuntu', 'abc', 'cu121', 'A1', 'g1234abc')), { minLength: 1, maxLength: 3 })
  .chain((parts) => fc.constantFrom('.', '-', '_').map((joint) => `+${parts.join(joint)}`))

export const versionText = fc
  .tuple(
    chance(fc.constant('v')),
    chance(number.map((digits) => `${digits}!`)),
    release,
    chance(pre),
    chance(post),
    chance(dev),
    chance(local),
  )
  .map((parts) => parts.join(''))

/** Few numbers, so that versions meet. */
const smallRelease = fc
  .array(fc.constantFrom('0', '1', '2', '10'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('.'))
export const closeVersionText = fc
  .tuple(
    fc.constantFrom('', '', '', '1!'),
    smallRelease,
    fc.constantFrom('', '', 'a1', 'b1', 'rc1', 'rc2'),
    fc.constantFrom('', '', '.post1', '.post0', '-2'),
    fc.constantFrom('', '', '.dev0', '.dev1'),
    fc.constantFrom('', '', '', '+1', '+abc.1', '+ABC-1'),
  )
  .map((parts) => parts.join(''))

export const specifierText = fc
  .tuple(
    fc.constantFrom('==', '!=', '<=', '>=', '<', '>', '~=', '==='),
    fc.constantFrom('', ' '),
    closeVersionText,
    fc.constantFrom('', '', '', '.*'),
  )
  .map((parts) => parts.join(''))

export const specifierSetText = fc
  .array(specifierText, { minLength: 0, maxLength: 3 })
  .map((clauses) => clauses.join(', '))

const variable = fc.constantFrom(
  'python_version',
  'python_full_version',
  'os_name',
  'sys_platform',
  'platform_machine',
  'platform_system',
  'platform_release',
  'platform_version',
  'platform_python_implementation',
  'implementation_name',
  'implementation_version',
  'extra',
  'os.name',
  'python_implementation',
)
const value = fc.constantFrom(
  '3.8',
  '3.10',
  '3.13',
  '3.13.9',
  '3',
  '2.7',
  '3.*',
  '3.1*',
  'linux',
  'Linux',
  'win32',
  'darwin',
  'posix',
  'nt',
  'x86_64',
  'aarch64',
  'arm64',
  'CPython',
  'cpython',
  'PyPy',
  '',
  'test',
  'Test_Extra',
  'a',
  'linux darwin',
  '3.8 3.13',
  '5.10',
  '#1 SMP',
)
const operator = fc.constantFrom('==', '!=', '<', '<=', '>', '>=', '~=', '===', 'in', 'not in', 'not  in')
const quoted = fc.tuple(value, fc.constantFrom("'", '"')).map(([text, quote]) => `${quote}${text}${quote}`)
const comparison = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(variable, operator, quoted).map((parts) => parts.join(' ')) },
  { weight: 1, arbitrary: fc.tuple(quoted, operator, variable).map((parts) => parts.join(' ')) },
)

export const markerText: fc.Arbitrary<string> = fc.letrec<{ marker: string }>((tie) => ({
  marker: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc.tuple(tie('marker'), fc.constantFrom('and', 'or'), tie('marker')).map((parts) => parts.join(' ')),
    tie('marker').map((inner) => `(${inner})`),
  ),
})).marker

/** Text that is nearly right: pieces of the grammar in any order. */
export function garbled(pieces: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 10 })
    .map((parts) => parts.join(''))
}
