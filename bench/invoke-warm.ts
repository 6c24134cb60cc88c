/**
 * A warm invocation through the Invoke API (signature verified, REPORT stored, one environment, one client) against a bare `node:http` echo in a
 * process of its own, and against the same function behind AWS's own client, `awslambdaric`.
 *
 * The client has one core and whoever answers it another (`kit/placement.ts`); beside it the same where the scheduler places them, by a client that costs
 * next to nothing and by the one that Node programs use.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findInterpreters } from '../src/interpreters/find-interpreters.ts'
import { archiveBytes } from '../src/zip/writer.ts'
import { awslambdaricFolder, awslambdaricLayer, hasAwslambdaric } from '../test/kit/awslambdaric.ts'
import { AgentClient } from './kit/agent-client.ts'
import { KeepAliveClient } from './kit/keep-alive-client.ts'
import { distribution, report, type Ratio } from './kit/measure.ts'
import { canPlace, place } from './kit/placement.ts'
import { startService } from './kit/service.ts'

const echoProgram = `
require('node:http').createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
}).listen(0, '127.0.0.1', function () {
  // Its connection rests while the others are measured.
  this.keepAliveTimeout = 0
  console.log(this.address().port)
})
`

const path = (name: string): string => `/2015-03-31/functions/${name}/invocations`
const rounds = 12
const perRound = 400
const event = JSON.stringify({ key1: 'value1', key2: 'value2', key3: 'x'.repeat(160) })

const pythons = await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) })
const python = pythons.find(({ minor, isFreeThreaded }) => !isFreeThreaded && hasAwslambdaric(minor))
if (!python) throw new Error('no Python with a wheel of awslambdaric is here')

const echo = spawn(process.execPath, ['-e', echoProgram], { stdio: ['ignore', 'pipe', 'inherit'] })
const echoPort = await new Promise<string>((resolve) => createInterface({ input: echo.stdout }).once('line', resolve))
const service = await startService()
try {
  const source = { path: 'app.py', bytes: 'def handler(event, context):\n    return event\n' }
  const runtime = { Runtime: `python${python.minor}` }
  await service.create('ours', { ...runtime, zip: archiveBytes([source]) })
  const official = awslambdaricLayer(await awslambdaricFolder(python)).map((file) => ({
    ...file,
    path: file.path.replace(/^python\//, ''),
  }))
  const wrapper = {
    path: 'ric',
    bytes: '#!/bin/sh\nexport PYTHONPATH=/var/task\nexec "$1" -m awslambdaric "$_HANDLER"\n',
    mode: 0o755,
  }
  await service.create('awslambdaric', {
    ...runtime,
    Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/ric' } },
    zip: archiveBytes([source, ...official.filter(({ path }) => path !== 'ric'), wrapper]),
  })
  const targets: Record<string, { readonly url: string; readonly request: Buffer }> = {
    'bare node:http echo': {
      url: `http://127.0.0.1:${echoPort}`,
      request: service.request('POST', path('ours'), event),
    },
    'Invoke API, one environment': { url: service.url, request: service.request('POST', path('ours'), event) },
    'Invoke API, awslambdaric in the environment': {
      url: service.url,
      request: service.request('POST', path('awslambdaric'), event),
    },
  }
  const clients = await Promise.all(
    Object.entries(targets).map(async ([name, { url, request }]) => {
      const [bytes, agent] = [await KeepAliveClient.open(url), new AgentClient(url)]
      const send = async (): Promise<void> => {
        const answer = await bytes.send(request)
        if (!answer.subarray(9, 12).equals(Buffer.from('200'))) throw new Error(answer.toString())
      }
      return { name, send, sendByAgent: () => agent.send(request), close: () => (bytes.close(), agent.close()) }
    }),
  )
  const manners = [...(canPlace() ? (['placed'] as const) : []), 'free', 'free, by node:http'] as const
  const samples: Record<string, number[]> = {}
  for (let round = -2; round < rounds; round += 1) {
    for (const manner of manners) {
      if (canPlace()) {
        place(process.pid, manner === 'placed' ? 'first' : 'any')
        if (manner === 'placed') for (const server of [service.processId, echo.pid!]) place(server, 'second')
      }
      for (const { name, send, sendByAgent } of clients) {
        const once = manner === 'free, by node:http' ? sendByAgent : send
        const times = (samples[`${name}, ${manner}`] ??= [])
        for (let n = 0; n < perRound; n += 1) {
          const start = performance.now()
          await once()
          const passed = performance.now() - start
          if (round >= 0) times.push(passed)
        }
      }
    }
  }
  const measured = Object.fromEntries(Object.entries(samples).map(([name, times]) => [name, distribution(times)]))
  const ratios: Ratio[] = manners.flatMap((manner, at) => {
    const [bare, ours, official_] = Object.keys(targets).map((name) => measured[`${name}, ${manner}`]!.p50)
    return [
      { name: `Invoke API / bare echo, ${manner}`, value: ours! / bare!, ...(at === 0 && { atMost: 2.2 }) },
      { name: `awslambdaric / ours, ${manner}`, value: official_! / ours!, ...(at === 0 && { atLeast: 1 }) },
    ]
  })
  report('invoke-warm', measured, ratios, [
    canPlace()
      ? 'p50; placed: the client on one core, whoever answers it on another; free: as the scheduler has it'
      : 'p50; nothing could be placed: there is one core, or no `taskset`',
  ])
  for (const { close } of clients) close()
} finally {
  await service.stop()
  echo.kill()
}
