/** One request as it arrived on a connection, and the way back: by `node:http`, or on a plain connection. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { SignableRequest } from '../../aws/sigv4.ts'
import type { Claim } from './authenticate.ts'
import { holdBody, streamBody, type HeldBody } from './body.ts'
import type { LargeBody } from './message.ts'
import type { Patience } from './patience.ts'

export interface Arrival {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  /** Names in lower case, with every value that was sent. */
  readonly everyHeader: SignableRequest['headers']
  /** Whether the whole body has arrived. */
  readonly isComplete: boolean
  /** Whether nobody can be answered any more, or somebody was. */
  readonly isAnswered: boolean
  /** The whole body, at most `limitBytes`; throws `requestTooLarge`, `requestIncomplete`, `requestStalled`. `large`: see `holdBody`. */
  hold(limitBytes: number, large?: LargeBody): HeldBody | Promise<HeldBody>
  /** The body as it comes; see `streamBody`. */
  stream(claim: Claim | undefined): Readable
  /** Tells a client that waits with `Expect: 100-continue` to go on. */
  invite(): void
  /** @param headers names and values by turns */
  answer(status: number, headers: (string | number)[], body: Buffer | string | Readable | undefined): void
  /** Lets through, unread, what the client still sends. */
  discard(): void
}

/** A request that Node's own HTTP server has read. */
export class NodeArrival implements Arrival {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #patience: Patience
  #isRead = false
  readonly method: string
  readonly url: string

  constructor(request: IncomingMessage, response: ServerResponse, patience: Patience) {
    this.#request = request
    this.#response = response
    this.#patience = patience
    this.method = request.method ?? 'GET'
    this.url = request.url ?? '/'
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  get everyHeader(): SignableRequest['headers'] {
    return this.#request.headersDistinct
  }

  get isComplete(): boolean {
    return this.#request.complete
  }

  get isAnswered(): boolean {
    return this.#response.headersSent || this.#response.destroyed
  }

  hold(limitBytes: number, large?: LargeBody): Promise<HeldBody> {
    this.#isRead = true
    return holdBody(this.#request, limitBytes, this.#patience, large)
  }

  stream(claim: Claim | undefined): Readable {
    this.#isRead = true
    return streamBody(this.#request, claim, this.#patience)
  }

  invite(): void {
    this.#response.writeContinue()
  }

  answer(status: number, headers: (string | number)[], body: Buffer | string | Readable | undefined): void {
    const response = this.#response
    this.#patience.watchAnswer(response)
    response.writeHead(status, headers as string[])
    if (this.method === 'HEAD' || body === undefined) {
      if (body instanceof Readable) body.destroy()
      response.end()
    } else if (body instanceof Readable) {
      body.on('error', () => response.destroy())
      response.on('close', () => body.destroy())
      body.pipe(response)
    } else response.end(body)
  }

  discard(): void {
    if (!this.#isRead) this.#patience.watchBody(this.#request, () => this.#request.destroy())
    this.#request.resume()
  }
}
