/**
 * Asynchronous invocations: accepted once they are durable, run until they succeed, are tried often enough or are too old.
 *
 * A row of the catalog is the event; it is deleted in the same transaction that hands its outcome on. After a crash what was under way is
 * run again under the same request id: an event runs at least once, as on Lambda.
 */
import { randomUUID } from 'node:crypto'
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { resourceNotFound } from '../functions/errors.ts'
import { functionArn, type FunctionKey } from '../functions/function-name.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { Catalog, CatalogQueries } from '../store/catalog.ts'
import { asynchronousDefaults } from './async-defaults.ts'
import { readAsyncSettings, type AsyncSettings } from './async-settings.ts'
import { unsupportedDestination } from './errors.ts'
import { bucketOf, deadLetterAttributes, eventFor, isFunctionArn, type Delivery } from './event-delivery.ts'
import { eventRecord, type EventOutcome } from './event-record.ts'
import { fromRow, newRow, type EventRow, type HeldEvent, type NewEvent } from './event-row.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

/** Puts an object into a bucket of this service: for dead letters and failures. */
export type PutObject = (
  scope: { readonly accountId: string; readonly region: string },
  object: {
    readonly bucket: string
    readonly key: string
    readonly body: Buffer
    readonly metadata: Readonly<Record<string, string>>
  },
) => Promise<void>

export interface AsyncQueueOptions {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly log: Log
  readonly resolve: (key: FunctionKey, qualifier: string | undefined) => Promise<RunnableVersion>
  readonly invoke: (invocation: Invocation) => Promise<InvocationResult>
  readonly putObject: PutObject
  /** Waits of retries are multiplied by it: 0.001 makes a minute 60 ms. Ages are not. Default 1. */
  readonly timeScale?: number | undefined
  /** Events that run at the same time. Default 64. */
  readonly concurrency?: number | undefined
}

/** Longer than any attempt can take. */
const leaseMs = 30 * 60 * 1000
const defaultConcurrency = 64

export class AsyncQueue {
  readonly #options: AsyncQueueOptions
  readonly #owner = randomUUID()
  readonly #running = new Set<Promise<void>>()
  readonly #concurrency: number
  #accepting: { readonly rows: EventRow[]; readonly done: Promise<void> } | undefined
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #pumping = false
  #pumpAgain = false
  #stopped = false
  /** The catalog is about to close: what ends now has no say any more. */
  #abandoned = false

  constructor(options: AsyncQueueOptions) {
    this.#options = options
    this.#concurrency = options.concurrency ?? defaultConcurrency
  }

  /** Takes up what an earlier process had accepted. The catalog is locked, so whoever owned events before is gone. */
  async start(): Promise<void> {
    await this.#options.catalog.db
      .updateTable('async_event')
      .set({ owner: null, locked_until: 0 })
      .where('owner', 'is not', null)
      .execute()
    this.#wake()
  }

