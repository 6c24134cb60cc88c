/** The JSON document that a destination receives (recorded in November 2025): members and their order. */
import { functionArn, latest, type FunctionKey } from '../functions/function-name.ts'
import type { InvocationResult } from './invocation.ts'

export type EventCondition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency'

export interface EventOutcome {
  readonly condition: EventCondition
  /** Attempts that came to a result. */
  readonly attempts: number
  readonly result?: InvocationResult | undefined
}

export function eventRecord(
  event: FunctionKey & { readonly qualifier: string | undefined; readonly requestId: string; readonly payload: Buffer },
  outcome: EventOutcome,
  now: number,
): string {
  const { result } = outcome
  return JSON.stringify({
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: functionArn(event, event.qualifier ?? latest),
      condition: outcome.condition,
      approximateInvokeCount: outcome.attempts,
    },
    requestPayload: parsed(event.payload),
    ...(result && {
      responseContext: {
        statusCode: 200,
        executedVersion: result.executedVersion,
        ...(result.functionError && { functionError: result.functionError }),
      },
      responsePayload: parsed(result.payload),
    }),
  })
}

/** JSON as it is, and text that is none as text. */
function parsed(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  if (text === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
