/** Connections that stop, dawdle or lie about their length, against the Lambda API: nothing is left of them, and others are served meanwhile. */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signRequest } from '../../src/aws/sigv4.ts'
import { silentLog } from '../../src/base/log.ts'
import { startService, type Service } from '../../src/service/compose.ts'
import { temporaryFolder } from '../kit/zipyard.ts'
import { call, type Endpoint } from './api-client.ts'

const dataFolder = temporaryFolder('hostile')
let service: Service
let endpoint: Endpoint
beforeAll(async () => {
  chmodSync(dataFolder, 0o755)
  service = await startService({ dataFolder, host: '127.0.0.1', port: 0, variables: process.env, log: silentLog })
  const { accessKeyId, secret } = service.firstKey
  endpoint = { url: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: secret } }
})
afterAll(() => service.stop())

/** A signed CreateFunction with a package that is large enough to go to disk before its end. */
function creation(name: string): { readonly head: (contentLength: number) => string; readonly body: Buffer } {
  const body = Buffer.from(
    JSON.stringify({
      FunctionName: name,
      Role: 'arn:aws:iam::123456789012:role/r',
      Runtime: 'python3.11',
      Handler: 'app.main',
      Code: { ZipFile: randomBytes(4_000_000).toString('base64') },
    }),
  )
  const { host } = new URL(endpoint.url)
  const path = '/2015-03-31/functions'
  const payloadHash = createHash('sha256').update(body).digest('hex')
  const { credentials, region } = endpoint
  const signature = signRequest(
    { method: 'POST', path, query: '', headers: { host } },
    { credentials, region, service: 'lambda', date: new Date(), payloadHash },
  )
  const lines = Object.entries({ host, ...signature }).map(([header, value]) => `${header}: ${value}\r\n`)
  return { head: (length) => `POST ${path} HTTP/1.1\r\n${lines.join('')}Content-Length: ${length}\r\n\r\n`, body }
}

async function open(): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
  const socket = connect({ port: Number(new URL(endpoint.url).port), host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, received: () => text, closed: new Promise((resolve) => socket.once('close', resolve)) }
}

const blobs = (): string[] =>
  readdirSync(join(dataFolder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

async function expectNothingOf(name: string): Promise<void> {
  // The end of a connection is seen a moment later.
  await expect.poll(blobs).toEqual([])
  expect((await call(endpoint, 'GetFunction', { FunctionName: name })).status).toBe(404)
}

test.each([
  ['cut', (socket: Socket) => socket.destroy()],
  ['half-closed', (socket: Socket) => socket.end()],
])('an upload that is %s in the middle leaves nothing', async (how, stop) => {
  const { head, body } = creation(how)
  const { socket } = await open()
  socket.write(head(body.length))
  socket.write(body.subarray(0, body.length >> 1))
  await sleep(50)
  stop(socket)
  await expectNothingOf(how)
  socket.destroy()
})

test.each([
  ['and the rest is never sent', 0, /^HTTP\/1\.1 403 [^]*x-amzn-errortype: InvalidSignatureException/i],
  // The rest is then no HTTP, which may be told first.
  ['and the rest follows', 1000, /^HTTP\/1\.1 40[03] /],
])('a length shorter than the body, %s: refused, nothing is left', async (_, surplus, answer) => {
  const { head, body } = creation('short')
  const { socket, received } = await open()
  socket.write(head(body.length - 1000))
  socket.write(body.subarray(0, body.length - 1000 + surplus))
  while (!received().includes('\r\n\r\n')) await sleep(10)
  expect(received()).toMatch(answer)
  socket.destroy()
  await expectNothingOf('short')
})

test('clients that dawdle or say nothing keep nobody else waiting', async () => {
  const { head, body } = creation('slow')
  const idlers = await Promise.all(Array.from({ length: 40 }, open))
  for (const [n, { socket }] of idlers.entries())
    if (n % 3 === 1) socket.write('GET /2015-03-31/functions HTTP/1.1\r\nHo')
    else if (n % 3 === 2) socket.write(head(body.length))
  for (let n = 0; n < 20; n++) {
    for (const [index, { socket }] of idlers.entries()) if (index % 3 === 2) socket.write(body.subarray(n, n + 1))
    expect((await call(endpoint, 'ListFunctions', {})).status).toBe(200)
  }
  for (const { socket } of idlers) socket.destroy()
  await expectNothingOf('slow')
})
