/**
 * What every API (lambda, s3, sts, iam, logs) sees of a request, and what it answers.
 *
 * The signature was already verified when a handler sees an `ApiRequest`; the handler decides what the caller may do.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

export interface Caller {
  /** Account of the access key, 12 digits. */
  readonly accountId: string
  /** Region of the credential scope. */
  readonly region: string
  readonly accessKeyId: string
  /** `arn:aws:iam::123456789012:user/zipyard`, or an assumed role of a function. */
  readonly arn: string
  /** `user` may do everything in its account; `role` only what is granted to it (see docs/reference/access.md). */
  readonly kind: 'user' | 'role' | 'anonymous'
}

export interface ApiRequest {
  /** Our id of the request: `x-amzn-RequestId`. */
  readonly id: string
  readonly method: string
  /** The path as sent, still percent-encoded, without the query. */
  readonly path: string
  /** As sent, without `?`; empty when there is none. */
  readonly rawQuery: string
  /** Decoded names and values, in the order sent; a name without `=` has the value ''. */
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly caller: Caller
  /** `http://HOST:PORT` under which the client reached us, for links back to us. */
  readonly origin: string
  /** S3 virtual-host addressing: the bucket named by `Host`, if it was. */
  readonly hostBucket?: string | undefined
  /** The whole body, decoded from `aws-chunked`; throws `requestTooLarge` beyond `limitBytes`. */
  body(limitBytes: number): Promise<Buffer>
  /** Where its body is, when it was given to `ApiService.largeBody`; there is nothing to read here then. */
  readonly largeBody?: LargeBody | undefined
  /** The body as a stream, decoded from `aws-chunked`, its signature and checksums checked at the end (the stream fails if wrong). */
  stream(): Readable
}

/** A large body that is taken from the event loop while it arrives, and stays elsewhere until its request is known to be a good one. */
export interface LargeBody {
  /** The next bytes, given away. To be waited for when it gives a promise: what takes them is behind. */
  take(chunk: Buffer): Promise<void> | undefined
  /** No more come. Resolves with the SHA-256 of all, in hexadecimal digits. */
  end(): Promise<string>
  /** Nobody needs it any more. */
  discard(): void
}

export interface ApiResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Buffer | string | Readable | undefined
}

export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse>

/** What is known of a request before its body is read and its signature verified. */
export interface RequestHead {
  readonly method: string
  /** As sent, still percent-encoded, without the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly hostBucket?: string | undefined
}

/** One API: answers its requests and renders errors (ours and unexpected ones) in its own protocol. */
export interface ApiService {
  readonly name: 'lambda' | 's3' | 'sts' | 'iam' | 'logs'
  readonly handle: ApiHandler
  renderError(error: unknown, request: Pick<ApiRequest, 'id' | 'path' | 'method'>): ApiResponse
  /**
   * Largest body in bytes of a request whose body is part of its signature, and therefore held in memory: all APIs but S3.
   * Larger ones fail with `requestTooLarge` before they reach `handle`. 1 MiB when absent.
   */
  bodyLimitBytes?(head: RequestHead): number
  /** Takes a body of more than a mebibyte that would be held; `undefined` when it is to be held all the same. */
  largeBody?(head: RequestHead): LargeBody | undefined
  /**
   * Whether a page of another origin may send this request (a bucket with CORS rules): the headers to add to the answer, or
   * `undefined` to refuse it. Called for preflights (`OPTIONS`, answered with these headers) and for requests with a foreign `Origin`.
   */
  allowsOrigin?(head: RequestHead, origin: string): Promise<Readonly<Record<string, string>> | undefined>
}
