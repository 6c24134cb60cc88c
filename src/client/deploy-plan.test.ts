import { expect, test } from 'vitest'
import { configurationInput, planDeployment, type DesiredFunction } from './deploy-plan.ts'
import type { FunctionConfiguration } from './lambda-client.ts'

const current: FunctionConfiguration = {
  FunctionName: 'hello',
  FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:hello',
  CodeSha256: 'same=',
  CodeSize: 10,
  Version: '$LATEST',
  RevisionId: 'r1',
  Runtime: 'python3.13',
  Handler: 'app.main',
  MemorySize: 256,
  Timeout: 3,
  Architectures: ['x86_64'],
  Environment: { Variables: { B: '2', A: '1' } },
}
const desired: DesiredFunction = { name: 'hello', codeSha256: 'same=', codeBytes: 10 }

test('a function that is not there is created', () => {
  expect(planDeployment(desired, undefined)).toEqual({ action: 'create' })
})

test('equal code and no named setting that differs is unchanged', () => {
  expect(planDeployment({ ...desired, memoryMiB: 256, environment: { A: '1', B: '2' } }, current)).toEqual({
    action: 'unchanged',
  })
})

test('settings that are not named are left as they are', () => {
  expect(configurationInput(desired)).toEqual({})
})

test('a named setting that differs is the only one sent', () => {
  expect(planDeployment({ ...desired, memoryMiB: 512, handler: 'app.main' }, current)).toEqual({
    action: 'update',
    code: false,
    configuration: [{ member: 'MemorySize', from: 256, to: 512 }],
  })
})

test('another architecture is another code', () => {
  expect(planDeployment({ ...desired, architecture: 'arm64' }, current)).toMatchObject({ action: 'update', code: true })
})

test('an environment that loses a variable differs', () => {
  expect(planDeployment({ ...desired, environment: { A: '1' } }, current)).toMatchObject({
    configuration: [{ member: 'Environment', to: { Variables: { A: '1' } } }],
  })
})
