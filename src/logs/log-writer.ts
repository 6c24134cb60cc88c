/**
 * Takes log events at the speed of the invoker and writes them in batches: one transaction per tenth of a second, not one per line.
 */
import { CompiledQuery } from 'kysely'
import type { Clock, Timer } from '../base/clock.ts'
import { mebibyte } from '../base/byte-size.ts'
import type { Log } from '../base/log.ts'
import { SerialQueue } from '../base/tasks.ts'
import type { Database, Queries } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { fileBytesOf } from './file-bytes.ts'
import type { LogGroupKey } from './log-group.ts'

export interface LogTarget extends LogGroupKey {
  /** `2026/11/22/[$LATEST]0f…` */
  readonly stream: string
}

export interface NewLogEvent {
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
  readonly message: string | Uint8Array
}

/** CloudWatch's count of what an event costs beside its message, in bytes. Source: PutLogEvents API reference. */
export const eventOverheadBytes = 26

/** Largest message, in bytes; longer ones become several events. Source: CloudWatch Logs quotas page (1 MB since 2025). */
export const messageLimit = mebibyte - eventOverheadBytes

const flushAfterMs = 100
const retryAfterMs = 1000
/** Events that wait longer than memory allows are dropped, oldest first, and counted: a full disk must not kill the service. */
const bufferLimit = 64 * mebibyte
/** What an event costs in memory beside its message, about. */
const memoryOverheadBytes = 256
/** Whoever brings more than this ahead of the disk is to wait until so much is left. */
const roomLimit = 16 * mebibyte
const roomAgain = 4 * mebibyte
const flushBytes = mebibyte
/** Rows of one INSERT: a synchronous step of about a millisecond. */
const rowsPerInsert = 100
/** Rows of one transaction: its commit, and the checkpoint that may follow, are steps of their own. */
const rowsPerTransaction = 2000
/** And their bytes: the write-ahead log stays as long as the longest transaction made it. */
const bytesPerTransaction = mebibyte

interface Pending {
  readonly target: LogTarget
  readonly timestamp: number
  readonly ingestedAt: number
  readonly message: Buffer
}

interface Stream {
  readonly groupId: string
  readonly id: number
}

/** What keeps the events of functions from filling the disk: `FunctionLogLimit`. Bytes are those of the file, as `fileBytesOf` counts them. */
export interface LogLimit {
  makeRoom(bytes: number): Promise<void>
  note(groupId: string, bytes: number): void
  noteFailure(): void
}

/** Who brought events: what a function wrote is kept as long as there is room, what a client brought until it says otherwise. */
type Origin = 'function' | 'client'

export class LogWriter {
  readonly #database: Database<LogEventSchema>
  readonly #clock: Clock
  readonly #log: Log
  readonly #limit: LogLimit
  readonly #groupIdOf: (key: LogGroupKey) => Promise<string>
  readonly #queue = new SerialQueue()
  readonly #streams = new Map<string, Stream>()
  #buffer: Pending[] = []
  #bufferBytes = 0
  /** In memory, whether on its way to the disk or not. */
  #waitingBytes = 0
  #isFailing = false
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  #dropped = 0
  /** A flush without delay is on its way. */
  #hurried = false
  #timer: Timer | undefined

  constructor(options: {
    readonly database: Database<LogEventSchema>
    readonly clock: Clock
    readonly log: Log
    readonly limit: LogLimit
    readonly groupIdOf: (key: LogGroupKey) => Promise<string>
  }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#log = options.log
    this.#limit = options.limit
    this.#groupIdOf = options.groupIdOf
  }

