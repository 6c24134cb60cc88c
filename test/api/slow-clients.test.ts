/** Clients that stop in the middle, against a whole service: they are answered as AWS answers or cut off, and no file, descriptor or function is left of them. */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, readlinkSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { standardLimits } from '../../src/api/http/patience.ts'
import { signRequest } from '../../src/aws/sigv4.ts'
import { silentLog } from '../../src/base/log.ts'
import { startService, type Service } from '../../src/service/compose.ts'
import { archive } from '../kit/archive.ts'
import { s3Request } from '../kit/s3-request.ts'
import { temporaryFolder } from '../kit/zipyard.ts'
import { call, type Endpoint } from './api-client.ts'

const dataFolder = temporaryFolder('slow')
/** Changed by a test for its slow client alone: nothing else here may be in a hurry. */
const limits = { ...standardLimits }
let service: Service
let endpoint: Endpoint
beforeAll(async () => {
  chmodSync(dataFolder, 0o755)
  const options = { dataFolder, host: '127.0.0.1', port: 0, variables: process.env, log: silentLog, limits }
  service = await startService(options)
  const { accessKeyId, secret } = service.firstKey
  endpoint = { url: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: secret } }
})
beforeEach(() => void Object.assign(limits, standardLimits))
afterAll(() => service.stop())

const s3 = (method: string, target: string, body?: Buffer): ReturnType<typeof s3Request> =>
  s3Request(service.url, { method, target, ...(body && { body }), key: endpoint.credentials })

/** Signed for a body that is never sent whole. */
function head(method: string, path: string, to: 's3' | 'lambda', body: Buffer | number): string {
  const { host } = new URL(service.url)
  const payloadHash =
    to === 's3' || typeof body === 'number' ? 'UNSIGNED-PAYLOAD' : createHash('sha256').update(body).digest('hex')
  const signed = signRequest(
    { method, path, query: '', headers: { host } },
    { credentials: endpoint.credentials, region: 'us-east-1', service: to, date: new Date(), payloadHash },
  )
  const lines = Object.entries({ host, ...signed }).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = typeof body === 'number' ? body : body.length
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${length}\r\n\r\n`
}

async function open(port = Number(new URL(service.url).port)): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(text))) }
}

const blobs = (): string[] =>
  readdirSync(join(dataFolder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Files of the store that this process has open. */
function openBlobs(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(join(dataFolder, 'blobs')) ? [path] : []
    } catch {
      return []
    }
  })
}

test('half an object is answered as a timeout, and leaves no file', async () => {
  expect((await s3('PUT', '/bucket')).status).toBe(200)
  const before = blobs()
  limits.bodyIdleMs = 1000
  const { socket, closed } = await open()
  socket.write(head('PUT', '/bucket/half', 's3', 5_000_000))
  socket.write(Buffer.alloc(2_000_000))
  const answer = await closed
  limits.bodyIdleMs = standardLimits.bodyIdleMs
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('<Code>RequestTimeout</Code><Message>Your socket connection to the server was not read from')
  await expect.poll(() => [blobs(), openBlobs()]).toEqual([before, []])
  expect((await s3('GET', '/bucket/half')).status).toBe(404)
})

test.each([
  ['large', 4_000_000],
  ['small', 1000],
])('half a CreateFunction with a %s package is answered as a timeout, and makes nothing', async (name, bytes) => {
  const before = blobs()
  const code = { ZipFile: randomBytes(bytes).toString('base64') }
  const body = Buffer.from(JSON.stringify({ FunctionName: name, Code: code, Role: 'r', Handler: 'a.b', Runtime: 'x' }))
  limits.bodyIdleMs = 1000
  const { socket, closed } = await open()
  socket.write(head('POST', '/2015-03-31/functions', 'lambda', body))
  socket.write(body.subarray(0, body.length >> 1))
  const answer = await closed
  limits.bodyIdleMs = standardLimits.bodyIdleMs
  expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*x-amzn-errortype: RequestTimeoutException/i)
  await expect.poll(() => [blobs(), openBlobs()]).toEqual([before, []])
  expect((await call(endpoint, 'GetFunction', { FunctionName: name })).status).toBe(404)
})

test('an object that its reader does not read is closed again', async () => {
  expect((await s3('PUT', '/reading')).status).toBe(200)
  expect((await s3('PUT', '/reading/large', Buffer.alloc(40_000_000, 'x'))).status).toBe(200)
  limits.answerIdleMs = 200
  const { socket } = await open()
  socket.write(head('GET', '/reading/large', 's3', 0))
  // It begins to come, and then nobody reads on: its file stays open, until the service has had enough.
  await new Promise<void>((resolve) => socket.once('data', () => resolve()))
  socket.pause()
  await expect.poll(() => openBlobs()).toEqual([])
  socket.destroy()
})

test('half a body to a function URL is answered as a timeout', async () => {
  const ZipFile = archive({ 'app.py': 'def main(event, context):\n    return "answered"\n' })
  const created = { FunctionName: 'url', Code: { ZipFile }, Handler: 'app.main', Runtime: 'python3.11' }
  const role = 'arn:aws:iam::123456789012:role/any'
  expect((await call(endpoint, 'CreateFunction', { ...created, Role: role })).status).toBe(201)
  const { body } = await call(endpoint, 'CreateFunctionUrlConfig', { FunctionName: 'url', AuthType: 'NONE' })
  const { FunctionUrl } = JSON.parse(body.toString()) as { FunctionUrl: string }
  limits.bodyIdleMs = 1000
  const { socket, closed } = await open(Number(new URL(FunctionUrl).port))
  socket.write(
    `POST ${new URL(FunctionUrl).pathname} HTTP/1.1\r\nhost: ${new URL(FunctionUrl).host}\r\ncontent-length: 10\r\n\r\n01234`,
  )
  expect(await closed).toMatch(/^HTTP\/1\.1 408 [^]*{"Message":"Request Timeout"}$/)
})
