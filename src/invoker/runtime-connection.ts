/**
 * HTTP/1.1 of the Runtime API on one connection, written by hand: a warm invocation is one read and one write.
 *
 * Understands what runtimes send: pipelined requests, Content-Length, chunked bodies with trailers, `Expect: 100-continue`.
 */
import type { Socket } from 'node:net'

export interface RuntimeRequest {
  readonly method: string
  readonly path: string
  /** Names in lower case; trailers are among them. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Bytes of the body that were sent; more than `body` holds when it was too large. */
  readonly bodyBytes: number
  /** Another request had already arrived behind this one, so the answer may wait for the next. */
  readonly pipelined: boolean
}

export interface RuntimeConnectionEvents {
  request(request: RuntimeRequest, connection: RuntimeConnection): void
  /** The result of an invocation, in the very words of our own bootstrap. */
  result(requestId: string, request: RuntimeRequest, connection: RuntimeConnection): void
  /** The body of a request has grown beyond the limit; its bytes are dropped from here on. */
  tooLarge(path: string): void
  closed(connection: RuntimeConnection): void
}

const next = 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n'
/** A result as our own bootstrap sends it: none of its headers says more than its length. */
const ownResult =
  /^POST \/2018-06-01\/runtime\/invocation\/([0-9a-f-]{36})\/response HTTP\/1\.1\r\nHost: runtime\r\nContent-Type: application\/json\r\nContent-Length: (\d{1,8})\r\n$/
const headEnd = Buffer.from('\r\n\r\n')
const empty = Buffer.alloc(0)
const noHeaders: ReadonlyMap<string, string> = new Map()
const headLimit = 2 * 1024 * 1024
/** Answers that nobody has read yet, in bytes: beyond, no more requests are read. The largest event and some. */
const unreadLimit = 8 * 1024 * 1024

interface OpenBody {
  readonly method: string
  readonly path: string
  readonly headers: Map<string, string>
  kept: Buffer
  keptBytes: number
  total: number
  /** Bytes still to come, of the body or of its current chunk. */
  missing: number
  readonly chunked: boolean
  trailerBytes: number
  state: 'data' | 'chunk-size' | 'chunk-end' | 'trailers'
}

export class RuntimeConnection {
  readonly socket: Socket
  readonly #events: RuntimeConnectionEvents
  readonly #bodyLimit: number
  #pending: Buffer = empty
  #open: OpenBody | undefined
  #owed: Buffer | undefined
  #readsOnLater = false

  constructor(socket: Socket, bodyLimit: number, events: RuntimeConnectionEvents) {
    this.socket = socket
    this.#events = events
    this.#bodyLimit = bodyLimit
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // A runtime that dies resets its connection; the exit of its process says why.
    socket.on('error', () => undefined)
    socket.on('close', () => events.closed(this))
  }

  /** Sends an answer, and whatever was held back before it, in one write. */
  send(answer: Buffer): void {
    if (this.socket.destroyed) return
    const message = this.#owed === undefined ? answer : Buffer.concat([this.#owed, answer])
    this.#owed = undefined
    if (!this.socket.write(message) && this.socket.writableLength > unreadLimit) this.#waitForReader()
  }

