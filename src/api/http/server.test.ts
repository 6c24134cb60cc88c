import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { presignUrl } from '../../aws/presign.ts'
import { signRequest, unsignedPayload } from '../../aws/sigv4.ts'
import { ManualClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { accessFaultOf } from './access-fault.ts'
import { requestTooLarge } from './errors.ts'
import type { ApiRequest, ApiService } from './message.ts'
import { createApiServer, type ApiServer } from './server.ts'

const credentials = { accessKeyId: 'ZYKEY', secretAccessKey: 'secret' }
const clock = new ManualClock(Date.UTC(2026, 10, 22, 12))
const seen: { service: string; request: ApiRequest; body: string }[] = []

function recording(name: ApiService['name']): ApiService {
  return {
    name,
    async handle(request) {
      const body = (await request.body(1000)).toString()
      if (body === 'snowman') return { status: 200, headers: { 'x-bad': '\u2603' }, body }
      seen.push({ service: name, request, body })
      return { status: 200, body: `${name}:${body}` }
    },
    renderError(error) {
      const fault = accessFaultOf(error)
      if (name === 's3') return { status: fault?.s3Status ?? 500, body: fault?.s3 ?? String(error) }
      if (requestTooLarge.is(error)) return { status: 413, body: 'too large' }
      return {
        status: fault?.status ?? 500,
        body: `${name === 'lambda' ? fault?.json : fault?.query}: ${fault?.message}`,
      }
    },
    bodyLimitBytes: () => 500,
    ...(name === 's3' && {
      allowsOrigin: async (head, origin) =>
        head.path.startsWith('/open/') ? { 'access-control-allow-origin': origin } : undefined,
    }),
  }
}

const servers: ApiServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.close(0))))

async function start(options: { allowUnsigned?: boolean } = {}): Promise<URL> {
  const server = createApiServer({
    services: (['lambda', 's3', 'sts', 'iam', 'logs'] as const).map(recording),
    keyRing: {
      find: (id) =>
        id === 'ZYKEY'
          ? { secret: 'secret', accountId: '123456789012', arn: 'arn:aws:iam::123456789012:user/zipyard', kind: 'user' }
          : undefined,
    },
    allowUnsigned: options.allowUnsigned ?? false,
    hostNames: ['yard.example'],
    log: silentLog,
    clock,
    adminRoutes: [
      {
        method: 'GET',
        path: '/_zipyard/environments',
        handle: async (request) => ({ status: 200, body: request.caller.arn }),
      },
      {
        method: 'GET',
        path: '/_zipyard/packages/',
        access: 'open',
        handle: async (request) => ({ status: 200, body: request.path }),
      },
    ],
  })
  servers.push(server)
  return new URL((await server.listen({ host: '127.0.0.1', port: 0 })).url)
}

const url = await start()

interface Sent {
  method?: string
  path?: string
  service?: string
  headers?: Record<string, string>
  body?: string
  secret?: string
  accessKeyId?: string
  date?: Date
  payloadHash?: string
  signed?: boolean
  to?: URL
}

interface Answer {
  status: number
  body: string
  headers: NodeJS.Dict<string | string[]>
  continued: boolean
}

function send(sent: Sent): Promise<Answer> {
  const { method = 'GET', path = '/2015-03-31/functions', service = 'lambda', body = '', to = url } = sent
  const [pathname, query = ''] = path.split('?') as [string, string?]
  const extra = { host: to.host, ...sent.headers }
  const payloadHash = sent.payloadHash ?? createHash('sha256').update(body).digest('hex')
  const signature =
    sent.signed === false
      ? {}
      : signRequest(
          { method, path: pathname, query, headers: extra },
          {
            credentials: { accessKeyId: sent.accessKeyId ?? 'ZYKEY', secretAccessKey: sent.secret ?? 'secret' },
            region: 'eu-west-1',
            service,
            date: sent.date ?? new Date(clock.now()),
            payloadHash,
          },
        )
  return new Promise((resolve, reject) => {
    let continued = false
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: to.port,
        method,
        path,
        headers: { ...extra, ...signature, 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, body: text, headers: response.headers, continued }),
        )
      },
    )
    request.on('error', reject)
    if (extra['expect' as keyof typeof extra]) {
      request.on('continue', () => {
        continued = true
        request.end(body)
      })
      request.flushHeaders()
    } else request.end(body)
  })
}

