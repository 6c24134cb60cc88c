/**
 * The short way of a small request: one read, one write, no stream. A connection starts here; the first request that is not plain (see
 * `plain-head.ts`), or not for an API that holds its bodies, takes the connection to Node's own HTTP server, for good.
 *
 * Why: an invocation of a warm function takes the runtime 60 µs; Node's request, response and body streams cost as much again.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Timer } from '../../base/clock.ts'
import { sha256 } from '../../base/digest.ts'
import type { Arrival } from './arrival.ts'
import type { HeldBody } from './body.ts'
import { requestStalled, requestTooLarge } from './errors.ts'
import type { BodyWatch, Patience } from './patience.ts'
import { parsePlainHead, type PlainHead } from './plain-head.ts'

export interface PlainConnectionEvents {
  /** Whether the short way is for this request. */
  takes(head: PlainHead): boolean
  request(arrival: Arrival): void
  /** The connection is no longer ours: its unread bytes are back in the socket. */
  handOver(socket: Socket): void
  closed(connection: PlainConnection): void
}

const headEnd = Buffer.from('\r\n\r\n')
const empty = Buffer.alloc(0)
const neverPaused = (): boolean => false
/** Bytes that a client may send ahead while its request is being answered, before it has to wait. */
const aheadBytes = 1024 * 1024