  /** Resolves when the event is on disk. Events that arrive together are committed together. */
  enqueue(event: NewEvent): Promise<void> {
    const row = newRow(event, this.#options.clock.now())
    // Owned from the start when it can run at once: then nothing has to be read back.
    const free = this.#concurrency - this.#running.size
    const accepting = (this.#accepting ??= this.#beginBatch())
    if (accepting.rows.length < free && !this.#stopped) {
      row.owner = this.#owner
      row.locked_until = row.accepted_at + leaseMs
    }
    accepting.rows.push(row)
    return accepting.done
  }

  /** Resolves when nothing is running; what is due later stays. */
  async idle(): Promise<void> {
    while (this.#running.size > 0 || this.#pumping || this.#accepting) {
      await Promise.all(this.#running)
      await this.#accepting?.done
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Starts no more attempts and waits for those that run, up to `graceMs`; what does not end by then runs again after the next start. */
  async stop(graceMs = 5000): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    let over: Timer | undefined
    const patience = new Promise<void>((resolve) => {
      over = this.#options.clock.after(graceMs, resolve)
    })
    await Promise.race([this.idle(), patience])
    over?.cancel()
    this.#abandoned = true
  }

  #beginBatch(): { readonly rows: EventRow[]; readonly done: Promise<void> } {
    const rows: EventRow[] = []
    const done = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      this.#accepting = undefined
      await this.#options.catalog.transaction(async (db) => {
        for (const row of rows) await db.insertInto('async_event').values(row).execute()
      })
      for (const row of rows) if (row.owner !== null) this.#begin(row)
      if (rows.some((row) => row.owner === null)) this.#wake()
    })
    return { rows, done }
  }

  #wake(): void {
    if (this.#stopped) return
    if (this.#pumping) this.#pumpAgain = true
    else void this.#pump()
  }

  /** Claims what is due, as much as may run, and sets the timer for what is due next. */
  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      do {
        this.#pumpAgain = false
        const free = this.#concurrency - this.#running.size
        if (free > 0) for (const row of await this.#claim(free)) this.#begin(row)
      } while (this.#pumpAgain && !this.#stopped)
      await this.#setTimer()
    } catch (error) {
      this.#options.log.error('asynchronous events could not be read', { error: String(error) })
      this.#options.clock.after(1000, () => this.#wake(), { unref: true })
    } finally {
      this.#pumping = false
      // A wake between the loop's last look and here must not be lost.
      if (this.#pumpAgain) this.#wake()
    }
  }

  #claim(limit: number): Promise<EventRow[]> {
    const now = this.#options.clock.now()
    return this.#options.catalog.transaction(async (db) => {
      const due = await db
        .selectFrom('async_event')
        .selectAll()
        .where('owner', 'is', null)
        .where('due_at', '<=', now)
        .orderBy('due_at')
        .limit(limit)
        .execute()
      if (due.length > 0) {
        await db
          .updateTable('async_event')
          .set({ owner: this.#owner, locked_until: now + leaseMs })
          .where(
            'id',
            'in',
            due.map((row) => row.id),
          )
          .where('owner', 'is', null)
          .execute()
      }
      return due
    })
  }

  async #setTimer(): Promise<void> {
    const next = await this.#options.catalog.db
      .selectFrom('async_event')
      .select('due_at')
      .where('owner', 'is', null)
      .orderBy('due_at')
      .limit(1)
      .executeTakeFirst()
    if (!next || this.#stopped) return
    const { clock } = this.#options
    // What is due already waits for a place, and each attempt that ends wakes the pump.
    if (next.due_at <= clock.now() && this.#running.size > 0) return
    if (this.#timerAt <= next.due_at && this.#timerAt > clock.now()) return
    this.#timer?.cancel()
    this.#timerAt = next.due_at
    this.#timer = clock.after(
      Math.max(0, next.due_at - clock.now()),
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY
        this.#wake()
      },
      { unref: true },
    )
  }

  #begin(row: EventRow): void {
    const task: Promise<void> = this.#attempt(fromRow(row))
      .catch((error: unknown) => {
        if (this.#abandoned) return undefined
        this.#options.log.error('an asynchronous event could not be handled and waits', {
          function: row.name,
          requestId: row.request_id,
          error: error instanceof Error ? error.message : String(error),
        })
        return this.#defer(fromRow(row)).catch(() => undefined)
      })
      .finally(() => {
        this.#running.delete(task)
        this.#wake()
      })
    this.#running.add(task)
  }

  async #attempt(event: HeldEvent): Promise<void> {
    const { catalog, clock } = this.#options
    const settings = await readAsyncSettings(catalog.db, event, event.qualifier)
    const expiresAt = event.acceptedAt + settings.maximumEventAgeSeconds * 1000
    if (clock.now() >= expiresAt)
      return this.#end(event, settings, { condition: 'EventAgeExceeded', attempts: event.attempt })
    let target: RunnableVersion
    try {
      target = await this.#options.resolve(event, event.qualifier)
    } catch (error) {
      // Deleted since: there is nobody left whom its failure could concern.
      if (resourceNotFound.is(error)) return this.#forget(event)
      return this.#defer(event)
    }
    if (target.reservedConcurrency === 0) {
      return this.#end(event, settings, { condition: 'ZeroReservedConcurrency', attempts: event.attempt })
    }
    let result: InvocationResult
    try {
      result = await this.#options.invoke({
        requestId: event.requestId,
        target,
        invokedArn: functionArn(event, event.qualifier),
        payload: event.payload,
        clientContext: event.clientContext,
        traceHeader: event.traceHeader,
        wantsLogTail: false,
      })
    } catch {
      if (this.#abandoned) return
      // Throttled, or this machine cannot run it now: Lambda keeps trying until the event is too old.
      return this.#defer(event)
    }
    if (this.#abandoned) return
    const attempts = event.attempt + 1
    if (!result.functionError) return this.#end(event, settings, { condition: 'Success', attempts, result })
    if (attempts > settings.maximumRetryAttempts) {
      return this.#end(event, settings, { condition: 'RetriesExhausted', attempts, result })
    }
    const dueAt = clock.now() + this.#scaled(retryDelay(attempts))
    // Ages count unscaled waits, or a time scale would never let an event grow old.
    if (clock.now() + retryDelay(attempts) >= expiresAt) {
      return this.#end(event, settings, { condition: 'EventAgeExceeded', attempts, result })
    }
    await this.#putBack(event, { attempt: attempts, deferrals: 0, due_at: dueAt })
  }

  async #defer(event: HeldEvent): Promise<void> {
    const { firstDeferralMs, longestDeferralMs } = asynchronousDefaults
    const wait = Math.min(firstDeferralMs * 2 ** Math.min(event.deferrals, 20), longestDeferralMs)
    await this.#putBack(event, {
      deferrals: event.deferrals + 1,
      due_at: this.#options.clock.now() + this.#scaled(wait),
    })
  }

  async #putBack(
    event: HeldEvent,
    changes: Partial<Pick<EventRow, 'attempt' | 'deferrals' | 'due_at'>>,
  ): Promise<void> {
    await this.#options.catalog.db
      .updateTable('async_event')
      .set({ ...changes, owner: null, locked_until: 0 })
      .where('id', '=', event.id)
      .execute()
  }

  async #forget(event: HeldEvent): Promise<void> {
    this.#options.log.info('an asynchronous event was dropped: its function is gone', {
      function: functionArn(event),
      requestId: event.requestId,
    })
    await removeEvent(this.#options.catalog.db, event)
  }

  /** Hands the outcome on and removes the event. */
  async #end(event: HeldEvent, settings: AsyncSettings, outcome: EventOutcome): Promise<void> {
    const succeeded = outcome.condition === 'Success'
    const destination = succeeded ? settings.onSuccess : settings.onFailure
    const deliveries: Delivery[] = []
    const now = this.#options.clock.now()
    if (destination !== undefined) {
      deliveries.push({ arn: destination, body: eventRecord(event, outcome, now), metadata: {} })
    }
    if (!succeeded && settings.deadLetter !== undefined) {
      deliveries.push({
        arn: settings.deadLetter,
        body: event.payload.toString('utf8'),
        metadata: deadLetterAttributes(event, outcome),
      })
    }
    for (const delivery of deliveries) await this.#deliverToBucket(event, delivery)
    const next = deliveries.flatMap((delivery) => eventFor(event, delivery, now))
    await this.#options.catalog.transaction(async (db) => {
      for (const row of next) await db.insertInto('async_event').values(row).execute()
      await removeEvent(db, event)
    })
  }

  async #deliverToBucket(event: HeldEvent, delivery: Delivery): Promise<void> {
    const bucket = bucketOf(delivery.arn)
    if (bucket === undefined) {
      if (!isFunctionArn(delivery.arn)) this.#refuse(event, delivery.arn)
      return
    }
    const at = new Date(this.#options.clock.now()).toISOString()
    const [day = '', time = ''] = at.split('T')
    try {
      await this.#options.putObject(event, {
        bucket,
        // Source: developer guide, "Capturing records of Lambda asynchronous invocations", Amazon S3.
        key: `aws/lambda/async/${event.name}/${day.replaceAll('-', '/')}/${day}T${time.slice(0, 8).replaceAll(':', '.')}-${randomUUID()}`,
        body: Buffer.from(delivery.body),
        metadata: delivery.metadata,
      })
    } catch (error) {
      this.#options.log.warn('the outcome of an asynchronous event could not be stored', {
        function: functionArn(event),
        requestId: event.requestId,
        destination: delivery.arn,
        error: error instanceof Error ? error.message : String(error),
      })
    }
  }

  #refuse(event: HeldEvent, arn: string): void {
    const { message, hint } = unsupportedDestination({ arn })
    this.#options.log.warn(message, { function: functionArn(event), requestId: event.requestId, hint })
  }

  #scaled(milliseconds: number): number {
    return Math.round(milliseconds * (this.#options.timeScale ?? 1))
  }
}

function retryDelay(attempts: number): number {
  const delays = asynchronousDefaults.retryDelaysMs
  return delays[Math.min(attempts, delays.length) - 1]!
}

async function removeEvent(db: CatalogQueries, event: HeldEvent): Promise<void> {
  await db.deleteFrom('async_event').where('id', '=', event.id).execute()
}
