/** What the options of the service do to functions: their AWS clients, their network, who may be served at all; and what a client that leaves does not do. */
import { chmodSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { startService, type Service, type ServiceOptions } from '../../src/service/compose.ts'
import { archive } from '../kit/archive.ts'
import { testedTiers } from '../kit/sandbox-bench.ts'
import { temporaryFolder } from '../kit/zipyard.ts'
import { call, send, type Endpoint } from './api-client.ts'

async function serve(
  options: Partial<ServiceOptions> = {},
): Promise<{ readonly service: Service; readonly endpoint: Endpoint }> {
  const dataFolder = temporaryFolder('options')
  chmodSync(dataFolder, 0o755)
  const base = { dataFolder, host: '127.0.0.1', port: 0, variables: process.env, log: silentLog }
  const service = await startService({ ...base, ...options })
  onTestFinished(() => service.stop())
  const { accessKeyId, secret } = service.firstKey
  return {
    service,
    endpoint: { url: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: secret } },
  }
}

async function create(endpoint: Endpoint, name: string, source: string, more: object = {}): Promise<void> {
  const made = await call(endpoint, 'CreateFunction', {
    FunctionName: name,
    Runtime: 'python3.11',
    Handler: 'app.handler',
    Role: 'arn:aws:iam::123456789012:role/any',
    Code: { ZipFile: archive({ 'app.py': source }) },
    ...more,
  })
  expect(made.status, made.body.toString()).toBe(201)
  for (;;) {
    const { body } = await call(endpoint, 'GetFunctionConfiguration', { FunctionName: name })
    if ((JSON.parse(body.toString()) as { State: string }).State === 'Active') return
    await sleep(10)
  }
}

async function invoke(endpoint: Endpoint, name: string, event: unknown = {}): Promise<unknown> {
  const { body } = await call(endpoint, 'Invoke', { FunctionName: name, Payload: Buffer.from(JSON.stringify(event)) })
  return JSON.parse(body.toString())
}

interface Shown {
  readonly state: string
  readonly invocations: number
}

async function environments(endpoint: Endpoint): Promise<readonly Shown[]> {
  const { body } = await send(endpoint, { method: 'GET', path: '/_zipyard/environments' })
  return (JSON.parse(body.toString()) as { environments: readonly Shown[] }).environments
}

const endpointsOf = `
import os
def handler(event, context):
    return {name: value for name, value in os.environ.items() if name.startswith('AWS_ENDPOINT_URL')}
`

test('AWS clients inside are led to this service, unless the function says otherwise or the service was told not to', async () => {
  const { endpoint } = await serve()
  await create(endpoint, 'led', endpointsOf)
  const { url } = endpoint
  expect(await invoke(endpoint, 'led')).toEqual({
    AWS_ENDPOINT_URL_LAMBDA: url,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_ENDPOINT_URL_IAM: url,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: url,
  })
  const Variables = { AWS_ENDPOINT_URL_S3: 'https://example.org' }
  await create(endpoint, 'own', endpointsOf, { Environment: { Variables } })
  expect(await invoke(endpoint, 'own')).toMatchObject({ ...Variables, AWS_ENDPOINT_URL_LAMBDA: url })

  const other = await serve({ injectEndpoints: false })
  await create(other.endpoint, 'free', endpointsOf)
  expect(await invoke(other.endpoint, 'free')).toEqual({})
})

const connects = `
import socket
def handler(event, context):
    try:
        socket.create_connection(('127.0.0.1', event), 5).close()
        return 'reached'
    except OSError as error:
        return type(error).__name__
`

test.skipIf(testedTiers[0] === 'process')(
  'functions of strangers have a network of their own, in which no service of this machine is found',
  async () => {
    const neighbour = createServer((socket) => socket.end())
    await new Promise<void>((listening) => neighbour.listen(0, '127.0.0.1', listening))
    onTestFinished(() => void neighbour.close())
    const { port } = neighbour.address() as AddressInfo
    const strangers = await serve({ untrusted: true })
    expect(strangers.service.network).toBe('none')
    await create(strangers.endpoint, 'connects', connects)
    expect(await invoke(strangers.endpoint, 'connects', port)).toBe('ConnectionRefusedError')
    const own = await serve({ network: 'host' })
    await create(own.endpoint, 'connects', connects)
    expect(await invoke(own.endpoint, 'connects', port)).toBe('reached')
  },
)

