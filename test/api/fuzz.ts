/**
 * Sends requests that the model suggests, right ones and wrong ones, and says what the service must never do: answer 5xx, answer without a
 * request id or an error without its type, or stop answering. `npm run long` gives it minutes, `npm test` seconds.
 */
import { connect } from 'node:net'
import { operationModels, shapes } from '../../src/api/lambda/model/model.gen.ts'
import type { Shape } from '../../src/api/lambda/model/shape.ts'
import { archiveBytes } from '../../src/zip/writer.ts'
import { call, send, type Answer, type Endpoint } from './api-client.ts'

export interface FuzzOptions {
  readonly endpoint: Endpoint
  readonly seed: number
  readonly requests: number
}

export interface FuzzFinding {
  readonly request: number
  readonly operation: string
  readonly input: string
  readonly problem: string
}

export interface FuzzReport {
  readonly requests: number
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>
  readonly findings: readonly FuzzFinding[]
}

const operationNames = Object.keys(operationModels)
const functionNames = ['alpha', 'beta', 'gamma']
const zip = archiveBytes([{ path: 'app.py', bytes: 'def handler(event, context):\n    return event\n' }])

export async function fuzzApi(options: FuzzOptions): Promise<FuzzReport> {
  const random = mulberry32(options.seed)
  const statuses: Record<string, number> = {}
  const findings: FuzzFinding[] = []
  for (let request = 0; request < options.requests; request++) {
    const operation = pick(random, operationNames)
    const input = makeInput(random, operation)
    const shown = JSON.stringify(input)?.slice(0, 2000) ?? ''
    let answer: Answer
    try {
      answer = await perform(random, options.endpoint, operation, input)
    } catch (error) {
      // What cannot be written into a header or a path was never sent.
      if (error instanceof URIError || (error as NodeJS.ErrnoException).code === 'ERR_INVALID_CHAR') continue
      findings.push({ request, operation, input: shown, problem: `no answer: ${String(error)}` })
      continue
    }
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
    const problem = problemOf(answer)
    if (problem !== undefined) findings.push({ request, operation, input: shown, problem })
    if (request % 50 === 49) await sendGarbage(random, options.endpoint)
  }
  return { requests: options.requests, statuses, findings }
}

function problemOf(answer: Answer): string | undefined {
  if (answer.status >= 500) return `status ${answer.status}: ${answer.body.toString().slice(0, 500)}`
  if (answer.headers['x-amzn-requestid'] === undefined) return 'no request id'
  if (answer.status < 400) return undefined
  if (answer.headers['x-amzn-errortype'] === undefined) return `an error without its type: ${answer.body.toString()}`
  try {
    const body = JSON.parse(answer.body.toString()) as Record<string, unknown>
    if (typeof (body['message'] ?? body['Message']) !== 'string')
      return `an error without a text: ${answer.body.toString()}`
  } catch {
    return `an error that is not JSON: ${answer.body.toString().slice(0, 500)}`
  }
  return undefined
}

