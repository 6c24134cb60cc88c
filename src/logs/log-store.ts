/** The logs room's front: what functions wrote, kept in `logs.db`, their groups in the catalog. */
import { join } from 'node:path'
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Catalog } from '../store/catalog.ts'
import { isDuplicate, openDatabase, type Database } from '../store/database.ts'
import { logMigrations } from '../store/migrations/index.ts'
import type { LogEventSchema } from '../store/tables/logs.ts'
import { volumeSpace, type VolumeSpace } from '../store/volume.ts'
import { logStreamExists, logStreamNotFound } from './errors.ts'
import { functionLogBytes, FunctionLogLimit } from './function-log-limit.ts'
import {
  deleteLogGroup,
  ensureLogGroup,
  logGroupName,
  requireLogGroup,
  type LogGroup,
  type LogGroupKey,
} from './log-group.ts'
import { filterEvents, readStream, type LogEvent, type LogPosition, type TimeRange } from './log-query.ts'
import { findLogStream, listLogStreams, storedBytesOfGroups, type LogStream, type LogStreamPage } from './log-stream.ts'
import { LogWriter, type LogTarget, type NewLogEvent } from './log-writer.ts'
import type { Removal } from './remove-events.ts'
import { expireEvents, purgeGroup, purgeStream } from './retention.ts'

const sweepEveryMs = 60 * 60 * 1000

export interface LogStoreOptions {
  readonly catalog: Catalog
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  /** How much of the disk the logs of functions may take, in bytes. Default `functionLogBytes`; another for tests. */
  readonly functionLogBytes?: number | undefined
  /** Of the folder's volume; another for tests. */
  readonly space?: (() => Promise<VolumeSpace>) | undefined
}

export class LogStore {
  readonly #catalog: Catalog
  readonly #database: Database<LogEventSchema>
  readonly #clock: Clock
  readonly #log: Log
  readonly #limit: FunctionLogLimit
  readonly #writer: LogWriter
  #sweepTimer: Timer | undefined
  readonly #stopping = new AbortController()
  readonly #removal: Removal
  /** What is being removed, in turn with the writing. */
  readonly #removing = new Set<Promise<void>>()

