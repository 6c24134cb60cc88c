/** The AWS Query protocol of STS and IAM: a form in, XML out. */
import { requestTooLarge } from '../http/errors.ts'
import { accessFaultOf } from '../http/access-fault.ts'
import type { ApiRequest, ApiResponse } from '../http/message.ts'
import { element, xmlDocument, type XmlFields } from '../xml/xml-writer.ts'
import { holdsNul, storeFull } from '../../store/errors.ts'

/** An answer of a query service that is an error. */
export class QueryFault extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const formLimit = 1024 * 1024

/** The parameters of one call. */
export class QueryParameters {
  readonly #form: URLSearchParams

  constructor(form: URLSearchParams) {
    this.#form = form
  }

  /** Reads the form of a POST, or the query of a GET. */
  static async read(request: ApiRequest): Promise<QueryParameters> {
    if (request.method === 'GET') return new QueryParameters(request.query)
    return new QueryParameters(new URLSearchParams((await request.body(formLimit)).toString()))
  }

  optional(name: string): string | undefined {
    const value = this.#form.get(name)
    return value === null || value === '' ? undefined : value
  }

  /** @throws a ValidationError in AWS's words */
  required(name: string): string {
    const value = this.#form.get(name)
    if (value !== null && value !== '') return value
    const member = name[0]!.toLowerCase() + name.slice(1)
    const what = value === null ? 'null' : ''
    throw new QueryFault(
      400,
      'ValidationError',
      `1 validation error detected: Value ${value === null ? what : `'${what}'`} at '${member}' failed to satisfy constraint: ` +
        (value === null ? 'Member must not be null' : 'Member must have length greater than or equal to 1'),
    )
  }

  integer(name: string, range: { readonly min: number; readonly max: number }): number | undefined {
    const text = this.optional(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (/^-?\d{1,15}$/.test(text) && value >= range.min && value <= range.max) return value
    const member = name[0]!.toLowerCase() + name.slice(1)
    const bound = value > range.max ? `less than or equal to ${range.max}` : `greater than or equal to ${range.min}`
    throw new QueryFault(
      400,
      'ValidationError',
      `1 validation error detected: Value '${text}' at '${member}' failed to satisfy constraint: Member must have value ${bound}`,
    )
  }

  /** `Name.member.1`, `Name.member.2` … */
  list(name: string): readonly string[] {
    const values: string[] = []
    for (let index = 1; ; index++) {
      const value = this.#form.get(`${name}.member.${index}`)
      if (value === null) return values
      values.push(value)
    }
  }

  /** `Tags.member.1.Key` and `.Value` … */
  tags(name = 'Tags'): Readonly<Record<string, string>> {
    const tags: Record<string, string> = {}
    for (let index = 1; ; index++) {
      const key = this.#form.get(`${name}.member.${index}.Key`)
      if (key === null) return tags
      tags[key] = this.#form.get(`${name}.member.${index}.Value`) ?? ''
    }
  }
}

export interface QueryProtocol {
  /** `https://sts.amazonaws.com/doc/2011-06-15/` */
  readonly namespace: string
}

export function queryAnswer(
  protocol: QueryProtocol,
  request: Pick<ApiRequest, 'id'>,
  action: string,
  result: XmlFields | undefined,
): ApiResponse {
  const root = element(
    `${action}Response`,
    { ...(result && { [`${action}Result`]: result }), ResponseMetadata: { RequestId: request.id } },
    { xmlns: protocol.namespace },
  )
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: xmlDocument(root) }
}

export function renderQueryError(
  protocol: QueryProtocol,
  error: unknown,
  request: Pick<ApiRequest, 'id'>,
): ApiResponse {
  const fault = faultOf(error)
  const root = element(
    'ErrorResponse',
    {
      Error: { Type: fault.status < 500 ? 'Sender' : 'Receiver', Code: fault.code, Message: fault.message },
      RequestId: request.id,
    },
    { xmlns: protocol.namespace },
  )
  return { status: fault.status, headers: { 'content-type': 'text/xml' }, body: xmlDocument(root) }
}

function faultOf(error: unknown): QueryFault {
  if (error instanceof QueryFault) return error
  const access = accessFaultOf(error)
  if (access) return new QueryFault(access.status, access.query, access.message)
  if (requestTooLarge.is(error)) return new QueryFault(413, 'RequestEntityTooLarge', error.message)
  if (holdsNul(error)) return new QueryFault(400, 'ValidationError', 'A value in the request holds a NUL character')
  if (storeFull.is(error)) return new QueryFault(503, 'ServiceUnavailable', error.message)
  return new QueryFault(
    500,
    'InternalFailure',
    'The request processing has failed because of an unknown error, exception or failure.',
  )
}