function perform(
  random: Random,
  endpoint: Endpoint,
  operation: string,
  input: Record<string, unknown>,
): Promise<Answer> {
  const { method, uri } = operationModels[operation]!
  const path = uri.replaceAll(/\{\w+\}/g, () => encodeURIComponent(pick(random, functionNames))).split('?')[0]!
  const damage = random()
  if (damage > 0.1) return call(endpoint, operation, input)
  const text = JSON.stringify(input)
  const bodies: readonly (Buffer | string)[] = [
    text.slice(0, Math.floor(random() * text.length)),
    `${'['.repeat(50_000)}`,
    `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    '{"Timeout":1e400,"MemorySize":-1e400}',
    '[]',
    '"text"',
    `{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}},"FunctionName":"alpha"}`,
    '\u0000',
  ]
  return send(endpoint, {
    method,
    path,
    query: pick(random, [
      '',
      'Marker=%00',
      'MaxItems=999999999999999999999',
      'Qualifier=%24LATEST&Qualifier=1',
      'a=b&&=c',
    ]),
    headers: { 'content-type': pick(random, ['application/json', 'text/plain', 'application/xml']) },
    body: pick(random, bodies),
  })
}

/** Not even HTTP, or HTTP that stops: the connection may be cut, the service may not notice otherwise. */
function sendGarbage(random: Random, endpoint: Endpoint): Promise<void> {
  const texts = [
    'GET / HTTP/1.1\r\n\r\n',
    'POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nshort',
    'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    '\u0000\u0001\u0002',
    'PUT /b/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  ]
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(endpoint.url).port), '127.0.0.1', () =>
      socket.write(pick(random, texts), 'latin1'),
    )
    socket.on('error', () => resolve())
    socket.on('close', () => resolve())
    socket.setTimeout(50, () => socket.destroy())
    socket.resume()
  })
}

type Random = () => number

function makeInput(random: Random, operation: string): Record<string, unknown> {
  const { input } = operationModels[operation]!
  return input === undefined ? {} : (makeStructure(random, input, 0) as Record<string, unknown>)
}

function makeStructure(random: Random, name: string, depth: number): unknown {
  const members = Object.entries(shapes[name]!.members ?? {})
  const made = members
    .filter(([, member]) => (member.required ? random() > 0.03 : random() < 0.35))
    .map(([memberName, member]) => [memberName, makeMember(random, memberName, member.shape, depth)] as const)
  return Object.fromEntries(made.filter(([, value]) => value !== undefined))
}

function makeMember(random: Random, memberName: string, shapeName: string, depth: number): unknown {
  // Mostly what makes sense together, so that stories develop.
  if (random() < 0.9) {
    if (memberName === 'FunctionName')
      return pick(random, functionNames) + pick(random, ['', '', '', ':$LATEST', ':1', ':live'])
    if (memberName === 'Qualifier') return pick(random, ['$LATEST', '1', '2', 'live', 'nobody'])
    if (memberName === 'Name') return pick(random, ['live', 'beta'])
    if (memberName === 'FunctionVersion') return pick(random, ['$LATEST', '1', '2'])
    if (memberName === 'LayerName') return pick(random, ['lib', 'other'])
    if (memberName === 'VersionNumber') return pick(random, [1, 2, 3])
    if (memberName === 'Role') return 'arn:aws:iam::123456789012:role/fuzz'
    if (memberName === 'Runtime') return pick(random, ['python3.11', 'python3.12', 'nodejs20.x'])
    if (memberName === 'Handler') return 'app.handler'
    if (memberName === 'ZipFile') return pick(random, [zip, zip, zip, Buffer.from('no zip'), Buffer.alloc(0)])
    if (memberName === 'Code' || memberName === 'Content') return { ZipFile: zip }
    if (memberName === 'RevisionId' || memberName === 'ImageUri' || memberName === 'PackageType') return undefined
    if (memberName === 'Resource')
      return `arn:aws:lambda:us-east-1:123456789012:function:${pick(random, functionNames)}`
  }
  if (random() < 0.08)
    return pick(random, [null, 'x', '', -1, 1.5, 1e18, true, [], {}, 'y'.repeat(5000), '\u0000\ud800', [[[]]]])
  return makeValue(random, shapeName, depth)
}

function makeValue(random: Random, name: string, depth: number): unknown {
  const shape = shapes[name]!
  switch (shape.type) {
    case 'structure':
      return depth > 4 ? {} : makeStructure(random, name, depth + 1)
    case 'list':
      return Array.from({ length: Math.floor(random() * 4) }, () => makeValue(random, shape.member!, depth + 1))
    case 'map':
      return Object.fromEntries(
        Array.from({ length: Math.floor(random() * 4) }, () => [
          String(makeValue(random, shape.key!, depth + 1)),
          makeValue(random, shape.value!, depth + 1),
        ]),
      )
    case 'boolean':
      return random() < 0.5
    case 'blob':
      return pick(random, [zip, Buffer.from('{}'), Buffer.from('not json'), Buffer.from([0xff])])
    case 'string':
      return makeText(random, shape)
    default:
      return pick(random, [
        shape.min ?? 0,
        shape.max ?? 100,
        (shape.min ?? 1) - 1,
        (shape.max ?? 100) + 1,
        Math.floor(random() * 1000),
      ])
  }
}

function makeText(random: Random, shape: Shape): string {
  if (shape.enum && random() < 0.8) return pick(random, shape.enum)
  const alphabet = pick(random, ['abcXYZ019-_', 'abc:/.$ *?', 'äöü東京\u0000\n"\\'])
  const length = Math.floor(random() * pick(random, [4, 70, 300]))
  return Array.from({ length }, () => pick(random, [...alphabet])).join('')
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)]!
}

/** A small generator with a seed, so that a finding can be repeated. */
function mulberry32(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}
