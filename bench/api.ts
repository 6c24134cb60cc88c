/**
 * The Lambda API against physical limits measured in the same run: reading a function, a page of many, a package of 50 MB in base64, invocations
 * while such packages arrive, the start with many functions stored, and the memory of a service at rest.
 *
 * `npm run bench api -- --only=read,upload,list,start,idle` runs the parts that are named.
 */
import { spawn } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { zipSync } from 'fflate'
import { systemClock } from '../src/base/clock.ts'
import { newConfiguration } from '../src/functions/configuration.ts'
import { toVersionRow } from '../src/functions/function-store.ts'
import { openCatalog } from '../src/store/catalog.ts'
import { archiveBytes } from '../src/zip/writer.ts'
import { KeepAliveClient } from './kit/keep-alive-client.ts'
import { distribution, report, type Distribution, type Ratio } from './kit/measure.ts'
import { startService, type BenchService } from './kit/service.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const measured: Record<string, Distribution> = {}
const ratios: Ratio[] = []
const notes: string[] = []

/** Verifies the same signature with the same code and answers JSON of the same size. */
const echoProgram = `
import { createServer } from 'node:http'
import { createHash } from 'node:crypto'
import { parseAuthorization, computeSignature, signaturesEqual } from ${JSON.stringify(new URL('../src/aws/sigv4.ts', import.meta.url).href)}
const [secret, bytes] = [process.argv[1], Number(process.argv[2])]
const body = Buffer.from(JSON.stringify({ x: 'y'.repeat(bytes) }))
createServer((request, response) => {
  const hash = createHash('sha256')
  request.on('data', (chunk) => hash.update(chunk))
  request.on('end', () => {
    const claim = parseAuthorization(request.headers.authorization)
    const signed = computeSignature({ method: request.method, path: request.url, query: '', headers: request.headersDistinct }, claim, request.headers['x-amz-date'], hash.digest('hex'), secret)
    const good = signaturesEqual(signed, claim.signature)
    response.writeHead(good ? 200 : 403, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })
`

/** Of the service's first key, from its own file. */
function secretOf(running: BenchService): string {
  const args = readFileSync(`/proc/${running.processId}/cmdline`, 'utf8').split('\0')
  const file = join(args[args.indexOf('--data') + 1]!, 'service.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { secretAccessKey: string }).secretAccessKey
}

async function timed(client: KeepAliveClient, request: Buffer, count: number): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n += 1) {
    const start = performance.now()
    const answer = await client.send(request)
    times.push(performance.now() - start)
    if (answer[9] !== 0x32) throw new Error(answer.toString('utf8', 0, 1000))
  }
  return times
}

async function benchGetFunction(service: BenchService): Promise<void> {
  await service.create('read', {
    Runtime: 'python3.11',
    zip: archiveBytes([{ path: 'app.py', bytes: 'def handler(e, c):\n    return e\n' }]),
  })
  const path = '/2015-03-31/functions/read'
  const request = service.request('GET', path, '')
  const ours = await KeepAliveClient.open(service.url)
  const bodyBytes = (await service.call('GET', path)).text.length
  const echo = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', echoProgram, secretOf(service), String(bodyBytes)],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const port = await new Promise<string>((resolve) => createInterface({ input: echo.stdout }).once('line', resolve))
  const bare = await KeepAliveClient.open(`http://127.0.0.1:${port}`)
  const samples: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
  for (let round = -1; round < 8; round += 1) {
    const [a, b] = [await timed(bare, request, 300), await timed(ours, request, 300)]
    if (round >= 0) {
      samples.bare.push(...a)
      samples.ours.push(...b)
    }
  }
  measured['node:http, same signature check'] = distribution(samples.bare)
  measured['GetFunction'] = distribution(samples.ours)
  ratios.push({
    name: 'GetFunction / bare (p50)',
    value: measured['GetFunction'].p50 / measured['node:http, same signature check'].p50,
    atMost: 3,
  })
  ours.close()
  bare.close()
  echo.kill()
}

