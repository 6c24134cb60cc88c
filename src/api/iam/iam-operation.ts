import type { Clock } from '../../base/clock.ts'
import type { Catalog } from '../../store/catalog.ts'
import type { Caller } from '../http/message.ts'
import { QueryFault, type QueryParameters } from '../query/query-protocol.ts'
import type { XmlFields } from '../xml/xml-writer.ts'

export interface IamContext {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly caller: Caller
  readonly parameters: QueryParameters
}

/** Gives the fields of the result, or nothing for actions that only succeed. */
export type IamAction = (context: IamContext) => Promise<XmlFields | undefined>

/** @throws ValidationError for names that IAM does not take */
export function readName(parameters: QueryParameters, parameter: string, limit: number): string {
  const name = parameters.required(parameter)
  const member = parameter[0]!.toLowerCase() + parameter.slice(1)
  if (name.length > limit) throw invalid(name, member, `Member must have length less than or equal to ${limit}`)
  if (!/^[\w+=,.@-]+$/.test(name))
    throw invalid(name, member, 'Member must satisfy regular expression pattern: [\\w+=,.@-]+')
  return name
}

export function readPath(parameters: QueryParameters): string {
  const path = parameters.optional('Path') ?? '/'
  if (path.length > 512 || !/^(?:\/|\/[\u0021-\u007e]+\/)$/.test(path)) {
    throw invalid(
      path,
      'path',
      'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
    )
  }
  return path
}

/** JSON is asked of a document; that its statements make sense is not (see `lambda-api` facts on IAM). */
export function readDocument(parameters: QueryParameters, parameter: string): string {
  const document = parameters.required(parameter)
  try {
    if (typeof JSON.parse(document) === 'object') return document
  } catch {
    // told below
  }
  throw new QueryFault(400, 'MalformedPolicyDocument', 'This policy contains invalid Json')
}

/** A page of a list that is in memory: `MaxItems` and `Marker` count names. */
export function pageOf<Item>(
  items: readonly Item[],
  parameters: QueryParameters,
  nameOf: (item: Item) => string,
): { readonly items: readonly Item[]; readonly fields: XmlFields } {
  const limit = parameters.integer('MaxItems', { min: 1, max: 1000 }) ?? 100
  const marker = parameters.optional('Marker')
  const after = marker === undefined ? '' : Buffer.from(marker, 'base64url').toString()
  const ordered = items.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
  const rest = ordered.filter((item) => nameOf(item) > after)
  const page = rest.slice(0, limit)
  const more = rest.length > limit
  return {
    items: page,
    fields: { IsTruncated: more, Marker: more ? Buffer.from(nameOf(page.at(-1)!)).toString('base64url') : undefined },
  }
}

/** @throws LimitExceeded, InvalidInput */
export function checkTags(tags: Readonly<Record<string, string>>): string {
  if (Object.keys(tags).length > 50) {
    throw new QueryFault(409, 'LimitExceeded', 'The number of tags has reached the maximum limit of 50')
  }
  for (const [key, value] of Object.entries(tags)) {
    if (key === '' || key.length > 128 || value.length > 256) {
      throw invalid(key, 'tags', 'Member must have length less than or equal to 128')
    }
  }
  return JSON.stringify(tags)
}

function invalid(value: string, member: string, constraint: string): QueryFault {
  return new QueryFault(
    400,
    'ValidationError',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  )
}
