import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { shapes } from '../model/model.gen.ts'
import { isWholeMatch } from './pattern.ts'
import { validationMessage } from './validate.ts'

const name = 'functionName'
const readPattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?'

test.each([
  ['GetFunction', { FunctionName: 'hello' }, undefined],
  [
    'GetFunction',
    { FunctionName: '*' },
    `1 validation error detected: Value '*' at '${name}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${readPattern}`,
  ],
  [
    'UntagResource',
    { Resource: 'arn:aws:lambda:us-east-1:123456789012:function:x' },
    "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
  ],
  [
    'CreateAlias',
    { FunctionName: 'f', Name: 'a', FunctionVersion: '1', RoutingConfig: { AdditionalVersionWeights: { 2: 2 } } },
    "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
  ],
  [
    'CreateAlias',
    {
      FunctionName: 'f',
      Name: 'a',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { $LATEST: 0.5 } },
    },
    "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]",
  ],
  [
    'PutProvisionedConcurrencyConfig',
    { FunctionName: 'f', Qualifier: '1', ProvisionedConcurrentExecutions: 0 },
    "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ],
  [
    'ListFunctions',
    { FunctionVersion: 'invalid' },
    "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]",
  ],
  [
    'UpdateFunctionConfiguration',
    { FunctionName: 'f', Timeout: 901 },
    "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
  ],
  [
    'UpdateFunctionConfiguration',
    { FunctionName: 'f', VpcConfig: { SubnetIds: ['bad'] } },
    "1 validation error detected: Value '[bad]' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: subnet-[0-9a-z]*]",
  ],
  [
    'UpdateFunctionConfiguration',
    { FunctionName: 'f', SnapStart: { ApplyOn: 'x' } },
    "1 validation error detected: Value 'x' at 'snapStart.applyOn' failed to satisfy constraint: Member must satisfy enum value set: [PublishedVersions, None]",
  ],
])('%s %j', (operation, input, message) => {
  expect(validationMessage(operation, input)).toBe(message)
})

test('all failures are told in one message', () => {
  const message = validationMessage('GetFunction', { FunctionName: '*', Qualifier: 'a'.repeat(129) })
  expect(message).toMatch(/^2 validation errors detected: /)
  expect(message).toContain(
    `Value '${'a'.repeat(129)}' at 'qualifier' failed to satisfy constraint: Member must have length less than or equal to 128`,
  )
})

test('values of environment variables are not printed', () => {
  const message = validationMessage('UpdateFunctionConfiguration', {
    FunctionName: 'f',
    Environment: { Variables: { '1x': 'hidden' } },
  })
  expect(message).toContain(
    "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint:",
  )
  expect(message).not.toContain('hidden')
})

test('every pattern of the model compiles', () => {
  const patterns = Object.values(shapes).flatMap((shape) => shape.pattern ?? [])
  expect(patterns.length).toBeGreaterThan(50)
  for (const pattern of patterns) expect(() => isWholeMatch(pattern, 'x')).not.toThrow()
})

test('a tag may hold letters of any script', () => {
  const pattern = '([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)'
  expect(readFileSync(new URL('../model/model.gen.ts', import.meta.url), 'utf8')).toContain('p{L}')
  expect([isWholeMatch(pattern, 'größe/東京-1'), isWholeMatch(pattern, 'a;b')]).toEqual([true, false])
})
