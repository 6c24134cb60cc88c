import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cases } from '../../test/kit/cases.ts'
import { malformedFilterPattern } from './errors.ts'
import { parseFilterPattern } from './filter-pattern.ts'

/** Pattern, messages that pass, messages that do not. */
type Row = readonly [pattern: string, passing: readonly string[], failing: readonly string[]]

const accessLine = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'

// prettier-ignore
const rows: Readonly<Record<string, readonly Row[]>> = {
  terms: [
    ['', ['anything', ''], []],
    ['ERROR', ['[ERROR 400] BAD REQUEST', 'ERRORS'], ['[error]', 'fine']],
    ['ERROR ARGUMENTS', ['[ERROR 419] MISSING ARGUMENTS', 'ARGUMENTS then ERROR'], ['[ERROR 400] BAD REQUEST']],
    ['"INTERNAL SERVER ERROR"', ['[ERROR 500] INTERNAL SERVER ERROR'], ['SERVER INTERNAL ERROR']],
    ['?ERROR ?WARN', ['ERROR x', 'WARN y'], ['INFO z']],
    ['ERROR -EXITING', ['ERROR running'], ['ERROR EXITING', 'EXITING']],
    ['-"END RequestId"', ['START RequestId: 1'], ['END RequestId: 1']],
    ['INFO ?ERROR ?WARN', ['INFO only', 'INFO ERROR'], ['ERROR only']],
    ['"say \\"hi\\""', ['they say "hi"'], ['they say hi']],
    ['"email@example.com"', ['from email@example.com'], ['email at example']],
  ],
  'regular expressions': [
    ['%AUTHORIZED%', ['[ERROR 401] UNAUTHORIZED REQUEST', 'AUTHORIZED'], ['AUTHOR']],
    ['%^[hc]at%', ['hat', 'cat in'], ['the cat', 'bat']],
    ['%[hc]at$%', ['the hat'], ['hats']],
    ['%colou?r%', ['color', 'colour'], ['colouur']],
    ['%a{3,5}b%', ['aaab', 'aaaaab', 'xaaaaaab'], ['aab']],
    ['%gray|grey%', ['gray', 'grey'], ['groy']],
    ['%10\\.10\\.0\\.1%', ['10.10.0.1'], ['10a10b0c1']],
    ['%\\d\\d:\\d\\d \\w+\\s[^x]%', ['12:30 abc  y'], ['12:3 abc y', '12:30 abc x']],
    ['%\\x28.*\\x29%', ['f(x)'], ['f x']],
    ['%.+%', ['x'], ['']],
  ],
  'JSON': [
    ['{ $.eventType = "UpdateTrail" }', ['{"eventType":"UpdateTrail"}'], ['{"eventType":"Other"}', 'UpdateTrail', '{}']],
    ['{ $.eventType = Update* }', ['{"eventType":"UpdateTrail"}', '{"eventType":"Update"}'], ['{"eventType":"DoUpdate"}']],
    ['{ $.sourceIP != 123.123.* }', ['{"sourceIP":"10.0.0.1"}'], ['{"sourceIP":"123.123.0.1"}', '{}']],
    ['{ $.arr[0] = "value" }', ['{"arr":["value","b"]}'], ['{"arr":["b","value"]}']],
    ['{ $.arr[*].id = 2 }', ['{"arr":[{"id":1},{"id":2}]}'], ['{"arr":[{"id":3}]}']],
    ['{ $.bandwidth > 75 }', ['{"bandwidth":75.5}', '{"bandwidth":"80"}'], ['{"bandwidth":75}', '{"bandwidth":"x"}', '{"bandwidth":null}']],
    ['{ $.latency = 1e3 || $.a.b <= -2 }', ['{"latency":1000}', '{"a":{"b":-2}}'], ['{"latency":999,"a":{"b":0}}']],
    ['{ $.x IS NULL }', ['{"x":null}'], ['{"x":0}', '{}']],
    ['{ $.x NOT EXISTS }', ['{}'], ['{"x":null}']],
    ['{ $.x IS TRUE && $.y IS FALSE }', ['{"x":true,"y":false}'], ['{"x":true,"y":true}']],
    ['{ $.x = * }', ['{"x":1}'], ['{}']],
    ['{ ($.user.id = 1) && (($.city = "a") || $.city = "b") }', ['{"user":{"id":1},"city":"b"}'], ['{"user":{"id":2},"city":"b"}', '{"user":{"id":1},"city":"c"}']],
    ['{ $.a = 1 || $.b = 1 && $.c = 1 }', ['{"a":1}', '{"b":1,"c":1}'], ['{"b":1}', '{"c":1}']],
    ["{ $['a b'].c = \"&& (x)\" }", ['{"a b":{"c":"&& (x)"}}'], ['{"a b":{"c":"x"}}']],
    ['{ $.level = %ERR|WARN% }', ['{"level":"WARNING"}'], ['{"level":"INFO"}']],
    ['{ $.__proto__ = * }', [], ['{}']],
    ['{ $.obj = "x" }', [], ['{"obj":{"x":1}}', '{"obj":["x"]}']],
  ],
  fields: [
    ['[ip, user, username, timestamp, request, status_code, bytes]', [accessLine], ['one two', `${accessLine} more`]],
    ['[ip, user, username, timestamp, request, status_code = 4*, bytes > 1000]', [accessLine], [accessLine.replace('404', '200'), accessLine.replace('1534', '10')]],
    ['[ip, user, username, timestamp, request = *html*, status_code = 404 || status_code = 410, bytes]', [accessLine, accessLine.replace('404', '410')], [accessLine.replace('404', '400')]],
    ['[..., status_code = 404, bytes]', [accessLine, 'x 404 1'], [accessLine.replace('404', '200'), '404']],
    ['[ip, ...]', [accessLine, 'x'], []],
    ['[w1 != "%ERROR%" && w1 != INFO, w2]', ['WARN x'], ['INFO x', 'WARN']],
    ['[w1 = ERROR, w2]', ['ERROR x'], ['INFO x', 'ERROR x y']],
    ['[w1=%ERROR|WARN%, ...]', ['XWARN', 'ERROR x y'], ['INFO WARN']],
    ['[request = "GET /index.html, HTTP", n]', ['"GET /index.html, HTTP" 1'], ['"GET /" 1']],
  ],
}

