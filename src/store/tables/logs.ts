import type { Generated } from 'kysely'

/** In the catalog: what was asked for and must not be lost. */
export interface LogGroupTables {
  log_group: LogGroupTable
}

export interface LogGroupTable {
  /** Ours. A group deleted and made again under its name is another group, so old events never come back. */
  id: string
  account_id: string
  region: string
  name: string
  created_at: number
  /** Null: events never expire. */
  retention_days: number | null
  /** JSON object. */
  tags: string
  class: 'STANDARD' | 'INFREQUENT_ACCESS'
  kms_key_id: string | null
}

/** In `logs.db`. */
export interface LogEventSchema {
  log_stream: LogStreamTable
  log_event: LogEventTable
}

export interface LogStreamTable {
  id: Generated<number>
  group_id: string
  name: string
  created_at: number
  first_event_at: number | null
  last_event_at: number | null
  last_ingested_at: number | null
  /** Messages and 26 bytes per event, as CloudWatch counts. */
  stored_bytes: number
  /** What its events of functions take of the file; see `fileBytesOf`. */
  function_bytes: Generated<number>
}

export interface LogEventTable {
  /** Grows with ingestion: orders events of one millisecond. */
  id: Generated<number>
  group_id: string
  stream_id: number
  /** Milliseconds since the Unix epoch. */
  timestamp: number
  ingested_at: number
  /** UTF-8; a BLOB, since messages may hold NUL. */
  message: Buffer
  /** 1: a function's line or what the platform said of it, which may be forgotten. 0: a client's, or of an older version, which did not note it. */
  from_function: Generated<0 | 1>
}
