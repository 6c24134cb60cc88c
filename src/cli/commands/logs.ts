import { sleep, systemClock } from '../../base/clock.ts'
import { defineError } from '../../base/errors.ts'
import { callJson, callRefused } from '../../client/call.ts'
import { LambdaClient } from '../../client/lambda-client.ts'
import type { Target } from '../../client/target.ts'
import { defineCommand } from '../command.ts'
import { dataOption, endpointOptions } from '../shared-options.ts'
import { targetOf } from '../target-of.ts'

interface LogPage {
  readonly events?: readonly {
    readonly timestamp: number
    readonly message: string
    readonly eventId: string
    readonly logStreamName: string
  }[]
  readonly nextToken?: string
}

const badSince = defineError('ZY0014', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a time`,
  hint: 'Write a span (`30s`, `10m`, `2h`, `1d`) or an ISO time (`2026-11-22T12:00:00Z`)',
}))

export const command = defineCommand({
  positionals: [{ name: 'NAME', sentence: 'Name of the function', required: true }],
  options: {
    follow: { type: 'boolean', short: 'f', sentence: 'Go on as new lines come, until Ctrl-C' },
    since: {
      type: 'string',
      value: 'TIME',
      default: '1h',
      sentence: 'From this time on: `10m`, `2h`, `1d`, or an ISO time',
    },
    'request-id': { type: 'string', value: 'ID', sentence: 'Only the lines of this invocation' },
    data: dataOption,
    ...endpointOptions,
  },
  examples: ['zipyard logs hello', 'zipyard logs hello -f', 'zipyard logs hello --since 10m --json'],
  async run(context, options, [name]) {
    const target = await targetOf(context, options)
    const requestId = options['request-id']
    const seen = new Set<string>()
    const owners = new InvocationTracker()
    let toldOfNone = false
    let from = parseSince(options.since, Date.now())
    for (;;) {
      let nextToken: string | undefined
      do {
        const page = await readPage(target, name!, { startTime: from, nextToken }, context.signal)
        if (page === undefined) {
          if (!toldOfNone) context.terminal.err(`\`${name}\` has no logs yet; its first invocation begins them`)
          toldOfNone = true
          break
        }
        for (const event of page.events ?? []) {
          if (seen.has(event.eventId)) continue
          seen.add(event.eventId)
          from = Math.max(from, event.timestamp)
          const message = event.message.trimEnd()
          if (requestId && owners.ownerOf(event.logStreamName, message) !== requestId) continue
          if (context.json) context.terminal.out(JSON.stringify(event))
          else context.terminal.out(`${context.terminal.style.dim(new Date(event.timestamp).toISOString())} ${message}`)
        }
        nextToken = page.nextToken
      } while (nextToken)
      if (!options.follow || context.signal.aborted) return
      await sleep(systemClock, 300)
    }
  },
})

/** One page of the function's log, `undefined` as long as a function that is there has none. */
async function readPage(
  target: Target,
  name: string,
  query: { readonly startTime: number; readonly nextToken: string | undefined },
  signal: AbortSignal,
): Promise<LogPage | undefined> {
  try {
    return await callJson<LogPage>(target, 'FilterLogEvents', {
      service: 'logs',
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' },
      body: JSON.stringify({ logGroupName: `/aws/lambda/${name}`, ...query }),
      signal,
    })
  } catch (error) {
    const isMissing = callRefused.is(error) && error.details.type === 'ResourceNotFoundException'
    if (isMissing && (await new LambdaClient(target).getConfiguration(name))) return undefined
    throw error
  }
}

/** Which invocation a line belongs to: a stream runs one at a time, from its START line to its REPORT line. */
class InvocationTracker {
  readonly #current = new Map<string, string>()

  ownerOf(stream: string, message: string): string | undefined {
    const marker = /^(START|REPORT) RequestId: (\S+)/.exec(message)
    const json = /"requestId":\s*"([^"]+)"/.exec(message)
    if (marker?.[1] === 'START') this.#current.set(stream, marker[2]!)
    return marker?.[2] ?? json?.[1] ?? this.#current.get(stream)
  }
}

/** Milliseconds since the epoch. */
export function parseSince(text: string, now: number): number {
  const span = /^(\d+)\s*(s|m|h|d)$/.exec(text.trim())
  if (span) return now - Number(span[1]) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[span[2] as 's']
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw badSince({ text })
  return time
}