test('a signed request reaches its API with account, region, path as sent and a request id', async () => {
  const path =
    '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Ahello?Qualifier=%24LATEST&x=a%20b'
  const answer = await send({ method: 'POST', path, body: '{"a":1}' })
  expect(answer).toMatchObject({ status: 200, body: 'lambda:{"a":1}' })
  const { request } = seen.at(-1)!
  expect(request.caller).toMatchObject({ accountId: '123456789012', region: 'eu-west-1', kind: 'user' })
  expect(request.path).toContain('arn%3Aaws%3Alambda')
  expect([...request.query]).toEqual([
    ['Qualifier', '$LATEST'],
    ['x', 'a b'],
  ])
  expect(answer.headers['x-amzn-requestid']).toBe(request.id)
})

test.each([
  ['lambda', { signed: false }, 403, 'MissingAuthenticationTokenException: Missing Authentication Token'],
  ['lambda', { secret: 'wrong' }, 403, 'InvalidSignatureException: The request signature we calculated'],
  [
    'lambda',
    { accessKeyId: 'NOBODY' },
    403,
    'UnrecognizedClientException: The security token included in the request is invalid.',
  ],
  ['lambda', { payloadHash: 'a'.repeat(64), body: 'other' }, 403, 'InvalidSignatureException'],
  [
    'lambda',
    { headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x' }, signed: false },
    403,
    'IncompleteSignatureException',
  ],
  ['lambda', { headers: { 'x-amz-security-token': 'made-up' } }, 403, 'UnrecognizedClientException'],
  [
    'lambda',
    { date: new Date('2026-11-22T11:54:59Z') },
    403,
    'Signature expired: 20261122T115459Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)',
  ],
  [
    'lambda',
    { date: new Date('2026-11-22T12:05:01Z') },
    403,
    'Signature not yet current: 20261122T120501Z is still later than 20261122T120500Z (20261122T120000Z + 5 min.)',
  ],
  ['s3', { path: '/b/k', secret: 'wrong' }, 403, 'SignatureDoesNotMatch'],
  ['s3', { path: '/b/k', signed: false }, 403, 'AccessDenied'],
  ['s3', { path: '/b/k', headers: { authorization: 'AWS ZYKEY:x' }, signed: false }, 400, 'InvalidRequest'],
  ['s3', { path: '/b/k', date: new Date('2026-11-22T11:44:00Z') }, 403, 'RequestTimeTooSkewed'],
  ['sts', { path: '/', method: 'POST', accessKeyId: 'NOBODY' }, 403, 'InvalidClientTokenId'],
])('%s refuses in its own words: %j', async (service, sent, status, body) => {
  const before = seen.length
  const answer = await send({ service, ...(sent as Sent) })
  expect(answer.status).toBe(status)
  expect(answer.body).toContain(body)
  expect(answer.headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/)
  expect(seen.length).toBe(before)
})

test('a clock may be off by five minutes for Lambda and by fifteen for S3', async () => {
  expect((await send({ date: new Date('2026-11-22T11:55:01Z') })).status).toBe(200)
  expect((await send({ service: 's3', path: '/b/k', date: new Date('2026-11-22T11:46:00Z') })).status).toBe(200)
})

test.each([
  ['localhost', 200],
  ['127.0.0.1:4570', 200],
  ['[::1]:4570', 200],
  ['yard.example', 200],
  ['evil.example', 403],
  ['127.0.0.1.evil.example', 403],
  ['localhost.evil.example', 403],
  ['x.localhost', 403],
  ['fn.lambda-url.us-east-1.localhost', 403],
])('a request whose Host is %s answers %i', async (host, status) => {
  expect((await send({ headers: { host } })).status).toBe(status)
})

test('a bucket in the Host is handed to S3', async () => {
  await send({ service: 's3', path: '/key', headers: { host: 'photos.s3.us-east-1.yard.example' } })
  expect(seen.at(-1)).toMatchObject({ service: 's3', request: { hostBucket: 'photos', path: '/key' } })
})

test.each([
  [{ origin: 'http://evil.example' }, 403],
  [{ origin: 'null' }, 403],
  [{ origin: `http://127.0.0.1:1` }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'sec-fetch-site': 'same-origin', origin: url.origin }, 200],
  [{ 'sec-fetch-site': 'none' }, 200],
])('a browser that says %j is answered %i, however well it signs', async (headers, status) => {
  expect((await send({ headers: headers as unknown as Record<string, string> })).status).toBe(status)
  const health = await send({
    path: '/_zipyard/health',
    signed: false,
    headers: headers as unknown as Record<string, string>,
  })
  expect(health.status).toBe(status)
})

