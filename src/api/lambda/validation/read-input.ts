/** Takes the members of an operation's input from path, query, headers and body, and gives each the type that the model names. */
import { defineError } from '../../../base/errors.ts'
import { recalling } from '../../../base/recall.ts'
import { SentPackage } from '../../../functions/sent-package.ts'
import { shapes } from '../model/model.gen.ts'
import type { Member, Shape } from '../model/shape.ts'

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
  const input: Record<string, unknown> = {}
  for (const member of planOf(shapeName)) {
    let value: unknown
    if (member.from === 'header') value = fromText(member.shape, single(request.headers[member.wire]))
    else if (member.from === 'uri') value = fromText(member.shape, request.labels[member.wire])
    else if (member.from === 'querystring') value = fromQuery(member.shape, request.query, member.wire)
    else if (member.from === 'payload') value = request.payload
    else value = convert(member.shapeName, request.body[member.wire])
    if (value !== undefined) input[member.name] = value
  }
  return input
}

interface PlannedMember {
  readonly name: string
  readonly from: Member['in']
  /** Its name in the request; a header's in lower case. */
  readonly wire: string
  readonly shapeName: string
  readonly shape: Shape
}

/** The members of a structure as they are looked for in a request; worked out once. */
const planOf = recalling(
  (shapeName): readonly PlannedMember[] =>
    Object.entries(shapes[shapeName]!.members ?? {}).map(([name, member]) => {
      const wire = member.wire ?? name
      return {
        name,
        from: member.in,
        wire: member.in === 'header' ? wire.toLowerCase() : wire,
        shapeName: member.shape,
        shape: shapes[member.shape]!,
      }
    }),
  Object.keys(shapes).length,
)

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
