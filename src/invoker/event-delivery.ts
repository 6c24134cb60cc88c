/** Where the outcome of an asynchronous event goes. */
import { randomUUID } from 'node:crypto'
import { splitFunctionName } from '../functions/function-name.ts'
import type { EventOutcome } from './event-record.ts'
import { newRow, type EventRow, type HeldEvent } from './event-row.ts'

export interface Delivery {
  readonly arn: string
  readonly body: string
  readonly metadata: Readonly<Record<string, string>>
}

/** The attributes Lambda gives a dead letter. Recorded in November 2025 for a queue. */
export function deadLetterAttributes(event: HeldEvent, outcome: EventOutcome): Record<string, string> {
  let message: string = outcome.condition
  try {
    const parsed = JSON.parse(outcome.result?.payload.toString('utf8') ?? '') as { errorMessage?: unknown }
    if (typeof parsed.errorMessage === 'string') message = parsed.errorMessage
  } catch {
    // Without a result the condition is all there is to say.
  }
  return { RequestID: event.requestId, ErrorCode: outcome.result ? '200' : '429', ErrorMessage: message.slice(0, 1024) }
}

export const isFunctionArn = (arn: string): boolean => /^arn:[^:]+:lambda:[^:]+:\d{12}:function:/.test(arn)
export const bucketOf = (arn: string): string | undefined => /^arn:[^:]+:s3:::(.+)$/.exec(arn)?.[1]

/** The event that a function as destination receives: with a request id of its own. */
export function eventFor(event: HeldEvent, delivery: Delivery, now: number): EventRow[] {
  if (!isFunctionArn(delivery.arn)) return []
  const { name, qualifier, region, accountId } = splitFunctionName(delivery.arn)
  // A destination is in its function's own account and region: anything else is not ours to invoke.
  if (accountId !== event.accountId || region !== event.region) return []
  return [
    newRow(
      {
        accountId,
        region,
        name,
        qualifier,
        requestId: randomUUID(),
        payload: Buffer.from(delivery.body),
        traceHeader: event.traceHeader,
      },
      now,
    ),
  ]
}