test('a bucket with CORS rules answers a preflight without a signature, other buckets do not', async () => {
  const headers = { origin: 'http://page.example', 'access-control-request-method': 'GET' }
  const open = await send({ method: 'OPTIONS', path: '/open/key', signed: false, headers })
  expect(open).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'http://page.example' } })
  expect((await send({ method: 'OPTIONS', path: '/closed/key', signed: false, headers })).status).toBe(403)
})

test('a client that waits with Expect is told to send only after its signature held', async () => {
  const good = await send({
    service: 's3',
    method: 'PUT',
    path: '/b/k',
    body: 'x'.repeat(100),
    headers: { expect: '100-continue' },
  })
  expect(good).toMatchObject({ status: 200, continued: true })
  const bad = await send({
    service: 's3',
    method: 'PUT',
    path: '/b/k',
    body: 'x'.repeat(100),
    secret: 'wrong',
    headers: { expect: '100-continue' },
  })
  expect(bad).toMatchObject({ status: 403, continued: false, headers: { connection: 'close' } })
  const unknown = await send({ method: 'POST', body: 'x', accessKeyId: 'NOBODY', headers: { expect: '100-continue' } })
  expect(unknown).toMatchObject({ status: 403, continued: false })
})

test('a body over the limit is refused after it was let through, so that the client reads the answer', async () => {
  expect(await send({ method: 'POST', body: 'x'.repeat(3_000_000) })).toMatchObject({ status: 413, body: 'too large' })
  expect(await send({ method: 'POST', body: 'x'.repeat(500) })).toMatchObject({ status: 200 })
})

test('an S3 body is checked against its hash and its chunked encoding is undone', async () => {
  const wrong = await send({ service: 's3', method: 'PUT', path: '/b/k', body: 'other', payloadHash: 'a'.repeat(64) })
  expect(wrong).toMatchObject({ status: 400, body: 'XAmzContentSHA256Mismatch' })
  const chunked = await send({
    service: 's3',
    method: 'PUT',
    path: '/b/k',
    body: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
    payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: { 'x-amz-trailer': 'x-amz-checksum-crc32', 'x-amz-decoded-content-length': '5' },
  })
  expect(chunked).toMatchObject({ status: 200, body: 's3:hello' })
  expect(
    await send({ service: 's3', method: 'PUT', path: '/b/k', body: 'any', payloadHash: unsignedPayload }),
  ).toMatchObject({ status: 200 })
})

test('a presigned URL works without credentials until it expires', async () => {
  const at = (seconds: number): Promise<Response> => fetch(presignGet(new Date(clock.now() - seconds * 1000)))
  expect(await (await at(59)).text()).toBe('s3:')
  const late = await at(61)
  expect([late.status, await late.text()]).toEqual([403, 'AccessDenied'])
  const changed = await fetch(presignGet(new Date(clock.now())).replace('/b/k', '/b/other'))
  expect([changed.status, await changed.text()]).toEqual([403, 'SignatureDoesNotMatch'])
})

test('a service that Zipyard does not have is named', async () => {
  const answer = await send({
    service: 'sqs',
    method: 'POST',
    path: '/',
    body: '{}',
    headers: { 'x-amz-target': 'AmazonSQS.ListQueues' },
  })
  expect(answer.status).toBe(501)
  expect(answer.body).toContain('does not serve `sqs`')
})

