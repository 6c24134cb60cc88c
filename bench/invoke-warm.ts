/**
 * A warm invocation through the Invoke API (signature verified, REPORT stored, one environment, one client) against a bare `node:http` echo in a
 * process of its own, and against the same function behind AWS's own client, `awslambdaric`.
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
import { distribution, report } from './kit/measure.ts'
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
  const samples: Record<string, number[]> = {}
  for (let round = -2; round < rounds; round += 1) {
    for (const [name, request] of Object.entries(requests)) {
      const client = clients[name]!
      const times = (samples[name] ??= [])
      for (let n = 0; n < perRound; n += 1) {
        const start = performance.now()
        const answer = await client.send(request)
        const passed = performance.now() - start
        if (!answer.subarray(9, 12).equals(Buffer.from('200'))) throw new Error(answer.toString())
        if (round >= 0) times.push(passed)
      }
    }
  }
  const measured = Object.fromEntries(Object.entries(samples).map(([name, times]) => [name, distribution(times)]))
  const [bare, ours, official_] = Object.values(measured)
  report('invoke-warm', measured, [
    { name: 'Invoke API / bare echo (p50)', value: ours!.p50 / bare!.p50, atMost: 2.2 },
    { name: 'awslambdaric / ours, through the API (p50)', value: official_!.p50 / ours!.p50, atLeast: 1 },
  ])
  for (const client of Object.values(clients)) client.close()
} finally {
  await service.stop()
  echo.kill()
}
