/**
 * How much of the disk the logs of functions may take. A function writes as long as it likes, so at the limit the oldest events of the group that holds most
 * are forgotten: whoever looks wants the newest, and one that floods does not push out the few lines of all the others. What clients brought
 * (PutLogEvents) was promised to them: it does not count, and it stays.
 *
 * Freed pages of `logs.db` are used again and never given back, so where the volume is nearly full the file is kept from growing, not made smaller.
 */
import { stat } from 'node:fs/promises'
import { sql } from 'kysely'
import { formatBytes, mebibyte } from '../base/byte-size.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Database } from '../store/database.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import type { VolumeSpace } from '../store/volume.ts'
import type { LogPosition } from './log-query.ts'
import type { LogLimit } from './log-writer.ts'
import { removeStep } from './remove-events.ts'

/** Of all functions together, as `fileBytesOf` counts. */
export const functionLogBytes = 1024 * mebibyte
/** What is left of the volume for everything else: this, or this share of a small one. */
const volumeReserveBytes = 1024 * mebibyte
const volumeReserveShare = 0.05
/** Even there so much is kept (at most half of the reserve): no logs at all would be worse. */
const leastBytes = 64 * mebibyte
/** Left over where the file must not grow, for what is written before the volume is looked at again. */
const floatBytes = 2 * mebibyte
/** How long the write-ahead log becomes: SQLite writes it back at 1000 pages, after the transaction that went beyond. */
const writeAheadBytes = 6 * mebibyte
/** The volume is looked at again when so much was written. */
const measureEveryBytes = mebibyte
/** At the limit so much is forgotten at once, of the limit and at most, that a short line does not cost a transaction to forget another. */
const slackShare = 1 / 64
const slackBytes = mebibyte / 2
const sayAfterMs = 1000
const sayEveryMs = 60_000

export interface FunctionLogLimitOptions {
  readonly database: Database<LogEventSchema>
  readonly clock: Clock
  readonly log: Log
  /** Of `logs.db`. */
  readonly path: string
  readonly limitBytes: number
  /** Of the volume that `logs.db` is on. */
  readonly space: () => Promise<VolumeSpace>
  /** What a person calls the group. */
  readonly nameOf: (groupId: string) => Promise<string | undefined>
}

/** All but `open` is called in turn with the writing. */
export class FunctionLogLimit implements LogLimit {
  readonly #options: FunctionLogLimitOptions
  /** What each group holds. Only these few numbers are in memory; they are summed up once, from the streams. */
  readonly #bytes: Map<string, number>
  #totalBytes = 0
  #allowedBytes: number
  #unmeasuredBytes = Infinity
  /** Where to go on in groups whose oldest events are of clients, and whether any of functions were found since the beginning. */
  readonly #places = new Map<string, { readonly after: LogPosition; readonly hasFound: boolean }>()
  /** Events of each group since it was said. */
  readonly #forgotten = new Map<string, number>()
  #sayTimer: Timer | undefined
  #saidAt = -Infinity

  private constructor(options: FunctionLogLimitOptions, bytes: Map<string, number>) {
    this.#options = options
    this.#bytes = bytes
    for (const groupBytes of bytes.values()) this.#totalBytes += groupBytes
    this.#allowedBytes = options.limitBytes
  }

  static async open(options: FunctionLogLimitOptions): Promise<FunctionLogLimit> {
    const rows = await options.database.db
      .selectFrom('log_stream')
      .select(({ fn }) => ['group_id', fn.sum<number>('function_bytes').as('bytes')])
      .where('function_bytes', '>', 0)
      .groupBy('group_id')
      .execute()
    return new FunctionLogLimit(options, new Map(rows.map((row) => [row.group_id, row.bytes])))
  }

  /** Bytes of functions came to a group, or left it. */
  note(groupId: string, bytes: number): void {
    const before = this.#bytes.get(groupId) ?? 0
    const after = Math.max(0, before + bytes)
    this.#totalBytes += after - before
    if (bytes > 0) this.#unmeasuredBytes += bytes
    if (after > 0) this.#bytes.set(groupId, after)
    else this.#bytes.delete(groupId)
  }

  /** A write failed: the volume may have become full. */
  noteFailure(): void {
    this.#unmeasuredBytes = Infinity
  }

