/** An asynchronous event, and its row in the catalog. */
import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { FunctionKey } from '../functions/function-name.ts'
import type { AsyncEventTable } from '../store/tables/events.ts'

/** An event as the API accepted it. */
export interface NewEvent extends FunctionKey {
  readonly requestId: string
  readonly qualifier: string | undefined
  readonly payload: Buffer
  readonly clientContext?: string | undefined
  readonly traceHeader: string
}

export type EventRow = Selectable<AsyncEventTable>

/** An event that this process works on. */
export interface HeldEvent extends NewEvent {
  readonly id: string
  readonly acceptedAt: number
  readonly attempt: number
  readonly deferrals: number
}

/** The row of an event that is accepted now. */
export function newRow(event: NewEvent, now: number): EventRow {
  return {
    id: randomUUID(),
    account_id: event.accountId,
    region: event.region,
    name: event.name,
    qualifier: event.qualifier ?? null,
    request_id: event.requestId,
    payload: event.payload,
    client_context: event.clientContext ?? null,
    trace_header: event.traceHeader,
    accepted_at: now,
    due_at: now,
    attempt: 0,
    deferrals: 0,
    owner: null,
    locked_until: 0,
  }
}

export function fromRow(row: EventRow): HeldEvent {
  return {
    id: row.id,
    accountId: row.account_id,
    region: row.region,
    name: row.name,
    qualifier: row.qualifier ?? undefined,
    requestId: row.request_id,
    payload: Buffer.from(row.payload),
    clientContext: row.client_context ?? undefined,
    traceHeader: row.trace_header,
    acceptedAt: row.accepted_at,
    attempt: row.attempt,
    deferrals: row.deferrals,
  }
}
