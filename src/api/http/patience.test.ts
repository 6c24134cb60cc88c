/** Clients that stop, dawdle or never read, against both readers of requests, with limits of milliseconds. No assertion is about how long anything took. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { signRequest } from '../../aws/sigv4.ts'
import { ManualClock, systemClock, type Clock } from '../../base/clock.ts'
import { sha256 } from '../../base/digest.ts'
import { silentLog } from '../../base/log.ts'
import { accessFaultOf } from './access-fault.ts'
import type { ApiService } from './message.ts'
import { standardLimits, type HttpLimits } from './patience.ts'
import { createApiServer, type ApiServer } from './server.ts'

const credentials = { accessKeyId: 'ZYKEY', secretAccessKey: 'secret' }
const servers: ApiServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.close(0))))

/** A server of which each answer has `answerBytes`. */
async function start(
  options: { limits?: Partial<HttpLimits>; clock?: Clock; answerBytes?: number } = {},
): Promise<{ readonly url: URL; readonly handled: string[] }> {
  const handled: string[] = []
  const service = (name: ApiService['name']): ApiService => ({
    name,
    async handle(request) {
      const body = await request.body(1000)
      handled.push(request.path)
      return { status: 200, body: options.answerBytes ? Buffer.alloc(options.answerBytes) : `got ${body.length}` }
    },
    renderError(error) {
      const fault = accessFaultOf(error)!
      return name === 's3'
        ? { status: fault.s3Status, body: fault.s3 }
        : { status: fault.status, body: `${fault.json}: ${fault.message}` }
    },
  })
  const server = createApiServer({
    services: [service('lambda'), service('s3')],
    keyRing: {
      find: () => ({
        secret: 'secret',
        accountId: '123456789012',
        arn: 'arn:aws:iam::123456789012:user/a',
        kind: 'user',
      }),
    },
    allowUnsigned: false,
    hostNames: [],
    log: silentLog,
    clock: options.clock ?? systemClock,
    adminRoutes: [],
    limits: { ...standardLimits, ...options.limits },
  })
  servers.push(server)
  return { url: new URL((await server.listen({ host: '127.0.0.1', port: 0 })).url), handled }
}

