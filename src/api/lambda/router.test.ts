import { expect, test } from 'vitest'
import { operationModels } from './model/model.gen.ts'
import { route } from './router.ts'

test('every operation of the model is found by its own URI', () => {
  for (const [operation, { method, uri }] of Object.entries(operationModels)) {
    const [path, query] = uri.replaceAll(/\{\w+\}/g, 'x').split('?') as [string, string?]
    expect(route(method, path, new URLSearchParams(query))?.operation).toBe(operation)
  }
})

test('an ARN in the path is one label, encoded or not', () => {
  const arn = 'arn:aws:lambda:us-east-1:123456789012:function:hello:prod'
  for (const sent of [arn, encodeURIComponent(arn)]) {
    expect(route('GET', `/2015-03-31/functions/${sent}`, new URLSearchParams())).toEqual({
      operation: 'GetFunction',
      labels: { FunctionName: arn },
    })
  }
})

test('what no operation has is not found', () => {
  expect(route('PATCH', '/2015-03-31/functions', new URLSearchParams())).toBeUndefined()
  expect(route('GET', '/2015-03-31/nothing', new URLSearchParams())).toBeUndefined()
  expect(route('GET', '/2015-03-31/functions/', new URLSearchParams())?.operation).toBe('ListFunctions')
})