export class PlainConnection {
  readonly #socket: Socket
  readonly #patience: Patience
  readonly #events: PlainConnectionEvents
  #pending: Buffer = empty
  /** The head of a request whose body has not arrived whole. */
  #head: PlainHead | undefined
  #watch: BodyWatch | undefined
  /** The head before, of which most is usually said again. */
  #before: PlainHead | undefined
  #isBusy = false
  /** Whether the client has yet to take what it was answered: until then nothing more is done for it. */
  #isFull = false
  /** Runs while it is full. */
  #cutting: Timer | undefined
  #isEnding = false
  readonly #onData = (chunk: Buffer): void => this.#read(chunk)
  readonly #onEnd = (): void => this.end()
  readonly #onTimeout = (): void => {
    if (!this.#isBusy && !this.#head) this.#socket.destroy()
  }
  readonly #onDrain = (): void => {
    this.#cutting?.cancel()
    if (!this.#isFull) return
    this.#isFull = false
    this.#goOn()
  }
  readonly #onError = (): void => undefined
  readonly #onClose = (): void => {
    this.#cutting?.cancel()
    this.#watch?.cancel()
    this.#events.closed(this)
  }

  constructor(socket: Socket, patience: Patience, events: PlainConnectionEvents) {
    this.#socket = socket
    this.#patience = patience
    this.#events = events
    socket.setTimeout(patience.limits.keepAliveMs)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('drain', this.#onDrain)
    socket.on('timeout', this.#onTimeout)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** Ends the connection once what is running is answered. */
  end(): void {
    this.#isEnding = true
    if (!this.#isBusy) this.#socket.end(() => this.#socket.destroy())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Sends a whole answer, and takes up the next request once the client has room for more. */
  answered(bytes: Buffer): void {
    this.#isBusy = false
    if (this.#socket.destroyed) return
    this.#isFull = !this.#socket.write(bytes)
    if (this.#isFull) this.#cutting = this.#patience.whenOverdue(bytes.length, () => this.#socket.destroy())
    if (this.#isEnding) this.#socket.end(() => this.#socket.destroy())
    else if (!this.#isFull) this.#goOn()
  }

  /** Whether the answer that is due is the last one. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed
  }

  #read(chunk: Buffer): void {
    this.#watch?.received(chunk.length)
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    if (!this.#isBusy && !this.#isFull) this.#next()
    else if (this.#isFull || this.#pending.length > aheadBytes) this.#socket.pause()
  }

  #goOn(): void {
    if (this.#pending.length === 0 || this.#isBusy) return
    this.#socket.resume()
    this.#next()
  }

  #forgetBody(): void {
    this.#watch?.cancel()
    this.#watch = undefined
    this.#head = undefined
  }

  /** Gives up a body that does not come: that is the answer, and the last one. */
  #stall(): void {
    const [head, received] = [this.#head!, this.#pending.length]
    this.#forgetBody()
    this.#pending = empty
    this.#isBusy = true
    this.#isEnding = true
    this.#events.request(new PlainArrival(this, head, { received }))
  }

  #next(): void {
    const bytes = this.#pending
    let head = this.#head
    let from = 0
    if (!head) {
      const end = bytes.indexOf(headEnd)
      head = end < 0 ? undefined : parsePlainHead(bytes.toString('latin1', 0, end), this.#before)
      if (!head || !this.#events.takes(head)) return this.#handOver()
      from = end + 4
    }
    const to = from + head.bodyBytes
    if (bytes.length < to) {
      // Clients often send head and body apart.
      this.#watch ??= this.#patience.watch(neverPaused, () => this.#stall())
      this.#head = head
      this.#pending = bytes.subarray(from)
      return
    }
    this.#forgetBody()
    this.#before = head
    this.#pending = bytes.length === to ? empty : bytes.subarray(to)
    this.#isBusy = true
    this.#events.request(new PlainArrival(this, head, bytes.subarray(from, to)))
  }

  #handOver(): void {
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('drain', this.#onDrain)
    socket.off('timeout', this.#onTimeout)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    socket.setTimeout(0)
    this.#events.closed(this)
    // Read again by whoever listens next, before anything that is still to come.
    socket.pause()
    if (this.#pending.length > 0) socket.unshift(this.#pending)
    this.#events.handOver(socket)
    socket.resume()
  }
}

class PlainArrival implements Arrival {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly isComplete = true
  readonly #connection: PlainConnection
  readonly #body: Buffer | { readonly received: number }
  #isAnswered = false

  /** @param body how much came of it, when the rest does not come */
  constructor(connection: PlainConnection, head: PlainHead, body: Buffer | { readonly received: number }) {
    this.method = head.method
    this.url = head.url
    this.headers = head.headers
    this.#connection = connection
    this.#body = body
  }

  get everyHeader(): Readonly<Record<string, string>> {
    return this.headers
  }

  get isAnswered(): boolean {
    return this.#isAnswered || this.#connection.isDestroyed
  }

  hold(limitBytes: number): HeldBody {
    const body = this.#whole
    if (body.length > limitBytes) throw requestTooLarge({ limitBytes })
    return { chunks: [body], bytes: body.length, hash: sha256(body) }
  }

  stream(): Readable {
    return Readable.from([this.#whole], { objectMode: false })
  }

  get #whole(): Buffer {
    if (!Buffer.isBuffer(this.#body)) throw requestStalled(this.#body)
    return this.#body
  }

  invite(): void {}

  answer(status: number, headers: (string | number)[], body: Buffer | string | Readable | undefined): void {
    this.#isAnswered = true
    if (body instanceof Readable) {
      // Not the short way any more, but an answer all the same.
      void body.toArray().then(
        (chunks) => {
          const whole = Buffer.concat(chunks as Buffer[])
          this.#send(status, [...headers, 'content-length', whole.length], whole)
        },
        () => this.#connection.destroy(),
      )
    } else this.#send(status, headers, body)
  }

  #send(status: number, headers: readonly (string | number)[], body: Buffer | string | undefined): void {
    this.#connection.answered(encodeAnswer(status, headers, body, this.#connection.isEnding))
  }

  discard(): void {}
}

/** A whole answer in one buffer. */
function encodeAnswer(
  status: number,
  headers: readonly (string | number)[],
  body: Buffer | string | undefined,
  isLast: boolean,
): Buffer {
  let head = ''
  let values = ''
  for (let place = 0; place < headers.length; place += 2) {
    if (headers[place] === 'connection') continue
    const value = headers[place + 1]!
    head += `${headers[place]}: ${value}\r\n`
    values += value
  }
  // One look at all of them: that some value would end its line hardly ever happens.
  if (endsLine.test(values)) head = inOneLineEach(headers)
  head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'OK'}\r\n${head}`
  head += `Date: ${httpDate()}\r\nConnection: ${isLast ? 'close' : 'keep-alive'}\r\n\r\n`
  const bodyBytes = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes)
  bytes.write(head, 0, 'latin1')
  if (typeof body === 'string') bytes.write(body, head.length)
  else if (body !== undefined) bytes.set(body, head.length)
  return bytes
}

// oxlint-disable-next-line no-control-regex -- control characters are what must not be in a header
const endsLine = /[\0-\x08\n-\x1f\x7f]/
// oxlint-disable-next-line no-control-regex -- control characters are what must not be in a header
const everyLineEnd = /[\0-\x08\n-\x1f\x7f]/g

/** No value can end its line and begin another header. */
function inOneLineEach(headers: readonly (string | number)[]): string {
  let head = ''
  for (let place = 0; place < headers.length; place += 2) {
    if (headers[place] !== 'connection')
      head += `${headers[place]}: ${String(headers[place + 1]).replace(everyLineEnd, ' ')}\r\n`
  }
  return head
}

let dateSecond = 0
let date = ''

function httpDate(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    date = new Date(second * 1000).toUTCString()
  }
  return date
}
