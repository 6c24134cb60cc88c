import { expect, test } from 'vitest'
import { parsePlainHead } from './plain-head.ts'

const head = (...lines: string[]): string =>
  ['POST /2015-03-31/functions/f/invocations?x=1 HTTP/1.1', 'Host: a', ...lines].join('\r\n')

test('a plain head gives method, url, headers in lower case and the length of the body', () => {
  expect(
    parsePlainHead(head('X-Amz-Date:\t 20261122T120000Z ', 'Content-Length: 12', 'connection: Keep-Alive')),
  ).toEqual({
    method: 'POST',
    url: '/2015-03-31/functions/f/invocations?x=1',
    headers: { host: 'a', 'x-amz-date': '20261122T120000Z', 'content-length': '12', connection: 'Keep-Alive' },
    bodyBytes: 12,
    lines: expect.any(Array),
  })
})

test('a head is read the same whatever came before it on its connection', () => {
  const heads = [
    head('x-a: 1', 'x-b: 2'),
    head('x-a: 1', 'x-b:  3 '),
    head('x-a: 1', 'X-B: 3'),
    head('x-a: 1', 'x-bb: 3'),
    head('x-a: 1', 'x-b'),
    head('x-a: 1', 'x-a: 3'),
    head('x-a: \u0001', 'x-b: 2'),
    head('x-b: 2', 'x-a: 1'),
    head('content-length: 3', 'x-b: 2'),
    head('content-length: 4', 'x-b: 2'),
    head('content-length: 4x', 'x-b: 2'),
    head('connection: keep-alive', 'x-b: 2'),
    head('connection: close', 'x-b: 2'),
    head('x-a: 1'),
    head('x-a: 1', 'x-b: 2').replace('/f/', '/g/'),
  ]
  for (const before of heads) {
    for (const next of heads) expect(parsePlainHead(next, parsePlainHead(before))).toEqual(parsePlainHead(next))
  }
})

test.each([
  ['another version', 'GET / HTTP/1.0\r\nHost: a'],
  ['a whole URL', 'GET http://a/ HTTP/1.1\r\nHost: a'],
  ['a method that is seldom', 'OPTIONS / HTTP/1.1\r\nHost: a'],
  ['no method', '/ HTTP/1.1\r\nHost: a'],
  ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: a'],
  ['no host', 'GET / HTTP/1.1\r\nAccept: */*'],
  ['a header twice', head('x-a: 1', 'X-A: 2')],
  ['a length twice', head('content-length: 1', 'content-length: 1')],
  ['chunks', head('transfer-encoding: chunked')],
  ['a length and chunks', head('content-length: 3', 'transfer-encoding: chunked')],
  ['a length with a sign', head('content-length: +3')],
  ['a length that is no number', head('content-length: 3, 3')],
  ['a long body', head('content-length: 999999')],
  ['an expectation', head('expect: 100-continue')],
  ['an upgrade', head('connection: upgrade', 'upgrade: websocket')],
  ['the end of the connection', head('connection: close')],
  ['a folded header', head('x-a: 1', ' 2')],
  ['a space before the colon', head('x-a : 1')],
  ['a line end alone', head('x-a: 1\nx-b: 2')],
  ['a control character', head('x-a: \u0000')],
  ['a line without a colon', head('x-a')],
  ['a name of JavaScript', head('__proto__: 1')],
])('%s is not plain', (_what, text) => {
  expect(parsePlainHead(text)).toBeUndefined()
})
