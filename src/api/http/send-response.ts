import type { Exchange } from './exchange.ts'
import type { ApiResponse } from './message.ts'
import { Readable } from 'node:stream'

/** Writes an API's answer, and lets through what the client still sends. */
export function send(exchange: Exchange, result: ApiResponse): void {
  const { arrival } = exchange
  if (arrival.isAnswered) return
  const { body } = result
  // One flat list, written once: setting headers one by one costs more than the rest of an answer.
  const headers: (string | number)[] = ['x-amzn-RequestId', exchange.id]
  let hasLength = false
  for (const given of [result.headers, exchange.extraHeaders]) {
    for (const name in given) {
      headers.push(name, given[name]!)
      if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true
    }
  }
  // A client that was never told to go on may or may not send its body now: only a new connection is clear of it.
  if (exchange.isUninvited) headers.push('connection', 'close')
  const hasBody = result.status >= 200 && result.status !== 204 && result.status !== 304
  if (hasBody && !hasLength && !(body instanceof Readable)) headers.push('content-length', bytesOf(body))
  arrival.answer(result.status, headers, body instanceof Readable ? body : hasBody ? (body ?? '') : undefined)
  if (!arrival.isComplete && !exchange.isUninvited) arrival.discard()
}

function bytesOf(body: Buffer | string | undefined): number {
  return body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
}
