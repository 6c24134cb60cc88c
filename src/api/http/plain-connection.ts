/**
 * The short way of a small request: one read, one write, no stream. A connection starts here; the first request that is not plain (see
 * `plain-head.ts`), or not for an API that holds its bodies, takes the connection to Node's own HTTP server, for good.
 *
 * Why: an invocation of a warm function takes the runtime 60 µs; Node's request, response and body streams cost as much again.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { sha256 } from '../../base/digest.ts'
import type { Arrival } from './arrival.ts'
import type { HeldBody } from './body.ts'
import { requestTooLarge } from './errors.ts'
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
/** Bytes that a client may send ahead while its request is being answered, before it has to wait. */
const aheadBytes = 1024 * 1024

export class PlainConnection {
  readonly #socket: Socket
  readonly #events: PlainConnectionEvents
  #pending: Buffer = empty
  /** The head of a request whose body has not arrived whole. */
  #head: PlainHead | undefined
  /** The head before, of which most is usually said again. */
  #before: PlainHead | undefined
  #isBusy = false
  #isEnding = false
  readonly #onData = (chunk: Buffer): void => this.#read(chunk)
  readonly #onEnd = (): void => this.end()
  readonly #onTimeout = (): void => {
    if (!this.#isBusy) this.#socket.destroy()
  }
  readonly #onError = (): void => undefined
  readonly #onClose = (): void => this.#events.closed(this)

  constructor(socket: Socket, idleMs: number, events: PlainConnectionEvents) {
    this.#socket = socket
    this.#events = events
    socket.setTimeout(idleMs)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
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

  /** Sends a whole answer, and takes up the next request. */
  answered(bytes: Buffer): void {
    this.#isBusy = false
    if (this.#socket.destroyed) return
    this.#socket.write(bytes)
    if (this.#isEnding) this.#socket.end(() => this.#socket.destroy())
    else if (this.#pending.length > 0) {
      this.#socket.resume()
      this.#next()
    }
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed
  }

  #read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    if (!this.#isBusy) this.#next()
    else if (this.#pending.length > aheadBytes) this.#socket.pause()
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
      this.#head = head
      this.#pending = bytes.subarray(from)
      return
    }
    this.#head = undefined
    this.#before = head
    this.#pending = bytes.length === to ? empty : bytes.subarray(to)
    this.#isBusy = true
    this.#events.request(new PlainArrival(this, head, bytes.subarray(from, to)))
  }

  #handOver(): void {
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
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
  readonly #body: Buffer
  #isAnswered = false

  constructor(connection: PlainConnection, head: PlainHead, body: Buffer) {
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
    const bytes = this.#body.length
    if (bytes > limitBytes) throw requestTooLarge({ limitBytes })
    return { chunks: [this.#body], bytes, hash: sha256(this.#body) }
  }

  stream(): Readable {
    return Readable.from([this.#body], { objectMode: false })
  }

  invite(): void {}

  answer(status: number, headers: (string | number)[], body: Buffer | string | Readable | undefined): void {
    this.#isAnswered = true
    if (body instanceof Readable) {
      // Not the short way any more, but an answer all the same.
      void body.toArray().then(
        (chunks) => {
          const whole = Buffer.concat(chunks as Buffer[])
          this.#connection.answered(encodeAnswer(status, [...headers, 'content-length', whole.length], whole))
        },
        () => this.#connection.destroy(),
      )
    } else this.#connection.answered(encodeAnswer(status, headers, body))
  }

  discard(): void {}
}

/** A whole answer in one buffer. */
function encodeAnswer(
  status: number,
  headers: readonly (string | number)[],
  body: Buffer | string | undefined,
): Buffer {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'OK'}\r\n`
  for (let place = 0; place < headers.length; place += 2)
    head += `${headers[place]}: ${oneLine(headers[place + 1]!)}\r\n`
  head += `Date: ${httpDate()}\r\nConnection: keep-alive\r\n\r\n`
  const bodyBytes = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes)
  bytes.write(head, 0, 'latin1')
  if (typeof body === 'string') bytes.write(body, head.length)
  else if (body !== undefined) bytes.set(body, head.length)
  return bytes
}

// oxlint-disable-next-line no-control-regex
const endsLine = /[\0-\x08\n-\x1f\x7f]/g

/** No value can end its line and begin another header. */
function oneLine(value: string | number): string | number {
  return typeof value === 'string' ? value.replace(endsLine, ' ') : value
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
