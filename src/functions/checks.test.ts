import { expect, test } from 'vitest'
import { checkEnvironment, checkRuntime, checkSnapStart, type RuntimePolicy } from './checks.ts'

function rules(policy: RuntimePolicy, today: string) {
  return {
    policy,
    today: new Date(today),
    creatable: ['python3.13', 'nodejs22.x'],
    known: ['nodejs14.x', 'nodejs22.x'],
  }
}

const blocked = (runtime: string): string =>
  `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`

test.each([
  ['python3.13', 'create', 'aws', '2026-11-22', undefined],
  ['python3.8', 'create', 'aws', '2027-01-31', undefined],
  ['python3.8', 'create', 'aws', '2027-02-01', blocked('python3.8')],
  ['python3.8', 'update', 'aws', '2027-02-01', undefined],
  ['python3.8', 'update', 'aws', '2027-03-03', blocked('python3.8')],
  ['python2.7', 'create', 'lenient', '2026-11-22', undefined],
  ['nodejs22.x', 'create', 'lenient', '2026-11-22', undefined],
  ['nodejs14.x', 'create', 'lenient', '2026-11-22', blocked('nodejs14.x')],
] as const)('%s: %s under the policy %s on %s', (runtime, action, policy, today, message) => {
  const check = (): void => checkRuntime(runtime, action, rules(policy, today))
  if (message === undefined) expect(check).not.toThrow()
  else expect(check).toThrow(message)
})

test.each(['python3.15', 'PYTHON3.9', 'cobol'])('%s is no runtime, and those that are are listed', (runtime) => {
  expect(() => checkRuntime(runtime, 'create', rules('lenient', '2026-11-22'))).toThrow(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [python3.13, nodejs22.x] or be a valid ARN`,
  )
})

function variables(bytes: number) {
  return { Environment: { Variables: { LARGE: 'x'.repeat(bytes - '{"LARGE":""}'.length) } } }
}

test('environment variables are measured as compact JSON: 4096 bytes are taken, 4097 are not', () => {
  expect(() => checkEnvironment(variables(4096))).not.toThrow()
  expect(() => checkEnvironment(variables(4097))).toThrow('exceeded the 4KB limit. String measured: {"LARGE":"xxx')
})

test('variables that Lambda sets itself are refused, those that are reserved named in the order given', () => {
  const Variables = { STAGE: 'test', LAMBDA_TASK_ROOT: '/other', AWS_REGION: 'eu-west-1', AWS_REGIONS: 'all' }
  expect(() => checkEnvironment({ Environment: { Variables } })).toThrow(
    'contains reserved keys that are currently not supported for modification. Reserved keys used in this request: LAMBDA_TASK_ROOT, AWS_REGION',
  )
  expect(() => checkEnvironment({ Environment: { Variables: { AWS_REGIONS: 'all', TZ: 'UTC' } } })).not.toThrow()
})

test('SnapStart takes Python from 3.12 on', () => {
  expect(() => checkSnapStart('PublishedVersions', 'python3.12')).not.toThrow()
  expect(() => checkSnapStart('PublishedVersions', 'python3.11')).toThrow(
    'python3.11 is not supported for SnapStart enabled functions.',
  )
  expect(() => checkSnapStart('None', 'python3.8')).not.toThrow()
})
