import { Readable } from 'node:stream'
import type { Exchange } from './exchange.ts'
import type { ApiResponse } from './message.ts'

/** Writes an API's answer, and lets through what the client still sends. */
export function send(exchange: Exchange, result: ApiResponse): void {
  const { response, request } = exchange
  if (response.headersSent || response.destroyed) return
  const { body } = result
  const given = exchange.extraHeaders ? { ...result.headers, ...exchange.extraHeaders } : (result.headers ?? {})
  // One flat list, written once: setting headers one by one costs more than the rest of an answer.
  const headers: (string | number)[] = ['x-amzn-RequestId', exchange.id]
  let hasLength = false
  for (const name in given) {
    headers.push(name, given[name]!)
    if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true
  }
  // A client that was never told to go on may or may not send its body now: only a new connection is clear of it.
  if (exchange.isUninvited) headers.push('connection', 'close')
  if (body instanceof Readable) {
    body.on('error', () => response.destroy())
    response.on('close', () => body.destroy())
    response.writeHead(result.status, headers as string[])
    if (exchange.method === 'HEAD') response.end()
    else body.pipe(response)
    return
  }
  const hasBody = result.status >= 200 && result.status !== 204 && result.status !== 304
  if (hasBody && !hasLength) headers.push('content-length', Buffer.byteLength(body ?? ''))
  response.writeHead(result.status, headers as string[])
  if (exchange.method === 'HEAD' || !hasBody) response.end()
  else response.end(body ?? '')
  if (!request.complete && !exchange.isUninvited) request.resume()
}
