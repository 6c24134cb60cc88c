import { expect, test } from 'vitest'
import { accessDenied, invalidParameter, resourceNotFound } from './errors.ts'
import { functionArn, parseFunctionName } from './function-name.ts'

const scope = { accountId: '123456789012', region: 'us-east-1' }

test.each([
  ['hello', undefined],
  ['hello:prod', 'prod'],
  ['function:hello', undefined],
  ['123456789012:function:hello:1', '1'],
  ['arn:aws:lambda:us-east-1:123456789012:function:hello', undefined],
  ['arn:aws:lambda:us-east-1:123456789012:function:hello:$LATEST', '$LATEST'],
])('%s is the function `hello` with the qualifier %s', (text, qualifier) => {
  expect(parseFunctionName(text, scope)).toEqual({ ...scope, name: 'hello', qualifier })
})

test('a qualifier may be said twice, but not in two ways', () => {
  expect(parseFunctionName('hello:1', scope, '1').qualifier).toBe('1')
  expect(() => parseFunctionName('hello:1', scope, '2')).toThrow(
    invalidParameter({ text: 'The derived qualifier from the function name does not match the specified qualifier.' }),
  )
})

test('another region is not reachable, another account not accessible', () => {
  expect(parse('eu-west-1', '123456789012')).toThrow(
    resourceNotFound({ text: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')" }),
  )
  expect(parse('us-east-1', '210987654321')).toThrow(
    accessDenied({ text: 'Account 123456789012 may not use functions of account 210987654321' }),
  )
})

function parse(region: string, accountId: string): () => unknown {
  return () => parseFunctionName(functionArn({ region, accountId, name: 'hello' }), scope)
}
