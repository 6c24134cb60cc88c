/**
 * A warm invocation through the Invoke API (signature verified, REPORT stored, one environment, one client) against a bare `node:http` echo in a
 * process of its own, and against the same function behind AWS's own client, `awslambdaric`.
 *
 * The client has one core and whoever answers it another (`kit/placement.ts`); beside it the same where the scheduler places them.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findInterpreters } from '../src/interpreters/find-interpreters.ts'
import { archiveBytes } from '../src/zip/writer.ts'
import { awslambdaricFolder, awslambdaricLayer, hasAwslambdaric } from '../test/kit/awslambdaric.ts'
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
  const requests: Record<string, Buffer> = {
    'bare node:http echo': service.request('POST', path('ours'), event),
    'Invoke API, one environment': service.request('POST', path('ours'), event),
    'Invoke API, awslambdaric in the environment': service.request('POST', path('awslambdaric'), event),
  }
  const clients: Record<string, KeepAliveClient> = {}
  for (const name of Object.keys(requests)) {
    clients[name] = await KeepAliveClient.open(name.startsWith('bare') ? `http://127.0.0.1:${echoPort}` : service.url)
  }
  const placements = canPlace() ? (['placed', 'free'] as const) : (['free'] as const)
  const samples: Record<string, number[]> = {}
  for (let round = -2; round < rounds; round += 1) {
    for (const placement of placements) {
      if (canPlace()) {
        place(process.pid, placement === 'free' ? 'any' : 'first')
        if (placement === 'placed') for (const server of [service.processId, echo.pid!]) place(server, 'second')
      }
      for (const [name, request] of Object.entries(requests)) {
        const client = clients[name]!
        const times = (samples[`${name}, ${placement}`] ??= [])
        for (let n = 0; n < perRound; n += 1) {
          const start = performance.now()
          const answer = await client.send(request)
          const passed = performance.now() - start
          if (!answer.subarray(9, 12).equals(Buffer.from('200'))) throw new Error(answer.toString())
          if (round >= 0) times.push(passed)
        }
      }
    }
  }
  const measured = Object.fromEntries(Object.entries(samples).map(([name, times]) => [name, distribution(times)]))
  const ratios: Ratio[] = placements.flatMap((placement) => {
    const [bare, ours, official_] = Object.keys(requests).map((name) => measured[`${name}, ${placement}`]!.p50)
    const isPromise = placement === placements[0]
    return [
      { name: `Invoke API / bare echo, ${placement}`, value: ours! / bare!, ...(isPromise && { atMost: 2.2 }) },
      { name: `awslambdaric / ours, ${placement}`, value: official_! / ours!, ...(isPromise && { atLeast: 1 }) },
    ]
  })
  report('invoke-warm', measured, ratios, [
    canPlace()
      ? 'p50; placed: the client on one core, whoever answers it on another; free: as the scheduler has it'
      : 'p50; nothing could be placed: there is one core, or no `taskset`',
  ])
  for (const client of Object.values(clients)) client.close()
} finally {
  await service.stop()
  echo.kill()
}