  private constructor(
    { catalog, clock, log }: LogStoreOptions,
    database: Database<LogEventSchema>,
    limit: FunctionLogLimit,
  ) {
    this.#catalog = catalog
    this.#database = database
    this.#clock = clock
    this.#log = log
    this.#limit = limit
    this.#removal = {
      signal: this.#stopping.signal,
      inTurn: (step) => this.#writer.inTurn(step),
      onRemoved: (groupId, functionBytes) => limit.note(groupId, -functionBytes),
    }
    const groupIdOf = (key: LogGroupKey): Promise<string> => ensureLogGroup(catalog.db, clock, key)
    this.#writer = new LogWriter({ database, clock, log, limit, groupIdOf })
  }

  /** Opens `FOLDER/logs.db`. The caller holds the catalog's lock. */
  static async open(options: LogStoreOptions): Promise<LogStore> {
    const { catalog, folder, clock, log } = options
    const path = join(folder, 'logs.db')
    const database = await openDatabase<LogEventSchema>({
      path,
      clock,
      migrations: logMigrations,
      synchronous: 'normal',
    })
    const limit = await FunctionLogLimit.open({
      database,
      clock,
      log,
      path,
      limitBytes: options.functionLogBytes ?? functionLogBytes,
      space: options.space ?? (() => volumeSpace(folder)),
      nameOf: (groupId) => logGroupName(catalog.db, groupId),
    })
    const store = new LogStore(options, database, limit)
    store.#scheduleSweep(0)
    return store
  }

  /**
   * Takes events of an execution environment; group and stream are made when missing. Never waits and never throws: they are on disk
   * within a tenth of a second, and every read sees them. The oldest are forgotten when functions wrote more than may be kept.
   */
  append(target: LogTarget, events: readonly NewLogEvent[]): void {
    this.#writer.append(target, events)
  }

  /** What to wait for before more is appended, when this much is not written yet that memory would not hold it for long. */
  room(): Promise<void> | undefined {
    return this.#writer.room()
  }

  /** Resolves when everything appended so far is written. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /** Takes events from a client, into a stream that is there; they are stored when this resolves. @throws `logGroupNotFound`, `logStreamNotFound` */
  async put(target: LogTarget, events: readonly NewLogEvent[]): Promise<void> {
    await this.requireStream(target)
    await this.#writer.put(target, events)
  }

  /** @throws `logGroupNotFound`, `logStreamExists` */
  async createStream(target: LogTarget): Promise<void> {
    const id = await this.#groupId(target)
    try {
      await this.#database.db
        .insertInto('log_stream')
        .values({ group_id: id, name: target.stream, created_at: this.#clock.now(), stored_bytes: 0 })
        .execute()
    } catch (error) {
      throw isDuplicate(error) ? logStreamExists({ group: target.group, name: target.stream }) : error
    }
  }

  /** @throws `logGroupNotFound`, `logStreamNotFound` */
  async deleteStream(target: LogTarget): Promise<void> {
    const { groupId, stream } = await this.requireStream(target)
    await this.#writer.inTurn(async () => {
      // All in one turn, or whoever writes into it would keep it from ever becoming empty.
      const removal: Removal = { ...this.#removal, inTurn: (step) => step() }
      await purgeStream(this.#database, { groupId, streamId: stream.id }, removal)
      this.#writer.forget(groupId)
    })
  }

  /** @throws `logGroupNotFound`, `logStreamNotFound` */
  async requireStream(target: LogTarget): Promise<{ readonly groupId: string; readonly stream: LogStream }> {
    const id = await this.#groupId(target)
    const stream = await findLogStream(this.#database.db, id, target.stream)
    if (!stream) throw logStreamNotFound({ group: target.group, name: target.stream })
    return { groupId: id, stream }
  }

  /** @throws `logGroupNotFound` */
  async listStreams(key: LogGroupKey, options: Parameters<typeof listLogStreams>[2]): Promise<LogStreamPage> {
    const id = await this.#groupId(key)
    return listLogStreams(this.#database.db, id, options)
  }

  /** @throws `logGroupNotFound`, `logStreamNotFound` */
  async readStream(target: LogTarget, options: Parameters<typeof readStream>[2]): Promise<readonly LogEvent[]> {
    const { stream } = await this.requireStream(target)
    return readStream(this.#database.db, stream.id, options)
  }

  /** Events of a group, or of some of its streams, that pass. @throws `logGroupNotFound`, `logStreamNotFound` */
  async filter(
    key: LogGroupKey,
    options: TimeRange & {
      readonly streams?: readonly string[] | undefined
      readonly streamPrefix?: string | undefined
      readonly matches: (message: string) => boolean
      readonly position?: LogPosition | undefined
      readonly limit: number
    },
  ): Promise<{ readonly events: readonly LogEvent[]; readonly next?: LogPosition | undefined }> {
    const id = await this.#groupId(key)
    const streamIds = await this.#streamIds(key, id, options)
    if (streamIds?.length === 0) return { events: [] }
    return filterEvents(this.#database.db, id, { ...options, streamIds })
  }

  /** After writing what was appended, which may have made it. @throws `logGroupNotFound` */
  async group(key: LogGroupKey): Promise<LogGroup> {
    await this.#settle()
    return requireLogGroup(this.#catalog.db, key)
  }

  storedBytes(groupIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return storedBytesOfGroups(this.#database.db, groupIds)
  }

  /** The group is gone when this resolves; its events are removed afterwards. @throws `logGroupNotFound` */
  async deleteGroup(key: LogGroupKey): Promise<void> {
    await this.#writer.flush()
    const groupId = await this.#writer.inTurn(async () => {
      const id = await deleteLogGroup(this.#catalog.db, key)
      this.#writer.forget(id)
      return id
    })
    void this.#remove('log group not purged', () => purgeGroup(this.#database, groupId, this.#removal))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#sweepTimer?.cancel()
    await Promise.all(this.#removing)
    await this.#writer.stop()
    await this.#writer.inTurn(() => this.#limit.stop())
    await this.#database.close()
  }

  /** What cannot be written must not keep anybody from reading. */
  async #settle(): Promise<void> {
    await this.#writer.flush().catch((error: unknown) => {
      this.#log.warn('log events not written', { error: String(error) })
    })
  }

  async #groupId(key: LogGroupKey): Promise<string> {
    return (await this.group(key)).id
  }

  async #streamIds(
    key: LogGroupKey,
    groupId: string,
    options: { readonly streams?: readonly string[] | undefined; readonly streamPrefix?: string | undefined },
  ): Promise<readonly number[] | undefined> {
    if (options.streams) {
      return Promise.all(
        options.streams.map(async (name) => {
          const stream = await findLogStream(this.#database.db, groupId, name)
          if (!stream) throw logStreamNotFound({ group: key.group, name })
          return stream.id
        }),
      )
    }
    if (options.streamPrefix === undefined) return undefined
    const page = await listLogStreams(this.#database.db, groupId, { prefix: options.streamPrefix, limit: 10_000 })
    return page.streams.map((stream) => stream.id)
  }

  /** Never fails: what is left, also by a stop, is removed after the next start. */
  #remove(failure: string, task: () => Promise<void>): Promise<void> {
    const removing = task()
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#log.warn(failure, { error: String(error) })
      })
      .finally(() => this.#removing.delete(removing))
    this.#removing.add(removing)
    return removing
  }

  /** Removes what expired, and what a deleted group left when the service was killed while it removed it. */
  #scheduleSweep(afterMs: number): void {
    if (this.#stopping.signal.aborted) return
    this.#sweepTimer = this.#clock.after(
      afterMs,
      () => {
        const expire = (): Promise<void> => expireEvents(this.#database, this.#catalog, this.#clock, this.#removal)
        void this.#remove('log events not expired', expire).then(() => this.#scheduleSweep(sweepEveryMs))
      },
      { unref: true },
    )
  }
}
