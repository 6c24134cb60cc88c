import { parseFilterPattern } from '../../logs/filter-pattern.ts'
import type { LogEvent, LogPosition } from '../../logs/log-query.ts'
import { eventOverheadBytes, messageLimit, type NewLogEvent } from '../../logs/log-writer.ts'
import { invalidParameter } from './logs-fault.ts'
import { streamName, type LogsInput } from './logs-input.ts'
import { identifiedGroup, namedGroup, type LogsAction } from './logs-operation.ts'
import { decodeStreamToken, decodeToken, encodeStreamToken, encodeToken } from './page-token.ts'

const dayMs = 24 * 60 * 60 * 1000
/** Of one PutLogEvents. Source: its API reference. */
const batchBytesLimit = 1_048_576
const batchEventsLimit = 10_000
const tooNewMs = 2 * 60 * 60 * 1000
const tooOldMs = 14 * dayMs

/** Log streams and their events. */
export const eventActions: Readonly<Record<string, LogsAction>> = {
  async CreateLogStream(context) {
    const stream = context.input.requiredText('logStreamName', streamName)
    await context.logs.createStream({ ...namedGroup(context), stream })
    return undefined
  },

  async DeleteLogStream(context) {
    const stream = context.input.requiredText('logStreamName', streamName)
    await context.logs.deleteStream({ ...namedGroup(context), stream })
    return undefined
  },

  async DescribeLogStreams(context) {
    const { input, logs } = context
    const key = identifiedGroup(context)
    const { arn } = await logs.group(key)
    const prefix = input.text('logStreamNamePrefix', streamName)
    const orderBy = input.text('orderBy', { oneOf: ['LogStreamName', 'LastEventTime'] })
    if (prefix !== undefined && orderBy === 'LastEventTime') {
      throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.')
    }
    const { streams, next } = await logs.listStreams(key, {
      limit: input.integer('limit', { min: 1, max: 50 }) ?? 50,
      prefix,
      orderBy: orderBy === 'LastEventTime' ? 'last event' : 'name',
      descending: input.flag('descending'),
      after: decodeToken<{ name: string; lastEventAt: number }>(input.text('nextToken'), {
        name: 'string',
        lastEventAt: 'number',
      }),
    })
    return {
      logStreams: streams.map((stream) => ({
        logStreamName: stream.name,
        creationTime: stream.createdAt,
        firstEventTimestamp: stream.firstEventAt,
        lastEventTimestamp: stream.lastEventAt,
        lastIngestionTime: stream.lastIngestedAt,
        uploadSequenceToken: sequenceToken(stream.id),
        arn: `${arn}:log-stream:${stream.name}`,
        storedBytes: 0,
      })),
      nextToken: next && encodeToken(next),
    }
  },

  async PutLogEvents(context) {
    const { input, logs, clock } = context
    const target = { ...namedGroup(context), stream: input.requiredText('logStreamName', streamName) }
    const events = readEvents(input)
    const group = await logs.group(target)
    const { stream } = await logs.requireStream(target)
    const now = clock.now()
    const expiredBefore = group.retentionDays === undefined ? 0 : now - group.retentionDays * dayMs
    const expired = events.filter((event) => event.timestamp < expiredBefore && event.timestamp >= now - tooOldMs)
    const tooOld = events.filter((event) => event.timestamp < now - tooOldMs)
    const tooNewStart = events.findIndex((event) => event.timestamp > now + tooNewMs)
    const oldest = Math.max(expiredBefore, now - tooOldMs)
    const accepted = events.filter((event) => event.timestamp >= oldest && event.timestamp <= now + tooNewMs)
    if (accepted.length > 0) await logs.put(target, accepted)
    const rejected = {
      ...(tooNewStart >= 0 && { tooNewLogEventStartIndex: tooNewStart }),
      ...(tooOld.length > 0 && { tooOldLogEventEndIndex: tooOld.length }),
      ...(expired.length > 0 && { expiredLogEventEndIndex: tooOld.length + expired.length }),
    }
    return {
      nextSequenceToken: sequenceToken(stream.id),
      ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }),
    }
  },

  async GetLogEvents(context) {
    const { input, logs } = context
    const target = { ...identifiedGroup(context), stream: input.requiredText('logStreamName', streamName) }
    const token = input.text('nextToken')
    const from = input.integer('startTime')
    const place = token === undefined ? undefined : decodeStreamToken(token)
    const direction = place?.direction ?? (input.flag('startFromHead') ? 'forward' : 'backward')
    const events = await logs.readStream(target, {
      direction,
      position: place?.position,
      from,
      until: input.integer('endTime'),
      limit: input.integer('limit', { min: 1, max: 10_000 }) ?? 10_000,
    })
    return {
      events: events.map(({ timestamp, message, ingestedAt }) => ({ timestamp, message, ingestionTime: ingestedAt })),
      ...streamTokens(events, direction, place?.position ?? { timestamp: from ?? 0, id: 0 }),
    }
  },

  async FilterLogEvents(context) {
    const { input, logs } = context
    const key = identifiedGroup(context)
    const streams = input.texts('logStreamNames', { ...streamName, limit: 100 })
    const streamPrefix = input.text('logStreamNamePrefix', streamName)
    if (streams && streamPrefix !== undefined) {
      throw invalidParameter('Cannot specify both logStreamNames and logStreamNamePrefix.')
    }
    const { events, next } = await logs.filter(key, {
      streams,
      streamPrefix,
      matches: parseFilterPattern(input.text('filterPattern', { max: 1024 }) ?? ''),
      from: input.integer('startTime'),
      until: input.integer('endTime'),
      limit: input.integer('limit', { min: 1, max: 10_000 }) ?? 10_000,
      position: decodeToken<LogPosition>(input.text('nextToken'), { timestamp: 'number', id: 'number' }),
    })
    return {
      events: events.map((event) => ({
        logStreamName: event.stream,
        timestamp: event.timestamp,
        message: event.message,
        ingestionTime: event.ingestedAt,
        eventId: eventId(event),
      })),
      searchedLogStreams: [],
      nextToken: next && encodeToken({ timestamp: next.timestamp, id: next.id }),
    }
  },
}

