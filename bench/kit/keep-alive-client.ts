/** An HTTP client that costs next to nothing: bytes made once, one connection, answers only counted. */
import { connect, type Socket } from 'node:net'

const silenceMs = 60_000

export class KeepAliveClient {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: { readonly done: (answer: Buffer) => void; readonly fail: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed before the answer was there')))
    // A bench that waits for ever says nothing at all.
    socket.setTimeout(silenceMs, () => this.#fail(new Error(`no answer within ${silenceMs / 1000} s`)))
  }

  static async open(url: string): Promise<KeepAliveClient> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new KeepAliveClient(socket)
  }

  /** Sends a whole request and resolves with the whole answer. */
  send(request: Buffer): Promise<Buffer> {
    return new Promise((done, fail) => {
      this.#waiting = { done, fail }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    this.#waiting?.fail(error)
    this.#waiting = undefined
  }

  #read(chunk: Buffer): void {
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    this.#received = received
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1] ?? 0)
    if (received.length < end + 4 + length) return
    this.#received = Buffer.alloc(0)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.done(received)
  }
}
