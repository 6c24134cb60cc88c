/** Signed S3 requests of any shape, also those that no SDK would send. */
import { request as httpRequest, type IncomingHttpHeaders, type ClientRequest } from 'node:http'
import type { Readable } from 'node:stream'
import { signRequest, unsignedPayload } from '../../src/aws/sigv4.ts'
import { testKey } from './side-services-open.ts'

export interface S3Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface S3RequestOptions {
  readonly method?: string
  /** Percent-encoded path and query. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string | Readable
  /** The value of `x-amz-content-sha256`; unsigned by default. */
  readonly payloadHash?: string
  readonly key?: typeof testKey
}

/** Opens the request without its body, for tests that break it off. */
export function openS3Request(url: string, options: S3RequestOptions): ClientRequest {
  const { host, hostname, port } = new URL(url)
  const [path, query = ''] = options.target.split('?') as [string, string?]
  const method = options.method ?? 'GET'
  const headers = { host, ...options.headers }
  const signed = signRequest(
    { method, path, query, headers },
    {
      credentials: options.key ?? testKey,
      region: 'us-east-1',
      service: 's3',
      date: new Date(),
      payloadHash: options.payloadHash ?? unsignedPayload,
    },
  )
  return httpRequest({ hostname, port, method, path: options.target, headers: { ...headers, ...signed } })
}

/** Sends it and reads the whole answer. */
export function s3Request(url: string, options: S3RequestOptions): Promise<S3Answer> {
  return new Promise((resolve, reject) => {
    const { body } = options
    const headers: Record<string, string> = { ...options.headers }
    const isWhole = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
    if (isWhole && !headers['transfer-encoding']) headers['content-length'] ??= String(Buffer.byteLength(body ?? ''))
    const request = openS3Request(url, { ...options, headers })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() })
      })
    })
    if (isWhole) request.end(body)
    else body.pipe(request)
  })
}

/** The `Code` of an error of S3. */
export function codeOf(answer: S3Answer): string | undefined {
  return /<Code>([^<]*)<\/Code>/.exec(answer.body)?.[1]
}
