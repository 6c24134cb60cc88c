import { Readable } from 'node:stream'
import type { Exchange } from './exchange.ts'
import type { ApiResponse } from './message.ts'

/** Writes an API's answer, and lets through what the client still sends. */
export function send(exchange: Exchange, result: ApiResponse): void {
  const { response, request } = exchange
  if (response.headersSent || response.destroyed) return
  const { body } = result
  response.statusCode = result.status
  response.setHeader('x-amzn-RequestId', exchange.id)
  for (const [name, value] of Object.entries({ ...result.headers, ...exchange.extraHeaders }))
    response.setHeader(name, value)
  // A client that was never told to go on may or may not send its body now: only a new connection is clear of it.
  if (exchange.isUninvited) response.setHeader('connection', 'close')
  if (body instanceof Readable) {
    body.on('error', () => response.destroy())
    response.on('close', () => body.destroy())
    if (exchange.method === 'HEAD') response.end()
    else body.pipe(response)
    return
  }
  const hasBody = result.status >= 200 && result.status !== 204 && result.status !== 304
  if (hasBody && !response.hasHeader('content-length'))
    response.setHeader('content-length', Buffer.byteLength(body ?? ''))
  if (exchange.method === 'HEAD' || !hasBody) response.end()
  else response.end(body ?? '')
  if (!request.complete && !exchange.isUninvited) request.resume()
}