test.each([
  ['/2015-03-31/functions', {}, '', 'lambda'],
  ['/', { 'x-amz-target': 'Logs_20140328.DescribeLogGroups' }, '{}', 'logs'],
  ['/', { 'content-type': 'application/x-www-form-urlencoded' }, 'Action=GetRole&Version=2010-05-08', 'iam'],
  ['/', { 'content-type': 'application/x-www-form-urlencoded' }, 'Action=GetCallerIdentity&Version=2011-06-15', 'sts'],
  ['/bucket/key', {}, '', 's3'],
])('with unsigned requests allowed, %s with %j goes to its API', async (path, headers, body, service) => {
  const to = await start({ allowUnsigned: true })
  const method = body ? 'POST' : 'GET'
  const answer = await send({
    to,
    signed: false,
    path,
    method,
    body,
    headers: headers as unknown as Record<string, string>,
  })
  expect(answer).toMatchObject({ status: 200, body: `${service}:${body}` })
})

test('with unsigned requests allowed, what a presigned URL says in its query is still heard', async () => {
  const to = await start({ allowUnsigned: true })
  for (const query of ['X-Amz-Signature=0&', 'AWSAccessKeyId=x&Signature=0&', '']) {
    seen.length = 0
    await send({ to, signed: false, path: `/bucket/key?${query}x-amz-meta-who=me` })
    expect(seen[0]!.request.headers['x-amz-meta-who']).toBe(query === '' ? undefined : 'me')
  }
})

test('routes of Zipyard itself are signed unless they say otherwise', async () => {
  expect(await send({ path: '/_zipyard/environments' })).toMatchObject({
    status: 200,
    body: 'arn:aws:iam::123456789012:user/zipyard',
  })
  expect((await send({ path: '/_zipyard/environments', signed: false })).status).toBe(403)
  expect(await send({ path: '/_zipyard/packages/x', signed: false })).toMatchObject({
    status: 200,
    body: '/_zipyard/packages/x',
  })
  expect((await send({ path: '/_zipyard/nothing', signed: false })).status).toBe(501)
  expect(await send({ path: '/_zipyard/health', signed: false })).toMatchObject({
    status: 200,
    body: '{"status":"ok"}',
  })
})

function presignGet(date: Date): string {
  return presignUrl({
    method: 'GET',
    url: new URL('/b/k', url),
    credentials,
    region: 'us-east-1',
    service: 's3',
    date,
    expiresSeconds: 60,
  })
}

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
    socket.setTimeout(120_000, () => socket.destroy(new Error(`no end after: ${answer}`)))
  })
}

test.each([
  ['not HTTP', 'hello\r\n\r\n', '400'],
  ['headers over the limit', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, '431'],
  ['no Host', 'GET /_zipyard/health HTTP/1.1\r\nConnection: close\r\n\r\n', '400'],
  [
    'a whole URL in the request line',
    'GET http://localhost/_zipyard/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    '400',
  ],
  ['a broken percent sign', 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', '400'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', '400'],
])('malformed is answered and survived: %s', async (_, text, status) => {
  expect(await raw(text)).toMatch(new RegExp(`^HTTP/1.1 ${status}`))
  expect((await send({})).status).toBe(200)
})

test.each([
  ['S3', 'GET /b/%zz HTTP/1.1', 's3', 'InvalidURI'],
  ['S3, in the query', 'GET /b/k?versionId=%zz HTTP/1.1', 's3', 'InvalidURI'],
  ['Lambda', 'GET /2015-03-31/functions/%zz HTTP/1.1', 'lambda', 'SerializationException'],
])('a percent sign that encodes nothing is refused in the words of %s', async (_, line, service, code) => {
  const authorization = `AWS4-HMAC-SHA256 Credential=ZYKEY/20261122/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`
  const answer = await raw(`${line}\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 400[^]*\r\n\r\n${code}`))
})

test('an answer whose header cannot be written is a defect that the client is told, and the service goes on', async () => {
  expect((await send({ method: 'PUT', path: '/b/k', service: 's3', body: 'snowman' })).status).toBe(500)
  expect((await send({})).status).toBe(200)
})

test('a client that leaves in the middle of its body does no harm', async () => {
  const socket = connect(Number(url.port), '127.0.0.1')
  socket.write('PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc')
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  expect((await send({})).status).toBe(200)
})
