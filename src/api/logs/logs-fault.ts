/** How CloudWatch Logs says what went wrong: `__type` and `message`, in awsJson1.1. */
import { accessFaultOf } from '../http/access-fault.ts'
import { requestTooLarge } from '../http/errors.ts'
import type { ApiResponse } from '../http/message.ts'
import {
  logGroupExists,
  logGroupNotFound,
  logStreamExists,
  logStreamNotFound,
  malformedFilterPattern,
  malformedPageToken,
} from '../../logs/errors.ts'
import { holdsNul, storeFull } from '../../store/errors.ts'

/** An answer of CloudWatch Logs that is an error. */
export class LogsFault extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

export function invalidParameter(message: string): LogsFault {
  return new LogsFault('InvalidParameterException', message)
}

export function renderLogsError(error: unknown): ApiResponse {
  const fault = faultOf(error)
  return {
    status: fault.status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ __type: fault.type, message: fault.message }),
  }
}

function faultOf(error: unknown): LogsFault {
  if (error instanceof LogsFault) return error
  const access = accessFaultOf(error)
  if (access) return new LogsFault(access.json, access.message, access.status)
  if (logGroupNotFound.is(error))
    return new LogsFault('ResourceNotFoundException', 'The specified log group does not exist.')
  if (logStreamNotFound.is(error))
    return new LogsFault('ResourceNotFoundException', 'The specified log stream does not exist.')
  if (logGroupExists.is(error))
    return new LogsFault('ResourceAlreadyExistsException', 'The specified log group already exists')
  if (logStreamExists.is(error))
    return new LogsFault('ResourceAlreadyExistsException', 'The specified log stream already exists')
  if (malformedPageToken.is(error)) return invalidParameter('The specified nextToken is invalid.')
  if (malformedFilterPattern.is(error)) return invalidParameter(`Invalid filter pattern: ${error.details.because}`)
  if (requestTooLarge.is(error)) return new LogsFault('RequestEntityTooLargeException', error.message, 413)
  if (holdsNul(error)) return invalidParameter('A value in the request holds a NUL character')
  if (storeFull.is(error)) return new LogsFault('ServiceUnavailableException', error.message, 503)
  return new LogsFault(
    'InternalFailure',
    'The request processing has failed because of an unknown error, exception or failure.',
    500,
  )
}
