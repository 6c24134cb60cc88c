/**
 * Takes log events at the speed of the invoker and writes them in batches: one transaction per tenth of a second, not one per line.
 */
import type { Clock, Timer } from '../base/clock.ts'
import { mebibyte } from '../base/byte-size.ts'
import type { Log } from '../base/log.ts'
import { SerialQueue } from '../base/tasks.ts'
import type { Database, Queries } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
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

export class LogWriter {
  readonly #database: Database<LogEventSchema>
  readonly #clock: Clock
  readonly #log: Log
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
    readonly groupIdOf: (key: LogGroupKey) => Promise<string>
  }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#log = options.log
    this.#groupIdOf = options.groupIdOf
  }

  /** Never waits and never throws. */
  append(target: LogTarget, events: readonly NewLogEvent[]): void {
    const ingestedAt = this.#clock.now()
    for (const { timestamp, message } of events) {
      for (const part of split(Buffer.from(message as string))) {
        const event = { target, timestamp, ingestedAt, message: part }
        this.#buffer.push(event)
        this.#bufferBytes += costOf(event)
        this.#waitingBytes += costOf(event)
      }
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
      while (done < batch.length) {
        const rows = batch.slice(done, done + rowsPerTransaction)
        const groupIds = await this.#findGroups(rows)
        await this.#database.transaction(async (db) => {
          for (let at = 0; at < rows.length; at += rowsPerInsert) {
            if (at > 0) await new Promise((resolve) => setImmediate(resolve))
            await this.#insert(db, rows.slice(at, at + rowsPerInsert), groupIds)
          }
          await updateStreams(db, rows, (target) => this.#streams.get(keyOf(target))!.id)
        })
        done += rows.length
        this.#isFailing = false
        for (const row of rows) this.#waitingBytes -= costOf(row)
        if (this.#waitingBytes <= roomAgain) this.#makeRoom()
      }
    } catch (error) {
      this.#streams.clear()
      const left = batch.slice(done)
      this.#buffer = [...left, ...this.#buffer]
      for (const event of left) this.#bufferBytes += costOf(event)
      this.#isFailing = true
      this.#makeRoom()
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
  ): Promise<void> {
    for (const { target } of rows) {
      const key = keyOf(target)
      if (this.#streams.has(key)) continue
      const groupId = groupIds.get(key)!
      this.#streams.set(key, { groupId, id: await ensureStream(db, groupId, target.stream, this.#clock.now()) })
    }
    const values = rows.map(({ target, timestamp, ingestedAt, message }) => {
      const { groupId, id } = this.#streams.get(keyOf(target))!
      return { group_id: groupId, stream_id: id, timestamp, ingested_at: ingestedAt, message }
    })
    await db.insertInto('log_event').values(values).execute()
  }
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

async function updateStreams(
  db: Queries<LogEventSchema>,
  batch: readonly Pending[],
  idOf: (target: LogTarget) => number,
): Promise<void> {
  const totals = new Map<number, { first: number; last: number; ingestedAt: number; bytes: number }>()
  for (const { target, timestamp, ingestedAt, message } of batch) {
    const id = idOf(target)
    const total = totals.get(id) ?? { first: timestamp, last: timestamp, ingestedAt, bytes: 0 }
    totals.set(id, {
      first: Math.min(total.first, timestamp),
      last: Math.max(total.last, timestamp),
      ingestedAt: Math.max(total.ingestedAt, ingestedAt),
      bytes: total.bytes + message.length + eventOverheadBytes,
    })
  }
  for (const [id, { first, last, ingestedAt, bytes }] of totals) {
    await db
      .updateTable('log_stream')
      .set(({ fn, eb, ref, val }) => ({
        first_event_at: fn('min', [fn.coalesce('first_event_at', val(first)), val(first)]),
        last_event_at: fn('max', [fn.coalesce('last_event_at', val(last)), val(last)]),
        last_ingested_at: ingestedAt,
        stored_bytes: eb(ref('stored_bytes'), '+', bytes),
      }))
      .where('id', '=', id)
      .execute()
  }
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
