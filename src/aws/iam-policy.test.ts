import { expect, test } from 'vitest'
import { evaluatePolicies } from './iam-policy.ts'

const invoke = { action: 'lambda:InvokeFunction', resource: 'arn:aws:lambda:us-east-1:123456789012:function:hello' }
const policy = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements })

test.each([
  ['nothing is granted without a document', [], 'not-granted'],
  [
    'a named action on a named function',
    [policy({ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: invoke.resource })],
    'allowed',
  ],
  [
    'wildcards, whatever the case of the action',
    [policy({ Effect: 'Allow', Action: ['LAMBDA:invoke*'], Resource: 'arn:aws:lambda:*:*:function:h?llo' })],
    'allowed',
  ],
  [
    'another function',
    [policy({ Effect: 'Allow', Action: '*', Resource: 'arn:aws:lambda:us-east-1:123456789012:function:other' })],
    'not-granted',
  ],
  [
    'a resource compares with regard to case',
    [policy({ Effect: 'Allow', Action: '*', Resource: invoke.resource.toUpperCase() })],
    'not-granted',
  ],
  [
    'a deny wins wherever it stands',
    [
      policy({ Effect: 'Deny', Action: 'lambda:*', Resource: '*' }),
      policy({ Effect: 'Allow', Action: '*', Resource: '*' }),
    ],
    'denied',
  ],
  ['NotAction grants the rest', [policy({ Effect: 'Allow', NotAction: 's3:*', Resource: '*' })], 'allowed'],
  [
    'a condition that cannot be judged grants nothing',
    [policy({ Effect: 'Allow', Action: '*', Resource: '*', Condition: { Bool: {} } })],
    'not-granted',
  ],
  [
    'a conditional deny denies',
    [
      policy(
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: '*', Resource: '*', Condition: {} },
      ),
    ],
    'denied',
  ],
  ['a document that is not JSON grants nothing', ['{'], 'not-granted'],
] as const)('%s', (_title, documents, decision) => {
  expect(evaluatePolicies(documents, invoke)).toBe(decision)
})