/** What has to be done in any case: parse, decode, digest, write. */
function doneAlone(body: Buffer, folder: string): number {
  const start = performance.now()
  const { Code } = JSON.parse(body.toString()) as { Code: { ZipFile: string } }
  const bytes = Buffer.from(Code.ZipFile, 'base64')
  createHash('sha256').update(bytes).digest()
  writeFileSync(join(folder, 'alone.zip'), bytes, { flush: true })
  return performance.now() - start
}

function bigPackage(): Buffer {
  return Buffer.from(
    zipSync(
      { 'app.py': Buffer.from('def handler(e, c):\n    return e\n'), 'data.bin': randomBytes(52_000_000) },
      { level: 0 },
    ),
  )
}

function peakMemory(processId: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

async function benchUpload(service: BenchService, folder: string): Promise<void> {
  const before = peakMemory(service.processId)
  const [ours, alone]: [number[], number[]] = [[], []]
  let bodyBytes = 0
  for (let round = 0; round < 5; round += 1) {
    const body = {
      FunctionName: `big-${round}`,
      Role: 'arn:aws:iam::123456789012:role/bench',
      Handler: 'app.handler',
      Runtime: 'python3.11',
      Code: { ZipFile: bigPackage().toString('base64') },
    }
    const text = Buffer.from(JSON.stringify(body))
    bodyBytes = text.length
    alone.push(doneAlone(text, folder))
    const request = service.request('POST', '/2015-03-31/functions', text)
    const client = await KeepAliveClient.open(service.url)
    ours.push(...(await timed(client, request, 1)))
    client.close()
  }
  measured['parse, decode, digest, write, flush'] = distribution(alone)
  measured['CreateFunction of 50 MB in base64'] = distribution(ours)
  ratios.push({
    name: 'CreateFunction of 50 MB / done alone (p50)',
    value: distribution(ours).p50 / distribution(alone).p50,
    atMost: 2,
  })
  ratios.push({
    name: 'memory of it / its body',
    value: (peakMemory(service.processId) - before) / bodyBytes,
    atMost: 4,
  })
}

async function benchInvokeDuringUploads(service: BenchService): Promise<void> {
  const request = service.request('POST', '/2015-03-31/functions/read/invocations', '{}')
  const client = await KeepAliveClient.open(service.url)
  await timed(client, request, 100)
  const quiet = await timed(client, request, 2000)
  // Made and signed before: it takes this process, which also measures, a third of a second for each.
  const zip = bigPackage().toString('base64')
  const packages = Array.from({ length: 8 }, (_, n) =>
    service.request(
      'POST',
      '/2015-03-31/functions',
      JSON.stringify({
        FunctionName: `busy-${n}`,
        Role: 'arn:aws:iam::123456789012:role/bench',
        Handler: 'app.handler',
        Runtime: 'python3.11',
        Code: { ZipFile: zip },
      }),
    ),
  )
  const sender = await prepareSender(service.url, packages)
  const state = { uploading: true }
  const uploads = sender.send().finally(() => (state.uploading = false))
  const busy: number[] = []
  while (state.uploading) busy.push(...(await timed(client, request, 20)))
  await uploads
  client.close()
  measured['warm Invoke, quiet'] = distribution(quiet)
  measured['warm Invoke while 50 MB packages arrive'] = distribution(busy)
  ratios.push({
    name: 'Invoke during uploads / quiet (p99)',
    value: distribution(busy).p99 / distribution(quiet).p99,
    atMost: 5,
  })
}

/**
 * Another process sends them, one after the other: sending 67 MB would keep this one, which measures, from hearing its answers. It has them all in memory
 * before anything is measured, and `send` resolves with the last answer.
 */
async function prepareSender(url: string, requests: readonly Buffer[]): Promise<{ send(): Promise<void> }> {
  const lengths = requests.map((request) => String(request.length))
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', senderProgram, url, ...lengths],
    { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const expectLine = async (line: string): Promise<void> => {
    if ((await lines.next()).value !== line) throw new Error('the uploads failed')
  }
  for (const request of requests) child.stdin.write(request)
  await expectLine('ready')
  return {
    async send() {
      child.stdin.end('go')
      await expectLine('sent')
    },
  }
}

const senderProgram = `
import { KeepAliveClient } from ${JSON.stringify(new URL('./kit/keep-alive-client.ts', import.meta.url).href)}
const [url, ...lengths] = process.argv.slice(1)
const requests = lengths.map((length) => Buffer.alloc(Number(length)))
let [index, filled] = [0, 0]
let begin
const begun = new Promise((resolve) => (begin = resolve))
process.stdin.on('data', (chunk) => {
  while (chunk.length > 0 && index < requests.length) {
    const taken = chunk.copy(requests[index], filled)
    filled += taken
    chunk = chunk.subarray(taken)
    if (filled === requests[index].length) [index, filled] = [index + 1, 0]
    if (index === requests.length) console.log('ready')
  }
  if (chunk.length > 0) begin()
})
const client = await KeepAliveClient.open(url)
await begun
for (const request of requests) {
  const answer = await client.send(request)
  if (answer[9] !== 0x32) throw new Error(answer.toString('utf8', 0, 1000))
}
console.log('sent')
process.exit()
`

async function fill(folder: string, count: number): Promise<void> {
  const catalog = await openCatalog({ folder, clock: systemClock })
  const key = { accountId: '123456789012', region: 'us-east-1' }
  for (let from = 0; from < count; from += 1000) {
    await catalog.transaction(async (db) => {
      for (let n = from; n < Math.min(count, from + 1000); n += 1) {
        const name = `function-${String(n).padStart(6, '0')}`
        await db
          .insertInto('function')
          .values({
            account_id: key.accountId,
            region: key.region,
            name,
            id: randomUUID(),
            created_at: 0,
            last_version: 0,
            tags: '{}',
            reserved_concurrency: null,
            recursive_loop: 'Terminate',
            code_signing_config: null,
          })
          .execute()
        const configuration = newConfiguration(
          name,
          { Runtime: 'python3.13', Handler: 'app.handler', Role: 'arn:aws:iam::123456789012:role/x' },
          undefined,
        )
        const row = toVersionRow({
          ...key,
          name,
          number: 0,
          revisionId: randomUUID(),
          configuration,
          codeDigest: 'a'.repeat(64),
          codeBytes: 1,
          unzippedBytes: 1,
          fingerprint: null,
          state: 'Active',
          updateStatus: 'Successful',
          failure: null,
          modifiedAt: 0,
        })
        await db.insertInto('function_version').values(row).execute()
      }
    })
  }
  await catalog.close()
}

async function startTime(folder: string): Promise<{ ms: number; stop: () => Promise<void> }> {
  const start = performance.now()
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'serve', '--port', '0', '--data', folder], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  const ms = performance.now() - start
  return { ms, stop: () => new Promise((resolve) => (child.once('exit', () => resolve()), child.kill('SIGTERM'))) }
}

async function benchStart(folder: string): Promise<void> {
  const [empty, full] = [join(folder, 'empty'), join(folder, 'full')]
  await (await startTime(empty)).stop()
  await (await startTime(full)).stop()
  await fill(full, 10_000)
  const [none, many]: [number[], number[]] = [[], []]
  for (let round = 0; round < 4; round += 1) {
    for (const [path, times] of [
      [empty, none],
      [full, many],
    ] as const) {
      const { ms, stop } = await startTime(path)
      times.push(ms)
      await stop()
    }
  }
  measured['start, no functions'] = distribution(none)
  measured['start, 10,000 functions'] = distribution(many)
  ratios.push({
    name: 'start with 10,000 functions / with none (p50)',
    value: distribution(many).p50 / distribution(none).p50,
    atMost: 2,
  })
}

/** A page costs what is on it, however many functions there are and wherever it begins. */
async function benchList(folder: string): Promise<void> {
  const pages: Record<string, number[]> = {
    '50 of 100': [],
    '50 of 10,000': [],
    'last 50 of 10,000': [],
    '5 of 10,000': [],
  }
  const [few, many] = [join(folder, 'few'), join(folder, 'many')]
  await (await startService([], few)).stop()
  await (await startService([], many)).stop()
  await fill(few, 100)
  await fill(many, 10_000)
  const services = [await startService([], few), await startService([], many)] as const
  try {
    const last = Buffer.from(JSON.stringify(['function-009949', 0])).toString('base64url')
    const queries = [
      ['50 of 100', services[0], '?MaxItems=50'],
      ['50 of 10,000', services[1], '?MaxItems=50'],
      ['last 50 of 10,000', services[1], `?Marker=${last}&MaxItems=50`],
      ['5 of 10,000', services[1], '?MaxItems=5'],
    ] as const
    const clients = await Promise.all(queries.map(([, { url }]) => KeepAliveClient.open(url)))
    const requests = queries.map(([, one, query]) => one.request('GET', `/2015-03-31/functions${query}`, ''))
    for (let round = -1; round < 8; round += 1) {
      for (const [index, [name]] of queries.entries()) {
        const times = await timed(clients[index]!, requests[index]!, 60)
        if (round >= 0) pages[name]!.push(...times)
      }
    }
    for (const client of clients) client.close()
  } finally {
    for (const one of services) await one.stop()
  }
  for (const [name, times] of Object.entries(pages)) measured[`ListFunctions, ${name}`] = distribution(times)
  const p50 = (name: string): number => distribution(pages[name]!).p50
  ratios.push(
    { name: 'a page of 10,000 functions / of 100 (p50)', value: p50('50 of 10,000') / p50('50 of 100'), atMost: 1.2 },
    { name: 'the last page / the first (p50)', value: p50('last 50 of 10,000') / p50('50 of 10,000'), atMost: 1.2 },
    { name: 'a page of 50 / a page of 5 (p50)', value: p50('50 of 10,000') / p50('5 of 10,000'), atMost: 10 },
  )
}

/** Resident memory of a service that nobody uses, and of a bare HTTP server of the same Node, 15 s after their start. */
async function benchIdle(): Promise<void> {
  const program = `require('node:http').createServer((q, s) => s.end()).listen(0, '127.0.0.1', () => console.log('up'))`
  const bare = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => createInterface({ input: bare.stdout }).once('line', resolve))
  const idle = await startService()
  await new Promise((resolve) => setTimeout(resolve, 15_000))
  const [ours, theirs] = [residentMiB(idle.processId), residentMiB(bare.pid!)]
  await idle.stop()
  bare.kill()
  ratios.push({ name: 'idle service / (bare node:http + 40 MiB)', value: ours / (theirs + 40), atMost: 1 })
  notes.push(`resident: service ${ours.toFixed(1)} MiB, bare node:http ${theirs.toFixed(1)} MiB; no process beside it`)
}

function residentMiB(processId: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))![1]) / 1024
}

const folder = mkdtempSync(join(tmpdir(), 'zipyard-bench-api-'))
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length)
const isAsked = (part: string): boolean => only === undefined || only.split(',').includes(part)
try {
  if (isAsked('read') || isAsked('upload')) {
    const service = await startService()
    try {
      if (isAsked('read')) await benchGetFunction(service)
      if (isAsked('upload')) await benchUpload(service, folder)
      if (isAsked('read') && isAsked('upload')) await benchInvokeDuringUploads(service)
    } finally {
      await service.stop()
    }
  }
  if (isAsked('list')) await benchList(folder)
  if (isAsked('start')) await benchStart(folder)
  if (isAsked('idle')) await benchIdle()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
report('api', measured, ratios, notes)
