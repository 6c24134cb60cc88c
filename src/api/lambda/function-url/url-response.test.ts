import { expect, test } from 'vitest'
import type { InvocationResult } from '../../../invoker/invocation.ts'
import { badGateway, urlResponse } from './url-response.ts'

function result(value: unknown, functionError?: 'Unhandled'): InvocationResult {
  const timings = { queue: 0, handler: 0, total: 0 }
  return {
    payload: Buffer.from(JSON.stringify(value)),
    functionError,
    logTail: Buffer.alloc(0),
    executedVersion: '1',
    timings,
  }
}

test.each([
  [{ hello: 'world' }, '{"hello":"world"}'],
  [['hello', 3, true], '["hello",3,true]'],
  ['hello', 'hello'],
  [3.1, '3.1'],
  [null, 'null'],
])('%j without a status is the body of a 200', (value, body) => {
  expect(urlResponse(result(value))).toEqual({ status: 200, headers: { 'content-type': 'application/json' }, body })
})

test('a status, headers, cookies and a body in base64 are taken as they are', () => {
  const value = {
    statusCode: 201,
    headers: { 'Content-Type': 'image/png', 'X-Count': 3, 'Transfer-Encoding': 'chunked' },
    cookies: ['a=1', 'b=2'],
    body: Buffer.from('png').toString('base64'),
    isBase64Encoded: true,
  }
  expect(urlResponse(result(value))).toEqual({
    status: 201,
    headers: { 'content-type': 'image/png', 'x-count': '3', 'set-cookie': ['a=1', 'b=2'] },
    body: Buffer.from('png'),
  })
})

test('a function cannot end a header and start another', () => {
  const value = {
    statusCode: 200,
    headers: { 'x-a': 'b\r\nset-cookie: c', 'bad name': 'x' },
    cookies: ['a\nb'],
    body: 'ok',
  }
  expect(urlResponse(result(value)).headers).toEqual({ 'content-type': 'application/json' })
})

test('a failed function and an impossible status are a bad gateway', () => {
  expect(urlResponse(result({ errorMessage: 'x' }, 'Unhandled'))).toBe(badGateway)
  expect(urlResponse(result({ statusCode: 'many' }))).toBe(badGateway)
})