/** Signs as AWS's clients do, with the standard library alone; and tries what lies beside the service. */
const calls = `
import datetime, hashlib, hmac, os, socket, urllib.error, urllib.parse, urllib.request

def call(service, method, path, body=b''):
    url = os.environ['AWS_ENDPOINT_URL_' + service.upper()]
    now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
    digest = hashlib.sha256(body).hexdigest()
    headers = {'host': urllib.parse.urlsplit(url).netloc, 'x-amz-content-sha256': digest, 'x-amz-date': now,
               'x-amz-security-token': os.environ['AWS_SESSION_TOKEN']}
    if service == 'sts':
        headers['content-type'] = 'application/x-www-form-urlencoded'
    signed = ';'.join(sorted(headers))
    lines = ''.join(name + ':' + headers[name] + chr(10) for name in sorted(headers))
    request = chr(10).join([method, path, '', lines, signed, digest])
    scope = '/'.join([now[:8], os.environ['AWS_REGION'], service, 'aws4_request'])
    text = chr(10).join(['AWS4-HMAC-SHA256', now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ('AWS4' + os.environ['AWS_SECRET_ACCESS_KEY']).encode()
    for part in scope.split('/') + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers['authorization'] = 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (
        os.environ['AWS_ACCESS_KEY_ID'], scope, signed, key.hex())
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, body or None, headers, method=method), timeout=100) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()

def reaches(port):
    found = []
    for host in ['127.0.0.1', urllib.parse.urlsplit(os.environ['AWS_ENDPOINT_URL_S3']).hostname]:
        try:
            socket.create_connection((host, port), 5).close()
            found.append(host)
        except OSError:
            pass
    return found

def handler(event, context):
    if event == 'exit':
        os._exit(1)
    return {'who': call('sts', 'POST', '/', b'Action=GetCallerIdentity&Version=2011-06-15'),
            'listed': call('lambda', 'GET', '/2015-03-31/functions/'),
            'own': reaches(event)}
`

test.each(testedTiers.filter((tier) => tier !== 'process'))(
  'functions with a network of their own find this service, with the keys of their role, and nothing beside it (tier %s)',
  async (isolation) => {
    const { endpoint, service } = await serve({ isolation, network: 'none' })
    await create(endpoint, 'calls', calls)
    const { port } = new URL(endpoint.url)
    const look = async (): Promise<void> => {
      const found = (await invoke(endpoint, 'calls', Number(port))) as Record<'who' | 'listed', [number, string]>
      expect(found.who).toEqual([200, expect.stringContaining(':assumed-role/any/calls<')])
      expect(found.listed).toEqual([403, expect.stringContaining('is not authorized to perform: lambda:ListFunctions')])
      expect(found).toMatchObject({ own: [] })
    }
    await look()
    // Another process in the same environment.
    expect(await invoke(endpoint, 'calls', 'exit')).toMatchObject({ errorType: 'Runtime.ExitError' })
    await look()
    expect(await environments(endpoint)).toHaveLength(1)
    await service.stop()

    const closed = await serve({ isolation, network: 'none', injectEndpoints: false })
    await create(closed.endpoint, 'free', endpointsOf)
    expect(await invoke(closed.endpoint, 'free')).toEqual({})
  },
)

test.each([
  ['the network of the host', { network: 'host' }, 'it shares the network of the host', 'Leave `--network host` away'],
  ['a tier that only starts processes', { isolation: 'process' }, 'is not enough for code of strangers', ''],
] as const)('functions of strangers are not served with %s', async (_, options, because, remedy) => {
  await expect(serve({ untrusted: true, ...options })).rejects.toMatchObject({
    code: 'ZY0510',
    message: expect.stringContaining(because),
    hint: expect.stringContaining(remedy),
  })
})

test.skipIf(!testedTiers.includes('bwrap'))(
  'a network that a tier cannot have is refused with what to do about the network',
  async () => {
    await expect(serve({ isolation: 'bwrap', network: 'bridge' })).rejects.toMatchObject({
      code: 'ZY0510',
      hint: expect.stringContaining('--network none'),
    })
  },
)

test('a client that goes away does not cancel its invocation, and its environment takes the next one', async () => {
  const { endpoint } = await serve()
  await create(
    endpoint,
    'slow',
    'import time\ncount = 0\ndef handler(event, context):\n    global count\n    time.sleep(event)\n    count += 1\n    return count\n',
    { Timeout: 60 },
  )
  const path = '/2015-03-31/functions/slow/invocations'
  let invocations = 0
  /** Whether it left while the invocation ran. */
  const leave = async (seconds: number): Promise<boolean> => {
    const leaving = new AbortController()
    const left = send(endpoint, { method: 'POST', path, body: String(seconds), signal: leaving.signal })
    const answer = left.then(
      () => 'answered',
      (error: unknown) => String(error),
    )
    invocations += 1
    await expect.poll(() => environments(endpoint)).toMatchObject([{ invocations }])
    const isBusy = (await environments(endpoint))[0]!.state === 'busy'
    leaving.abort()
    return /aborted/.test(await answer) && isBusy
  }
  // On a busy machine it may be over before anybody has looked.
  let seconds = 1
  while (!(await leave(seconds))) seconds *= 3
  await expect.poll(() => environments(endpoint)).toMatchObject([{ state: 'ready', invocations }])
  expect(await invoke(endpoint, 'slow', 0)).toBe(invocations + 1)
})
