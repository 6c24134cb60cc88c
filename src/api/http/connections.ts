/** What happens on connections before and after a request: the address, requests that Node cannot read, and the end. */
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo, Server as SocketServer, Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'

/** Under which clients of this machine reach a server that listens. */
export function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** What Node could not parse: a broken request line, headers over the limit, or headers that never end. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\nx-amzn-RequestId: ${randomUUID()}\r\n\r\n`,
  )
}

/**
 * Stops accepting, lets running requests end for `graceMs`, then cuts what is left.
 *
 * @param doors servers that hand their connections to this one
 */
export function closeServer(
  server: Server,
  graceMs: number,
  clock: Clock,
  cutOthers = (): void => {},
  doors: readonly SocketServer[] = [],
): Promise<void> {
  if (!server.listening) return Promise.resolve()
  return new Promise((resolve) => {
    const cut = clock.after(graceMs, () => {
      server.closeAllConnections()
      cutOthers()
    })
    const closed = [server, ...doors].map((one) => new Promise<void>((done) => one.close(() => done())))
    void Promise.all(closed).then(() => {
      cut.cancel()
      resolve()
    })
    server.closeIdleConnections()
  })
}