async function open(url: URL): Promise<{ socket: Socket; received: () => string; closed: Promise<string> }> {
  const socket = connect(Number(url.port), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  await once(socket, 'connect')
  return { socket, received: () => text, closed }
}

/** The head of a signed request with a body of that many bytes; `more` are header lines. */
function head(url: URL, service: 'lambda' | 's3', bodyBytes: number, more = ''): string {
  const path = service === 's3' ? '/bucket/key' : '/2015-03-31/functions'
  const payloadHash = service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256(Buffer.alloc(bodyBytes))
  const signed = signRequest(
    { method: 'PUT', path, query: '', headers: { host: url.host } },
    { credentials, region: 'us-east-1', service, date: new Date(), payloadHash },
  )
  const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = more.includes('chunked') ? '' : `content-length: ${bodyBytes}\r\n`
  return `PUT ${path} HTTP/1.1\r\nhost: ${url.host}\r\n${lines.join('')}${length}${more}\r\n`
}

const lambdaAnswer =
  /^HTTP\/1\.1 408 Request Timeout\r\n[^]*connection: close\r\n[^]*\r\nRequestTimeoutException: the client stopped sending/i
const s3Answer = /^HTTP\/1\.1 400 Bad Request\r\n[^]*connection: close\r\n[^]*\r\nRequestTimeout$/i

test.each([
  ['nothing', () => '', /^$/],
  ['half a head', () => 'PUT /bucket/key HTTP/1.1\r\nhost: 127.0.0.1\r\nx-am', /^HTTP\/1\.1 408 Request Timeout\r\n/],
  ['half a body to Lambda', (url: URL) => `${head(url, 'lambda', 10)}01234`, lambdaAnswer],
  [
    'half a body in chunks to Lambda',
    (url: URL) => `${head(url, 'lambda', 0, 'transfer-encoding: chunked\r\n')}5\r\n01`,
    lambdaAnswer,
  ],
  ['half a body to S3', (url: URL) => `${head(url, 's3', 10)}01234`, s3Answer],
  [
    'no body after it was told to go on',
    (url: URL) => head(url, 's3', 10, 'expect: 100-continue\r\n'),
    /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 Bad Request[^]*\r\n\r\nRequestTimeout$/,
  ],
  [
    'half a body, and no signature',
    (url: URL) => `PUT /bucket/key HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 10\r\n\r\n01234`,
    /^HTTP\/1\.1 403 /,
  ],
])('a client that sends %s is answered or not, and cut off', async (what, sent, answer) => {
  // Only what this client dawdles with may be short: nothing here may depend on how busy the machine is.
  const short = what === 'nothing' ? 'keepAliveMs' : what === 'half a head' ? 'headMs' : 'bodyIdleMs'
  const { url, handled } = await start({ limits: { [short]: 40 } })
  const { socket, closed } = await open(url)
  socket.write(sent(url))
  expect(await closed).toMatch(answer)
  expect(handled).toEqual([])
})

test.each([
  ['Lambda', 'lambda', '', lambdaAnswer],
  ['Lambda, by the long way', 'lambda', 'expect: 100-continue\r\n', /408 Request Timeout[^]*RequestTimeoutException/],
  ['S3', 's3', '', s3Answer],
] as const)('a byte now and then is no upload to %s', async (_, service, more, answer) => {
  const clock = new ManualClock(Date.now())
  const { url, handled } = await start({ clock })
  const { socket, closed } = await open(url)
  socket.write(head(url, service, 10_000, more))
  const dripping = setInterval(() => {
    void clock.advance(20_000)
    socket.write('x')
  }, 5)
  expect(await closed).toMatch(answer)
  clearInterval(dripping)
  expect(handled).toEqual([])
})

test.each(['lambda', 's3'] as const)('a body that arrives slowly but steadily is taken (%s)', async (service) => {
  const clock = new ManualClock(Date.now())
  const { url, handled } = await start({ clock })
  const { socket, received } = await open(url)
  socket.write(head(url, service, 900))
  for (let sent = 0; sent < 900; sent += 100) {
    await clock.advance(6000)
    socket.write(Buffer.alloc(100))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  while (!received().endsWith('got 900')) await once(socket, 'data')
  expect(handled).toHaveLength(1)
  socket.destroy()
})

test('a client that was refused early and then neither ends its body nor goes is cut off', async () => {
  const clock = new ManualClock(Date.now())
  const { url } = await start({ clock })
  const { socket, received, closed } = await open(url)
  socket.write(`PUT /bucket/key HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 10000\r\n\r\n`)
  while (!received().includes('\r\n\r\n')) await once(socket, 'data')
  const dripping = setInterval(() => {
    void clock.advance(20_000)
    socket.write('x')
  }, 5)
  expect(await closed).toMatch(/^HTTP\/1\.1 403 /)
  clearInterval(dripping)
})

test.each(['lambda', 's3'] as const)(
  'a client that asks and asks and reads nothing is not answered for ever, and cut off (%s)',
  async (service) => {
    const { url, handled } = await start({ limits: { answerIdleMs: 100, bytesPerSecond: 1e9 }, answerBytes: 1 << 20 })
    const { socket, closed } = await open(url)
    socket.pause()
    socket.removeAllListeners('data')
    const requests = 400
    socket.write(head(url, service, 0).repeat(requests))
    // Nothing is read of what comes, so the end is seen by a write that fails.
    const trying = setInterval(() => socket.write('x'), 500)
    await closed
    clearInterval(trying)
    expect(handled.length).toBeLessThan(requests)
  },
)

test.skipIf(process.platform !== 'linux')('a peer that vanished is looked for by the kernel', async () => {
  const { url } = await start()
  const { socket, received } = await open(url)
  socket.write('GET /_zipyard/health HTTP/1.1\r\nhost: localhost\r\n\r\n')
  while (!received().includes('ok')) await once(socket, 'data')
  const port = Number(url.port).toString(16).toUpperCase().padStart(4, '0')
  // The fifth field is the timer that runs: 02 is that of keep-alive. While the peer has not said that it has the answer, another one runs.
  const timers = (): string[] =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${port}`) && fields[3] === '01')
      .map((fields) => fields[5]!.slice(0, 2))
  await expect.poll(timers).toEqual(['02'])
  socket.destroy()
})
