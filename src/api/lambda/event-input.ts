/**
 * The input of `Invoke`: what is asked for besides the event is the same each time for most callers, so it is read and checked once.
 *
 * Requests are the same when operation, path, query and the headers that the model reads are.
 */
import { recalling } from '../../base/recall.ts'
import type { ApiRequest } from '../http/message.ts'
import { operationModels, shapes } from './model/model.gen.ts'
import type { Route } from './router.ts'
import { readInput, type Input } from './validation/read-input.ts'
import { validationMessage } from './validation/validate.ts'

/** @returns the input without its event, and what the model has against it */
export function readEventInput(request: ApiRequest, { operation, labels }: Route): CheckedInput {
  const { path, rawQuery, headers, query } = request
  const target = rawQuery === '' ? path : `${path}?${rawQuery}`
  const names = headersOf(operation)
  const recalled = known.get(target)
  if (recalled?.operation === operation && names.every((name, at) => headers[name] === recalled.values[at]))
    return recalled
  const input = readInput(operationModels[operation]!.input!, { labels, query, headers, body: {} })
  const values = names.map((name) => headers[name])
  const checked = { operation, values, input, broken: validationMessage(operation, input) }
  if (target.length + values.join('').length > longest) return checked
  if (known.size >= kept) known.clear()
  known.set(target, checked)
  return checked
}

/** The whole input; its members always in the same order, which is what makes them quick to read. */
export function withEvent(input: Input, payload: Buffer): Input {
  return {
    FunctionName: input['FunctionName'],
    Qualifier: input['Qualifier'],
    InvocationType: input['InvocationType'],
    LogType: input['LogType'],
    ClientContext: input['ClientContext'],
    Payload: payload,
  }
}

export interface CheckedInput {
  readonly input: Input
  /** The message of a `ValidationException`, if it deserves one. */
  readonly broken: string | undefined
}

interface Known extends CheckedInput {
  readonly operation: string
  /** Of the headers that the model reads. */
  readonly values: readonly (string | readonly string[] | undefined)[]
}

/** The last one by path and query. */
const known = new Map<string, Known>()
const kept = 512
const longest = 2048

const headersOf = recalling((operation): readonly string[] =>
  Object.entries(shapes[operationModels[operation]!.input!]!.members ?? {}).flatMap(([name, member]) =>
    member.in === 'header' ? [(member.wire ?? name).toLowerCase()] : [],
  ),
)
