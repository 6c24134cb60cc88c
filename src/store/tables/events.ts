/** Asynchronous invocations that were accepted and have not come to their end. A row is gone when its event is. */
export interface EventTables {
  async_event: AsyncEventTable
}

export interface AsyncEventTable {
  /** Ours. */
  id: string
  account_id: string
  region: string
  /** Name of the function. */
  name: string
  /** As the caller named it; null when it was not named. */
  qualifier: string | null
  /** The same over all attempts. */
  request_id: string
  payload: Uint8Array
  client_context: string | null
  trace_header: string
  accepted_at: number
  /** Not before this time, in milliseconds since the epoch. */
  due_at: number
  /** Attempts that came to a result. */
  attempt: number
  /** Attempts that could not be made (throttled), since the last that was. */
  deferrals: number
  /** Which service process works on it, or null. */
  owner: string | null
  /** Until then it is the owner's alone. */
  locked_until: number
}