  /** Whoever does not read answers is not given more of them to hold. */
  #waitForReader(): void {
    if (this.socket.isPaused()) return
    this.socket.pause()
    this.socket.once('drain', () => this.socket.resume())
  }

  /** Sends a head and a body, and whatever was held back before them, in one write out of one buffer. */
  sendMessage(head: string, body: Buffer): void {
    const owed = this.#owed ?? empty
    this.#owed = undefined
    const headBytes = Buffer.byteLength(head)
    const message = Buffer.allocUnsafe(owed.length + headBytes + body.length)
    message.set(owed)
    message.write(head, owed.length)
    message.set(body, owed.length + headBytes)
    this.send(message)
  }

  /** Holds an answer back until the next one leaves. */
  owe(answer: Buffer): void {
    this.#owed = this.#owed === undefined ? answer : Buffer.concat([this.#owed, answer])
  }

  close(): void {
    this.socket.destroy()
  }

  #read(chunk: Buffer): void {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#pending = empty
    while (rest.length > 0 && !this.socket.destroyed) {
      const used = this.#open ? this.#readBody(rest) : this.#readHead(rest)
      if (used === 0) {
        if (rest.length > headLimit) return this.close()
        this.#pending = rest
        return
      }
      rest = rest.subarray(used)
      if (this.#readsOnLater) break
    }
    this.#pending = rest
  }

  /** A result is on its way to its caller before anything is made of what stands behind it; its own bookkeeping comes after both. */
  #readOnLater(): void {
    this.#readsOnLater = true
    setImmediate(() => {
      this.#readsOnLater = false
      if (this.#pending.length > 0) this.#read(empty)
    })
  }

  /** Returns the bytes it used; 0 when the head is not complete. */
  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(headEnd)
    if (end < 0) return 0
    const used = end + 4
    const head = bytes.toString('latin1', 0, end + 2)
    if (head.startsWith(next) && !head.includes('ontent-')) {
      this.#emit({
        method: 'GET',
        path: '/2018-06-01/runtime/invocation/next',
        headers: noHeaders,
        body: empty,
        bodyBytes: 0,
        pipelined: false,
      })
      return used
    }
    const own = ownResult.exec(head)
    if (own) {
      const length = Number(own[2])
      if (length <= this.#bodyLimit && bytes.length - used >= length) {
        const body = Buffer.from(bytes.subarray(used, used + length))
        const pipelined = bytes.length > used + length
        if (pipelined) this.#readOnLater()
        const path = `/2018-06-01/runtime/invocation/${own[1]}/response`
        const request = { method: 'POST', path, headers: noHeaders, body, bodyBytes: length, pipelined }
        this.#events.result(own[1]!, request, this)
        return used + length
      }
    }
    const lines = head.split('\r\n')
    const [method = '', path = ''] = lines[0]!.split(' ')
    const headers = parseHeaders(lines, 1)
    const chunked = /chunked/i.test(headers.get('transfer-encoding') ?? '')
    const length = chunked ? 0 : Number(headers.get('content-length') ?? 0)
    if (!Number.isInteger(length) || length < 0) {
      this.close()
      return used
    }
    if (headers.get('expect')?.toLowerCase() === '100-continue') this.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    if (!chunked && bytes.length - used >= length && length <= this.#bodyLimit) {
      // The usual case: everything arrived at once. The copy frees the socket's buffer for what comes next.
      const body = length === 0 ? empty : Buffer.from(bytes.subarray(used, used + length))
      const pipelined = bytes.length > used + length
      this.#emit({ method, path, headers, body, bodyBytes: length, pipelined })
      return used + length
    }
    this.#open = {
      method,
      path,
      headers,
      kept: empty,
      keptBytes: 0,
      total: 0,
      missing: length,
      chunked,
      trailerBytes: 0,
      state: chunked ? 'chunk-size' : 'data',
    }
    if (length > this.#bodyLimit) this.#events.tooLarge(path)
    return used
  }

  #readBody(bytes: Buffer): number {
    const open = this.#open!
    if (open.state === 'data') {
      const taken = Math.min(open.missing, bytes.length)
      this.#keep(open, bytes.subarray(0, taken))
      open.missing -= taken
      if (open.missing > 0) return taken
      if (open.chunked) open.state = 'chunk-end'
      else this.#finish(open, bytes.length > taken)
      return taken
    }
    const lineEnd = bytes.indexOf('\r\n')
    if (lineEnd < 0) return 0
    const line = bytes.toString('latin1', 0, lineEnd)
    if (open.state === 'chunk-end') open.state = 'chunk-size'
    else if (open.state === 'chunk-size') {
      const size = Number.parseInt(line, 16)
      if (!(size >= 0)) this.close()
      open.missing = size
      open.state = size === 0 ? 'trailers' : 'data'
    } else if (line === '') this.#finish(open, bytes.length > lineEnd + 2)
    else if ((open.trailerBytes += line.length) > headLimit) this.close()
    else addHeader(open.headers, line)
    return lineEnd + 2
  }

  #keep(open: OpenBody, bytes: Buffer): void {
    const before = open.total
    open.total += bytes.length
    if (open.total > this.#bodyLimit) {
      if (open.chunked && before <= this.#bodyLimit) this.#events.tooLarge(open.path)
      open.kept = empty
      return
    }
    // Into one buffer that doubles: a body that comes byte by byte would otherwise be as many buffers.
    if (open.total > open.kept.length) {
      const wider = Buffer.allocUnsafe(Math.max(open.total, Math.min(2 * open.kept.length, this.#bodyLimit)))
      open.kept.copy(wider, 0, 0, open.keptBytes)
      open.kept = wider
    }
    open.kept.set(bytes, open.keptBytes)
    open.keptBytes += bytes.length
  }

  #finish(open: OpenBody, pipelined: boolean): void {
    this.#open = undefined
    this.#emit({
      method: open.method,
      path: open.path,
      headers: open.headers,
      body: open.kept.subarray(0, Math.min(open.keptBytes, open.kept.length)),
      bodyBytes: open.total,
      pipelined,
    })
  }

  #emit(request: RuntimeRequest): void {
    this.#events.request(request, this)
  }
}

function parseHeaders(lines: readonly string[], from: number): Map<string, string> {
  const headers = new Map<string, string>()
  for (let place = from; place < lines.length; place += 1) if (lines[place] !== '') addHeader(headers, lines[place]!)
  return headers
}

function addHeader(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':')
  if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
}
