/** How errors are said by the Lambda API: type, status, body. One table from our codes to AWS's. */
import { ZipyardError, type ErrorDefinition } from '../../base/errors.ts'
import { defineError } from '../../base/errors.ts'
import {
  accessDenied,
  codeSigningConfigNotFound,
  codeStorageExceeded,
  codeTooLarge,
  invalidParameter,
  notSupported,
  preconditionFailed,
  provisionedConcurrencyNotFound,
  resourceConflict,
  resourceNotFound,
} from '../../functions/errors.ts'
import { foreignArchitecture, invokerStopping, notAPythonRuntime, throttled } from '../../invoker/errors.ts'
import { accessFaultOf } from '../http/access-fault.ts'
import { requestTooLarge } from '../http/errors.ts'
import type { ApiResponse } from '../http/message.ts'
import { errorModels } from './model/model.gen.ts'
import { malformedJson, wrongType } from './validation/read-input.ts'

/** All that breaks the model's constraints, in one text. */
export const validationFailed = defineError('ZY0832', 'refused', (p: { text: string }) => ({
  message: p.text,
  hint: 'Change the values that are named',
}))

export const unknownOperation = defineError('ZY0833', 'refused', (p: { method: string; path: string }) => ({
  message: `The Lambda API has no operation at ${p.method} ${p.path}`,
  hint: 'See docs/reference/api.md',
}))

export const invalidPayload = defineError('ZY0834', 'refused', (p: { text: string }) => ({
  message: p.text,
  hint: 'Send JSON',
}))

interface Fault {
  readonly type: string
  readonly status: number
  readonly text: string
  /** `Type` of the body; some faults have none. */
  readonly origin: 'User' | 'Service' | undefined
  readonly more?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

const untyped: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'RequestEntityTooLargeException',
  'SerializationException',
  'UnknownOperationException',
  'ValidationException',
])

// prettier-ignore
const rows: readonly (readonly [Pick<ErrorDefinition<never>, 'code'>, type: string, status: number])[] = [
  [resourceNotFound, 'ResourceNotFoundException', 404],
  [resourceConflict, 'ResourceConflictException', 409],
  [invalidParameter, 'InvalidParameterValueException', 400],
  [notSupported, 'InvalidParameterValueException', 400],
  [preconditionFailed, 'PreconditionFailedException', 412],
  [accessDenied, 'AccessDeniedException', 403],
  [codeTooLarge, 'RequestEntityTooLargeException', 413],
  [codeStorageExceeded, 'CodeStorageExceededException', 400],
  [provisionedConcurrencyNotFound, 'ProvisionedConcurrencyConfigNotFoundException', 404],
  [codeSigningConfigNotFound, 'CodeSigningConfigNotFoundException', 404],
  [validationFailed, 'ValidationException', 400],
  [wrongType, 'SerializationException', 400],
  [malformedJson, 'InvalidRequestContentException', 400],
  [invalidPayload, 'InvalidRequestContentException', 400],
  [unknownOperation, 'UnknownOperationException', 404],
  [notAPythonRuntime, 'InvalidRuntimeException', 400],
  [foreignArchitecture, 'InvalidRuntimeException', 400],
  [invokerStopping, 'ServiceException', 503],
]
const byCode = new Map(rows.map((row) => [row[0].code, row]))

/** @param operation its name, when the request was understood that far */
export function renderFault(error: unknown, operation: string | undefined): ApiResponse {
  const fault = faultOf(error, operation)
  const spelling = errorModels[fault.type]?.message ?? 'message'
  const body = { ...(fault.origin && { Type: fault.origin }), ...fault.more, [spelling]: fault.text }
  return {
    status: fault.status,
    headers: { 'content-type': 'application/json', 'x-amzn-ErrorType': fault.type, ...fault.headers },
    body: JSON.stringify(body),
  }
}

function faultOf(error: unknown, operation: string | undefined): Fault {
  if (throttled.is(error)) {
    const { reason } = error.details
    const Reason = reason === 'MachineMemoryExceeded' ? 'ConcurrentInvocationLimitExceeded' : reason
    const headers = { 'retry-after': '1' }
    return {
      type: 'TooManyRequestsException',
      status: 429,
      text: 'Rate Exceeded.',
      origin: 'User',
      more: { Reason },
      headers,
    }
  }
  if (requestTooLarge.is(error)) {
    const name = operation === 'Invoke' ? 'InvokeFunction' : (operation ?? 'unknown')
    const text = `Request must be smaller than ${error.details.limitBytes} bytes for the ${name} operation`
    return { type: 'RequestEntityTooLargeException', status: 413, text, origin: undefined }
  }
  const access = accessFaultOf(error)
  if (access) return { type: access.json, status: access.status, text: access.message, origin: undefined }
  const row = error instanceof ZipyardError ? byCode.get(error.code) : undefined
  if (row) {
    const [, type, status] = row
    const isUntyped = untyped.has(type) || (error as ZipyardError).details['untyped'] === true
    return { type, status, text: (error as ZipyardError).message, origin: isUntyped ? undefined : 'User' }
  }
  return unlistedFault(error)
}

/** Ours, with no counterpart on AWS: what the interpreters and the machine have to say. */
function unlistedFault(error: unknown): Fault {
  if (!(error instanceof ZipyardError) || error.kind === 'defect') {
    const text = 'An error occurred and the request cannot be processed.'
    return { type: 'ServiceException', status: 500, text, origin: 'Service' }
  }
  const text = `${error.message} (${error.code})${error.hint === undefined ? '' : `. ${error.hint}`}`
  if (error.code.startsWith('ZY05')) return { type: 'InvalidRuntimeException', status: 400, text, origin: 'User' }
  if (error.code.startsWith('ZY06')) return { type: 'ServiceException', status: 500, text, origin: 'Service' }
  return { type: 'InvalidParameterValueException', status: 400, text, origin: 'User' }
}