  /** Forgets until so much more may be stored, or nothing is left to forget. */
  async makeRoom(bytes: number): Promise<void> {
    if (this.#unmeasuredBytes >= measureEveryBytes) await this.#measure()
    if (this.#totalBytes + bytes <= this.#allowedBytes) return
    const wanted = this.#allowedBytes - bytes - Math.min(this.#allowedBytes * slackShare, slackBytes)
    while (this.#totalBytes > Math.max(0, wanted) && this.#bytes.size > 0) await this.#forgetSome()
  }

  stop(): Promise<void> {
    return this.#say()
  }

  async #measure(): Promise<void> {
    this.#unmeasuredBytes = 0
    const { limitBytes, space } = this.#options
    // A file system that does not tell is not guessed at.
    const { freeBytes, totalBytes } = await space().catch(() => ({ freeBytes: 0, totalBytes: 0 }))
    const reserve = Math.min(volumeReserveBytes, totalBytes * volumeReserveShare)
    const spare = Math.max(0, freeBytes - reserve)
    this.#allowedBytes = limitBytes
    if (totalBytes === 0 || spare >= limitBytes) return
    const headroom = spare + (await this.#reusableBytes()) - (await this.#awaitedBytes()) - floatBytes
    const least = Math.min(leastBytes, reserve / 2)
    this.#allowedBytes = Math.min(limitBytes, Math.max(least, this.#totalBytes + headroom))
  }

  /** Pages of the file that nobody uses. */
  async #reusableBytes(): Promise<number> {
    return (await this.#pragma('freelist_count')) * (await this.#pragma('page_size'))
  }

  /** By how much the files are to grow for what is stored already: pages that are only in the write-ahead log, and the rest of that. */
  async #awaitedBytes(): Promise<number> {
    const { path } = this.#options
    const pagesBytes = (await this.#pragma('page_count')) * (await this.#pragma('page_size'))
    return Math.max(0, pagesBytes - (await sizeOf(path))) + Math.max(0, writeAheadBytes - (await sizeOf(`${path}-wal`)))
  }

  async #pragma(name: 'freelist_count' | 'page_count' | 'page_size'): Promise<number> {
    const { rows } = await sql<Record<string, number>>`pragma ${sql.raw(name)}`.execute(this.#options.database.db)
    return rows[0]![name]!
  }

  async #forgetSome(): Promise<void> {
    const { database } = this.#options
    const groupId = this.#largest()
    const place = this.#places.get(groupId)
    const step = await removeStep(database, { groupId, after: place?.after, ofFunctionsOnly: true })
    const hasFound = step.events > 0 || (place?.hasFound ?? false)
    if (step.events > 0) this.#remember(groupId, step.events)
    this.note(groupId, -step.functionBytes)
    this.#places.delete(groupId)
    if (step.next && (place || step.left > 0)) this.#places.set(groupId, { after: step.next, hasFound })
    if (!step.next && !(place && hasFound)) {
      // All were looked at, and none of functions is left, whatever was counted.
      this.note(groupId, -Infinity)
      await database.db.updateTable('log_stream').set({ function_bytes: 0 }).where('group_id', '=', groupId).execute()
    }
    await new Promise((resolve) => setImmediate(resolve))
  }

  #largest(): string {
    let largest = ''
    let most = -1
    for (const [groupId, bytes] of this.#bytes) if (bytes > most) [largest, most] = [groupId, bytes]
    return largest
  }

  #remember(groupId: string, events: number): void {
    this.#forgotten.set(groupId, (this.#forgotten.get(groupId) ?? 0) + events)
    const { clock } = this.#options
    const afterMs = Math.max(sayAfterMs, this.#saidAt + sayEveryMs - clock.monotonic())
    this.#sayTimer ??= clock.after(afterMs, () => void this.#say(), { unref: true })
  }

  /** Once a minute at most. */
  async #say(): Promise<void> {
    this.#sayTimer?.cancel()
    this.#sayTimer = undefined
    if (this.#forgotten.size === 0) return
    const { clock, limitBytes, log, nameOf } = this.#options
    this.#saidAt = clock.monotonic()
    const groups = [...this.#forgotten].toSorted(([, a], [, b]) => b - a)
    this.#forgotten.clear()
    const isTight = this.#allowedBytes < limitBytes
    log.warn('oldest log events of functions forgotten', {
      events: groups.reduce((sum, [, events]) => sum + events, 0),
      // Of several the one that lost most: it is the one that floods.
      group: await nameOf(groups[0]![0]).catch(() => undefined),
      keptBytes: this.#totalBytes,
      because: isTight
        ? 'the volume of the data folder is nearly full'
        : `functions may keep ${formatBytes(limitBytes)} of logs`,
    })
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}