  /** Takes what a function wrote. Never waits and never throws. */
  append(target: LogTarget, events: readonly NewLogEvent[]): void {
    for (const event of pendingOf(target, events, this.#clock.now())) {
      this.#buffer.push(event)
      this.#bufferBytes += costOf(event)
      this.#waitingBytes += costOf(event)
    }
    if (this.#bufferBytes > bufferLimit) this.#dropOldest()
    if (this.#bufferBytes > flushBytes && !this.#hurried) {
      this.#timer?.cancel()
      this.#timer = undefined
      this.#hurried = true
      this.#schedule(0)
    } else this.#schedule(flushAfterMs)
  }

  /**
   * What to wait for before more is brought, `undefined` when there is room: a function that writes faster than the disk waits, as everybody does who
   * writes to a full pipe. Nobody waits for a disk that is full.
   */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes <= roomLimit || this.#isFailing) return undefined
    if (!this.#room) {
      let resolve!: () => void
      const promise = new Promise<void>((done) => (resolve = done))
      this.#room = { promise, resolve }
    }
    return this.#room.promise
  }

  /** Takes what a client brought: it is written when this resolves, and never dropped or forgotten. */
  put(target: LogTarget, events: readonly NewLogEvent[]): Promise<void> {
    const batch = [...pendingOf(target, events, this.#clock.now())]
    return this.#queue.run(() => this.#store(batch, 'client'))
  }

  /** Resolves when everything appended so far can be read; fails when it cannot be written. */
  flush(): Promise<void> {
    return this.#queue.run(() => this.#write())
  }

  /** Runs a change of the streams in turn with the writing. */
  inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(task)
  }

  /** Forgets where streams are, after some were removed. */
  forget(groupId: string): void {
    for (const [key, stream] of this.#streams) if (stream.groupId === groupId) this.#streams.delete(key)
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.flush()
  }

  #schedule(afterMs: number): void {
    this.#timer ??= this.#clock.after(
      afterMs,
      () => {
        this.#timer = undefined
        this.#hurried = false
        this.flush().catch((error: unknown) => {
          this.#log.warn('log events not written', { events: this.#buffer.length, error: String(error) })
          this.#schedule(retryAfterMs)
        })
      },
      { unref: true },
    )
  }

  #dropOldest(): void {
    let count = 0
    for (; this.#bufferBytes > bufferLimit / 2; count += 1) {
      this.#bufferBytes -= costOf(this.#buffer[count]!)
      this.#waitingBytes -= costOf(this.#buffer[count]!)
    }
    this.#buffer = this.#buffer.slice(count)
    this.#dropped += count
    this.#log.warn('log events dropped', { events: this.#dropped })
  }

  async #write(): Promise<void> {
    const batch = this.#buffer
    let done = 0
    this.#buffer = []
    this.#bufferBytes = 0
    try {
      await this.#store(batch, 'function', (rows) => {
        done += rows.length
        this.#isFailing = false
        for (const row of rows) this.#waitingBytes -= costOf(row)
        if (this.#waitingBytes <= roomAgain) this.#makeRoom()
      })
    } catch (error) {
      const left = batch.slice(done)
      this.#buffer = [...left, ...this.#buffer]
      for (const event of left) this.#bufferBytes += costOf(event)
      this.#isFailing = true
      this.#makeRoom()
      throw error
    }
  }

  async #store(
    batch: readonly Pending[],
    origin: Origin,
    onStored?: (rows: readonly Pending[]) => void,
  ): Promise<void> {
    try {
      for (let done = 0; done < batch.length;) {
        const rows = nextTransaction(batch, done)
        const groupIds = await this.#findGroups(rows)
        if (origin === 'function') await this.#limit.makeRoom(fileBytes(rows))
        const totals = await this.#database.transaction(async (db) => {
          for (let at = 0; at < rows.length; at += rowsPerInsert) {
            if (at > 0) await new Promise((resolve) => setImmediate(resolve))
            await this.#insert(db, rows.slice(at, at + rowsPerInsert), groupIds, origin)
          }
          return updateStreams(db, rows, origin, (target) => this.#streams.get(keyOf(target))!)
        })
        for (const { groupId, functionBytes } of totals) this.#limit.note(groupId, functionBytes)
        done += rows.length
        onStored?.(rows)
      }
    } catch (error) {
      this.#streams.clear()
      this.#limit.noteFailure()
      throw error
    }
  }

  #makeRoom(): void {
    this.#room?.resolve()
    this.#room = undefined
  }

  async #findGroups(batch: readonly Pending[]): Promise<ReadonlyMap<string, string>> {
    const groupIds = new Map<string, string>()
    for (const { target } of batch) {
      const key = keyOf(target)
      if (this.#streams.has(key) || groupIds.has(key)) continue
      groupIds.set(key, await this.#groupIdOf(target))
    }
    return groupIds
  }

  async #insert(
    db: Queries<LogEventSchema>,
    rows: readonly Pending[],
    groupIds: ReadonlyMap<string, string>,
    origin: Origin,
  ): Promise<void> {
    for (const { target } of rows) {
      const key = keyOf(target)
      if (this.#streams.has(key)) continue
      const groupId = groupIds.get(key)!
      this.#streams.set(key, { groupId, id: await ensureStream(db, groupId, target.stream, this.#clock.now()) })
    }
    const values: unknown[] = []
    for (const { target, timestamp, ingestedAt, message } of rows) {
      const { groupId, id } = this.#streams.get(keyOf(target))!
      values.push(groupId, id, timestamp, ingestedAt, message)
    }
    await db.executeQuery(CompiledQuery.raw(insertion(rows.length, origin), values))
  }
}

