/** An operation is a value: its name, what Zipyard does with it, and how it is answered. The table of all is `operations.ts`. */
import type { Caller } from '../http/message.ts'
import type { LambdaServices } from './services.ts'
import type { Input } from './validation/read-input.ts'

/**
 * - `implemented`: has its effect.
 * - `stored`: its only effect is to be read back.
 * - `refused`: named, and answered with an error that says so.
 */
export type Support = 'implemented' | 'stored' | 'refused'

export interface OperationRequest {
  readonly id: string
  readonly caller: Caller
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** `http://HOST:PORT` under which the client reached us. */
  readonly origin: string
  readonly services: LambdaServices
  /** Throws `accessDenied` unless the caller may do this. Keys of people may do everything in their account. */
  authorize(action: string, resource: string): Promise<void>
}

export interface OperationResult {
  /** The model's own status when absent. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Becomes the JSON body; none is sent when both this and `body` are absent. */
  readonly json?: unknown
  readonly body?: Buffer | string
}

export interface Operation {
  readonly name: string
  readonly support: Support
  /** For the printed reference: what is particular about Zipyard's answer. */
  readonly note?: string
  /** The input has passed the model's constraints. */
  handle(input: Input, request: OperationRequest): Promise<OperationResult>
}

/** Gives an operation's handler the type of its input; the model's table has checked that it has it. */
export function defineOperation<Members extends object>(operation: {
  readonly name: string
  readonly support: Support
  readonly note?: string
  readonly handle: (input: Members, request: OperationRequest) => Promise<OperationResult>
}): Operation {
  return { ...operation, handle: (input, request) => operation.handle(input as Members, request) }
}
