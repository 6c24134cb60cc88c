/** Takes the members of an operation's input from path, query, headers and body, and gives each the type that the model names. */
import { defineError } from '../../../base/errors.ts'
import { SentPackage } from '../../../functions/sent-package.ts'
import { shapes } from '../model/model.gen.ts'
import type { Shape } from '../model/shape.ts'

export const malformedJson = defineError('ZY0830', 'refused', (p: { because: string }) => ({
  message: `Could not parse request body into json: ${p.because}`,
  hint: 'Send a JSON object',
}))

export const wrongType = defineError('ZY0831', 'refused', (p: { found: string; expected: string }) => ({
  message: `${p.found} can not be converted to ${p.expected}`,
  hint: 'Send the type that the API reference names',
}))

export type Input = Readonly<Record<string, unknown>>

/** Parses a JSON body; an empty one is an object without members. */
export function parseBody(bytes: Uint8Array): Input {
  if (bytes.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw malformedJson({ because: error instanceof SyntaxError ? error.message : 'Invalid UTF-8' }, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType({ found: jsonType(value), expected: 'a structure' })
  }
  return value as Input
}

/**
 * @param labels values of the path's placeholders, decoded
 * @param body the parsed JSON body; the payload itself where an operation's body is one
 * @throws `wrongType`
 */
export function readInput(
  shapeName: string,
  request: {
    readonly labels: Readonly<Record<string, string>>
    readonly query: URLSearchParams
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly body: Input
    readonly payload?: unknown
  },
): Input {
  const input: [string, unknown][] = []
  for (const [name, member] of Object.entries(shapes[shapeName]!.members ?? {})) {
    const shape = shapes[member.shape]!
    const wire = member.wire ?? name
    let value: unknown
    if (member.in === 'uri') value = fromText(shape, request.labels[wire])
    else if (member.in === 'querystring') value = fromQuery(shape, request.query, wire)
    else if (member.in === 'header') value = fromText(shape, single(request.headers[wire.toLowerCase()]))
    else if (member.in === 'payload') value = request.payload
    else value = convert(member.shape, request.body[wire])
    if (value !== undefined) input.push([name, value])
  }
  return Object.fromEntries(input)
}

function fromQuery(shape: Shape, query: URLSearchParams, name: string): unknown {
  if (shape.type !== 'list') return fromText(shape, query.get(name) ?? undefined)
  const values = query.getAll(name)
  return values.length === 0 ? undefined : values
}

function fromText(shape: Shape, text: string | undefined): unknown {
  if (text === undefined) return undefined
  if (shape.type === 'integer' || shape.type === 'long') {
    if (!/^-?\d{1,15}$/.test(text)) throw wrongType({ found: 'STRING_VALUE', expected: 'an Integer' })
    return Number(text)
  }
  if (shape.type === 'boolean') return text === 'true'
  return text
}

/** A value of the JSON body as its shape wants it. `null` is the same as absent; members that the model does not know are dropped. */
function convert(shapeName: string, value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const shape = shapes[shapeName]!
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).map(
        ([name, member]) => [name, convert(member.shape, object(value)[member.wire ?? name])] as const,
      )
      return Object.fromEntries(members.filter(([, one]) => one !== undefined))
    }
    case 'map':
      return Object.fromEntries(
        Object.entries(object(value)).flatMap(([key, one]) => {
          const converted = convert(shape.value!, one)
          return converted === undefined ? [] : [[key, converted]]
        }),
      )
    case 'list':
      if (!Array.isArray(value)) throw wrongType({ found: jsonType(value), expected: 'a list' })
      return value.map((one) => convert(shape.member!, one)).filter((one) => one !== undefined)
    case 'string':
      return expectType(value, typeof value === 'string', 'a String')
    case 'boolean':
      return expectType(value, typeof value === 'boolean', 'a Boolean')
    case 'integer':
    case 'long':
      return expectType(value, Number.isSafeInteger(value), 'an Integer')
    case 'double':
    case 'float':
    case 'timestamp':
      return expectType(value, typeof value === 'number', 'a Double')
    case 'blob':
      // A package was taken out of the body while it was read; what stands in its place is not a string.
      if (value instanceof SentPackage) return value
      return heldPackage(expectType(value, typeof value === 'string', 'a Blob') as string)
  }
}

function heldPackage(base64: string): SentPackage {
  const sent = new SentPackage()
  void sent.take(base64)
  return sent
}

function object(value: unknown): Input {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType({ found: jsonType(value), expected: 'a structure' })
  }
  return value as Input
}

function expectType(value: unknown, isRight: boolean, expected: string): unknown {
  if (!isRight) throw wrongType({ found: jsonType(value), expected })
  return value
}

/** As AWS's parser names what it found. */
function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'START_ARRAY'
  if (typeof value === 'object') return value === null ? 'NULL_VALUE' : 'START_OBJECT'
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE'
  return typeof value === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE'
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
