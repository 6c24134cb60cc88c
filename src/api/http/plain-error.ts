/** Errors of requests that no API of ours owns: in the protocol that the request itself is written in. */
import type { IncomingHttpHeaders } from 'node:http'
import { ZipyardError } from '../../base/errors.ts'
import { accessFaultOf } from './access-fault.ts'
import { requestTooLarge } from './errors.ts'
import type { ApiResponse } from './message.ts'

export function renderPlainError(error: unknown, headers: IncomingHttpHeaders): ApiResponse {
  const fault = accessFaultOf(error)
  const status = fault?.status ?? (requestTooLarge.is(error) ? 413 : error instanceof ZipyardError ? 400 : 500)
  const message =
    fault?.message ?? (error instanceof ZipyardError ? `${error.message} (${error.code})` : 'Internal failure')
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const code = fault?.query ?? 'InternalFailure'
    const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error></ErrorResponse>`
    return { status, headers: { 'content-type': 'text/xml' }, body }
  }
  const type =
    fault?.json ??
    (status === 413 ? 'RequestEntityTooLargeException' : status === 500 ? 'InternalFailure' : 'ValidationException')
  const isJson = headers['x-amz-target'] !== undefined
  const body = JSON.stringify({ ...(isJson && { __type: type }), message })
  return {
    status,
    headers: { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'application/json', 'x-amzn-ErrorType': type },
    body,
  }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
