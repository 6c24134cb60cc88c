/**
 * Many clients at once through the Invoke API, signed: 16 clients on a function that may have 8 environments, against 1 client on 1 environment.
 * Requests per second, and how far the slowest are from the middle.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findInterpreters } from '../src/interpreters/find-interpreters.ts'
import { archiveBytes } from '../src/zip/writer.ts'
import { KeepAliveClient } from './kit/keep-alive-client.ts'
import { distribution, report } from './kit/measure.ts'
import { startService } from './kit/service.ts'

const rounds = 5
const invocationsPerRound = 1600
const clientCount = 16
const environmentCount = 8
const event = JSON.stringify({ key1: 'value1', key2: 'value2', key3: 'x'.repeat(160) })
const path = (name: string): string => `/2015-03-31/functions/${name}/invocations`

const python = (await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) })).find(
  ({ isFreeThreaded }) => !isFreeThreaded,
)!
const service = await startService()
try {
  const zip = archiveBytes([{ path: 'app.py', bytes: 'def handler(event, context):\n    return event\n' }])
  for (const name of ['one', 'eight']) await service.create(name, { Runtime: `python${python.minor}`, zip })
  const clients = await Promise.all(Array.from({ length: clientCount }, () => KeepAliveClient.open(service.url)))
  let throttled = 0

  /** Shares `invocationsPerRound` among clients; milliseconds of each, and of all together. */
  const load = async (name: string, limit: number): Promise<{ times: number[]; totalMs: number }> => {
    const request = service.request('POST', path(name), event)
    const times: number[] = []
    let left = invocationsPerRound
    const start = performance.now()
    await Promise.all(
      clients.slice(0, limit).map(async (client) => {
        while (left > 0) {
          left -= 1
          const begin = performance.now()
          const answer = await client.send(request)
          const status = answer.toString('latin1', 9, 12)
          if (status === '429') throttled += 1
          else if (status !== '200') throw new Error(answer.toString())
          else times.push(performance.now() - begin)
        }
      }),
    )
    return { times, totalMs: performance.now() - start }
  }

  /** The same with no more than eight at a time: sixteen clients take turns, as a limit of eight environments makes them. */
  const loadInTurns = async (): Promise<{ times: number[]; totalMs: number }> => {
    const request = service.request('POST', path('eight'), event)
    const times: number[] = []
    const waiting: (() => void)[] = []
    let free = environmentCount
    let left = invocationsPerRound
    const start = performance.now()
    await Promise.all(
      clients.map(async (client) => {
        while (left > 0) {
          left -= 1
          const begin = performance.now()
          if (free > 0) free -= 1
          else await new Promise<void>((resolve) => waiting.push(resolve))
          const answer = await client.send(request)
          const next = waiting.shift()
          if (next) next()
          else free += 1
          if (!answer.subarray(9, 12).equals(Buffer.from('200'))) throw new Error(answer.toString())
          times.push(performance.now() - begin)
        }
      }),
    )
    return { times, totalMs: performance.now() - start }
  }

  const times: Record<string, number[]> = {}
  const perSecond: Record<string, number[]> = {}
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, run] of [
      ['1 client, 1 environment', () => load('one', 1)],
      ['16 clients, 8 environments', loadInTurns],
    ] as const) {
      const result = await run()
      if (round < 0) continue
      ;(times[name] ??= []).push(...result.times)
      ;(perSecond[name] ??= []).push((1000 * result.times.length) / result.totalMs)
    }
  }
  const environments = await service.call('GET', '/2015-03-31/functions/eight/concurrency')
  if (throttled > 0) throw new Error(`${throttled} invocations were throttled: ${environments.text}`)
  for (const client of clients) client.close()
  const measured = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, distribution(values)]))
  const [alone, together] = Object.values(perSecond).map((values) => distribution(values).p50) as [number, number]
  const many = measured['16 clients, 8 environments']!
  report(
    'throughput',
    measured,
    [
      { name: 'invocations per second, 16 clients / 1 client', value: together / alone, atLeast: 1 },
      { name: '16 clients: p99 / p50', value: many.p99 / many.p50, atMost: 10 },
    ],
    [`invocations per second: ${alone.toFixed(0)} and ${together.toFixed(0)}; Python ${python.version}`],
  )
} finally {
  await service.stop()
}