/** Written by hand: this is what every invocation costs, and a query builder costs more than the writing. */
function insertion(rows: number, origin: Origin): string {
  const row = `(?, ?, ?, ?, ?, ${origin === 'function' ? 1 : 0})`
  return `insert into log_event (group_id, stream_id, timestamp, ingested_at, message, from_function) values ${row}${`, ${row}`.repeat(rows - 1)}`
}

async function ensureStream(db: Queries<LogEventSchema>, groupId: string, name: string, now: number): Promise<number> {
  await db
    .insertInto('log_stream')
    .values({ group_id: groupId, name, created_at: now, stored_bytes: 0 })
    .onConflict((conflict) => conflict.columns(['group_id', 'name']).doNothing())
    .execute()
  const row = await db
    .selectFrom('log_stream')
    .select('id')
    .where('group_id', '=', groupId)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return row.id
}

interface StreamTotal {
  readonly groupId: string
  first: number
  last: number
  ingestedAt: number
  bytes: number
  functionBytes: number
}

async function updateStreams(
  db: Queries<LogEventSchema>,
  batch: readonly Pending[],
  origin: Origin,
  streamOf: (target: LogTarget) => Stream,
): Promise<readonly StreamTotal[]> {
  const totals = new Map<number, StreamTotal>()
  for (const { target, timestamp, ingestedAt, message } of batch) {
    const { id, groupId } = streamOf(target)
    let total = totals.get(id)
    if (!total) {
      total = { groupId, first: timestamp, last: timestamp, ingestedAt, bytes: 0, functionBytes: 0 }
      totals.set(id, total)
    }
    total.first = Math.min(total.first, timestamp)
    total.last = Math.max(total.last, timestamp)
    total.ingestedAt = Math.max(total.ingestedAt, ingestedAt)
    total.bytes += message.length + eventOverheadBytes
    if (origin === 'function') total.functionBytes += fileBytesOf(message.length)
  }
  for (const [id, { first, last, ingestedAt, bytes, functionBytes }] of totals) {
    await db
      .updateTable('log_stream')
      .set(({ fn, eb, ref, val }) => ({
        first_event_at: fn('min', [fn.coalesce('first_event_at', val(first)), val(first)]),
        last_event_at: fn('max', [fn.coalesce('last_event_at', val(last)), val(last)]),
        last_ingested_at: ingestedAt,
        stored_bytes: eb(ref('stored_bytes'), '+', bytes),
        function_bytes: eb(ref('function_bytes'), '+', functionBytes),
      }))
      .where('id', '=', id)
      .execute()
  }
  return [...totals.values()]
}

function* pendingOf(target: LogTarget, events: readonly NewLogEvent[], ingestedAt: number): Generator<Pending> {
  for (const { timestamp, message } of events) {
    for (const part of split(Buffer.from(message as string))) yield { target, timestamp, ingestedAt, message: part }
  }
}

/** At least one. */
function nextTransaction(batch: readonly Pending[], from: number): readonly Pending[] {
  const most = Math.min(batch.length, from + rowsPerTransaction)
  let until = from
  for (let bytes = 0; until < most && (until === from || bytes < bytesPerTransaction); until += 1)
    bytes += batch[until]!.message.length
  return batch.slice(from, until)
}

function fileBytes(rows: readonly Pending[]): number {
  let bytes = 0
  for (const { message } of rows) bytes += fileBytesOf(message.length)
  return bytes
}

/** Cuts at character borders, so that each part is text of its own. */
function* split(message: Buffer): Generator<Buffer> {
  let rest = message
  while (rest.length > messageLimit) {
    let end = messageLimit
    while (end > messageLimit - 4 && (rest[end]! & 0xc0) === 0x80) end -= 1
    yield rest.subarray(0, end)
    rest = rest.subarray(end)
  }
  yield rest
}

const costOf = (event: Pending): number => event.message.length + memoryOverheadBytes

function keyOf(target: LogTarget): string {
  return `${target.accountId} ${target.region} ${target.group} ${target.stream}`
}