describe.each(Object.entries(rows))('%s', (_, patterns) => {
  test.each(patterns)('`%s`', (pattern, passing, failing) => {
    const matches = parseFilterPattern(pattern)
    expect(passing.filter((message) => !matches(message))).toEqual([])
    expect(failing.filter((message) => matches(message))).toEqual([])
  })
})

test.each([
  ['RequestId:', "Invalid character(s) in term 'RequestId:'"],
  ['a"b', 'Invalid character(s)'],
  ['"open', 'Invalid character(s)'],
  ['{ $.x = 1', "must end with '}'"],
  ['{ }', 'it ends too early'],
  ['{ $.x }', 'it ends too early'],
  ['{ $.x = }', 'it ends too early'],
  ['{ $.x > "a" }', 'ends too early'],
  ['{ ($.x = 1 }', 'ends too early'],
  ['{ x = 1 }', 'not expected'],
  ['[a, b', "must end with ']'"],
  ['[a, ..., b, ...]', 'once only'],
  ['[a = ]', 'is not a field'],
  ['%a(b)%', 'not supported'],
  ['%[a%', 'not closed'],
  ['%a{5,2}%', 'ends before it begins'],
  [`%${'a{999}'.repeat(9)}%`, 'too large'],
  [`{ ${'('.repeat(100)}$.x = 1${')'.repeat(100)} }`, 'not expected'],
])('`%s` is refused', (pattern, because) => {
  expect(() => parseFilterPattern(pattern)).toThrow(expect.toSatisfy(malformedFilterPattern.is))
  expect(() => parseFilterPattern(pattern)).toThrow(because)
})

const attempt = (pattern: string, message: string): void => {
  try {
    expect(typeof parseFilterPattern(pattern)(message)).toBe('boolean')
  } catch (error) {
    if (!malformedFilterPattern.is(error)) throw error
  }
}

test('any text is a pattern or refused as one, and never breaks', () => {
  assert(property(string(), string(), attempt), cases(100))
  assert(
    property(string({ unit: 'grapheme-ascii' }), string(), (inner, message) => attempt(`{${inner}}`, message)),
    cases(100),
  )
  assert(
    property(string({ unit: 'grapheme-ascii' }), string(), (inner, message) => attempt(`[${inner}]`, message)),
    cases(100),
  )
  assert(
    property(string({ unit: 'grapheme-ascii' }), string(), (inner, message) => attempt(`%${inner}%`, message)),
    cases(100),
  )
})

test('expressions that make backtracking engines hang are answered', () => {
  const message = 'a'.repeat(20_000)
  expect(parseFilterPattern('%a*a*a*a*a*a*a*a*b%')(message)).toBe(false)
  expect(parseFilterPattern(`{ $.x = ${'a*'.repeat(300)}b }`)(JSON.stringify({ x: message }))).toBe(false)
})