/** No longer needed by anybody, but older clients send back what they were given. */
function sequenceToken(streamId: number): string {
  return String(streamId).padStart(56, '4')
}

/** 56 digits: unique, and in the order of the events. */
function eventId(event: LogEvent): string {
  return String(event.timestamp).padStart(28, '3') + String(event.id).padStart(28, '0')
}

/** At the end of the stream the token is the one that was sent, which tells clients to stop. */
function streamTokens(
  events: readonly LogEvent[],
  direction: 'forward' | 'backward',
  start: LogPosition,
): { readonly nextForwardToken: string; readonly nextBackwardToken: string } {
  const first = events[0]
  const last = events.at(-1)
  // Positions are exclusive, so the other direction of an empty page begins one event further.
  const forward = last ?? (direction === 'forward' ? start : { ...start, id: Math.max(0, start.id - 1) })
  const backward = first ?? (direction === 'backward' ? start : { ...start, id: start.id + 1 })
  return {
    nextForwardToken: encodeStreamToken('forward', forward),
    nextBackwardToken: encodeStreamToken('backward', backward),
  }
}

function readEvents(input: LogsInput): readonly NewLogEvent[] {
  const list = input.list('logEvents')
  if (list.length === 0 || list.length > batchEventsLimit) {
    throw invalidParameter(
      `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length ${list.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${batchEventsLimit}`}`,
    )
  }
  let bytes = 0
  let previous = 0
  const events = list.map(({ timestamp, message }) => {
    if (
      typeof timestamp !== 'number' ||
      !Number.isSafeInteger(timestamp) ||
      timestamp < 0 ||
      typeof message !== 'string' ||
      message === ''
    ) {
      throw invalidParameter('Each log event needs a timestamp in milliseconds and a message.')
    }
    const size = Buffer.byteLength(message)
    if (size > messageLimit)
      throw invalidParameter(
        `Log event too large: ${size + eventOverheadBytes} bytes exceeds limit of ${messageLimit + eventOverheadBytes}`,
      )
    if (timestamp < previous)
      throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.')
    previous = timestamp
    bytes += size + eventOverheadBytes
    return { timestamp, message }
  })
  if (bytes > batchBytesLimit)
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${batchBytesLimit}`)
  const [first, last] = [events[0]!, events.at(-1)!]
  if (last.timestamp - first.timestamp > dayMs) {
    throw invalidParameter('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.')
  }
  return events
}
