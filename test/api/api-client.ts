/** A client of the Lambda API made from the same model table, so that a test can send what an SDK would refuse to. */
import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { operationModels, shapes } from '../../src/api/lambda/model/model.gen.ts'
import { signRequest, type SigningCredentials } from '../../src/aws/sigv4.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface Endpoint {
  readonly url: string
  readonly credentials: SigningCredentials
  readonly region: string
}

/** Sends a signed request as it is. */
export function send(
  endpoint: Endpoint,
  sent: {
    readonly method: string
    readonly path: string
    readonly query?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: Buffer | string
    readonly service?: string
    /** Hangs up. */
    readonly signal?: AbortSignal
  },
): Promise<Answer> {
  const { method, path, query = '' } = sent
  const body = Buffer.from(sent.body ?? '')
  const url = new URL(endpoint.url)
  const headers = { host: url.host, ...sent.headers }
  const signature = signRequest(
    { method, path, query, headers },
    {
      credentials: endpoint.credentials,
      region: endpoint.region,
      service: sent.service ?? 'lambda',
      date: new Date(),
      payloadHash: createHash('sha256').update(body).digest('hex'),
    },
  )
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: url.hostname,
        port: url.port,
        method,
        path: query === '' ? path : `${path}?${query}`,
        headers: { ...headers, ...signature, 'content-length': body.length },
        agent: false,
        signal: sent.signal,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        )
        response.on('error', reject)
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Calls an operation with members as in the model; `Buffer`s become base64. */
export function call(endpoint: Endpoint, operation: string, input: Readonly<Record<string, unknown>>): Promise<Answer> {
  const model = operationModels[operation]!
  const members = model.input === undefined ? {} : (shapes[model.input]!.members ?? {})
  let [path, query = ''] = model.uri.split('?') as [string, string?]
  const parameters = new URLSearchParams(query)
  const headers: Record<string, string> = {}
  const json: Record<string, unknown> = {}
  let payload: Buffer | string | undefined
  for (const [name, value] of Object.entries(input)) {
    const member = members[name]
    const wire = member?.wire ?? name
    if (member?.in === 'uri') path = path.replace(`{${wire}}`, encodeURIComponent(String(value)))
    else if (member?.in === 'querystring') {
      for (const one of Array.isArray(value) ? value : [value]) parameters.append(wire, String(one))
    } else if (member?.in === 'header') headers[wire.toLowerCase()] = String(value)
    else if (member?.in === 'payload') payload = Buffer.isBuffer(value) ? value : String(value)
    else json[wire] = value
  }
  query = parameters.toString().replaceAll('+', '%20')
  const hasJson = Object.keys(json).length > 0
  if (hasJson) headers['content-type'] = 'application/json'
  const body = payload ?? (hasJson ? JSON.stringify(json, (_, value: unknown) => toBase64(value)) : '')
  return send(endpoint, { method: model.method, path, query, headers, body })
}

/** JSON.stringify sees a Buffer already as `{ type: 'Buffer', data }`. */
function toBase64(value: unknown): unknown {
  const shown = value as { type?: unknown; data?: unknown } | null
  if (typeof shown === 'object' && shown?.type === 'Buffer')
    return Buffer.from(shown.data as number[]).toString('base64')
  return value
}

/** An answer as botocore shows it, which is how the recordings are written. */
export function asRecorded(operation: string, answer: Answer): Record<string, unknown> {
  const meta = { ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: answer.status } }
  const text = answer.body.toString()
  if (answer.status >= 300) {
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    const error = { Code: answer.headers['x-amzn-errortype'], Message: body['message'] ?? body['Message'] }
    const isBare = body['Type'] === undefined && Object.keys(body).length === 1
    return {
      Error: error,
      ...(isBare && body['message'] !== undefined && operation !== '' ? { message: body['message'] } : body),
      ...meta,
    }
  }
  if (operation === 'Invoke') {
    const header = (name: string): string | undefined => answer.headers[name] as string | undefined
    return {
      StatusCode: answer.status,
      Payload: parsePayload(text),
      ExecutedVersion: header('x-amz-executed-version'),
      FunctionError: header('x-amz-function-error'),
      LogResult: header('x-amz-log-result'),
      ...meta,
    }
  }
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  for (const name of ['Statement', 'Policy']) {
    if (typeof body[name] === 'string') body[name] = JSON.parse(body[name])
  }
  return { ...body, ...(operation === 'DeleteFunction' && { StatusCode: answer.status }), ...meta }
}

/** The recordings show JSON parsed, but `null` and a text as they are on the wire. */
function parsePayload(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : text
  } catch {
    return text
  }
}
