/** One HTTP request on its way through the front door, and what an API sees of it. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { parseQuery, type SignableRequest } from '../../aws/sigv4.ts'
import { mebibyte } from '../../base/byte-size.ts'
import type { Arrival } from './arrival.ts'
import type { Claim } from './authenticate.ts'
import { collect, streamHeld, type HeldBody } from './body.ts'
import { requestTooLarge } from './errors.ts'
import type { ApiRequest, ApiService, Caller, LargeBody, RequestHead } from './message.ts'

/** One request and its answer, with what was found out about it so far. */
export class Exchange {
  readonly id: string
  readonly arrival: Arrival
  readonly method: string
  readonly path: string
  readonly rawQuery: string
  /** The API that is addressed, once known: it renders the errors. */
  service: ApiService | undefined
  extraHeaders: Readonly<Record<string, string>> = {}
  #held: HeldBody | Promise<HeldBody> | undefined
  #large: LargeBody | undefined
  #mustContinue: boolean

  constructor(id: string, arrival: Arrival, expectsContinue: boolean) {
    this.id = id
    this.arrival = arrival
    this.method = arrival.method
    const { url } = arrival
    const question = url.indexOf('?')
    this.path = question < 0 ? url : url.slice(0, question)
    this.rawQuery = question < 0 ? '' : url.slice(question + 1)
    this.#mustContinue = expectsContinue
  }

  get headers(): IncomingHttpHeaders {
    return this.arrival.headers
  }

  get named(): Pick<ApiRequest, 'id' | 'path' | 'method'> {
    return { id: this.id, path: this.path, method: this.method }
  }

  #signable: SignableRequest | undefined

  get signable(): SignableRequest {
    this.#signable ??= { method: this.method, path: this.path, query: this.rawQuery, headers: this.arrival.everyHeader }
    return this.#signable
  }

  /** Tells a client that waits with `Expect: 100-continue` to send its body. */
  invite(): void {
    if (this.#mustContinue) this.arrival.invite()
    this.#mustContinue = false
  }

  /** Whether the client still waits for our word before it sends its body. */
  get isUninvited(): boolean {
    return this.#mustContinue
  }

  /** @param takeLarge makes the place for a body that is said to be large */
  hold(limitBytes: number, takeLarge?: () => LargeBody | undefined): HeldBody | Promise<HeldBody> {
    const saidBytes = Number(this.headers['content-length'] ?? 0)
    if (this.#mustContinue) {
      // A client that waits for our word need not send what we shall refuse.
      if (saidBytes > limitBytes) throw requestTooLarge({ limitBytes })
      this.invite()
    }
    if (!this.#held) {
      if (saidBytes > mebibyte && saidBytes <= limitBytes) this.#large = takeLarge?.()
      this.#held = this.arrival.hold(limitBytes, this.#large)
    }
    return this.#held
  }

  /** The request has ended, however it did. */
  end(): void {
    this.#large?.discard()
  }
}

/**
 * Headers of S3 that a presigned URL carries in its query, where a plain client need not send them. Not checksums: SDKs put that of an
 * empty body there.
 */
const carriedHeader =
  /^x-amz-(?:acl|meta-.+|tagging|storage-class|server-side-encryption.*|website-redirect-location|expected-bucket-owner|copy-source.*)$/

function headersInQuery(query: string): IncomingHttpHeaders {
  const parameters = (parseQuery(query) ?? []).map(([name, value]) => [name.toLowerCase(), value] as const)
  return Object.fromEntries(parameters.filter(([name, value]) => carriedHeader.test(name) && fitsHeader.test(value)))
}

/** What a header could have brought. */
const fitsHeader = /^[\t\x20-\x7e\x80-\xff]*$/

/** Of either version. */
const presignature = /(?:^|&)(?:X-Amz-)?Signature=/

const noQuery = new URLSearchParams()

export class HttpApiRequest implements ApiRequest {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly rawQuery: string
  readonly headers: IncomingHttpHeaders
  readonly caller: Caller
  readonly origin: string
  readonly hostBucket: string | undefined
  readonly #exchange: Exchange
  readonly #held: HeldBody | undefined
  readonly #claim: Claim | undefined
  #query: URLSearchParams | undefined

  constructor(
    exchange: Exchange,
    head: RequestHead,
    caller: Caller,
    held: HeldBody | undefined,
    claim: Claim | undefined,
  ) {
    this.id = exchange.id
    this.method = exchange.method
    this.path = exchange.path
    this.rawQuery = exchange.rawQuery
    // Where nothing is verified there is no claim to ask.
    const isPresigned = claim?.presigned ?? presignature.test(exchange.rawQuery)
    this.headers = isPresigned ? { ...headersInQuery(exchange.rawQuery), ...exchange.headers } : exchange.headers
    this.caller = caller
    this.origin = `http://${exchange.headers.host}`
    this.hostBucket = head.hostBucket
    this.#exchange = exchange
    this.#held = held
    this.#claim = claim
  }

  get query(): URLSearchParams {
    if (this.rawQuery === '') return noQuery
    this.#query ??= new URLSearchParams(parseQuery(this.rawQuery))
    return this.#query
  }

  get largeBody(): LargeBody | undefined {
    return this.#held?.large
  }

  async body(limitBytes: number): Promise<Buffer> {
    if (!this.#held) return collect(this.stream(), limitBytes)
    if (this.#held.bytes > limitBytes) throw requestTooLarge({ limitBytes })
    return this.#held.chunks.length === 1 ? this.#held.chunks[0]! : Buffer.concat(this.#held.chunks, this.#held.bytes)
  }

  stream(): Readable {
    if (this.#held) return streamHeld(this.#held)
    this.#exchange.invite()
    return this.#exchange.arrival.stream(this.#claim)
  }
}
