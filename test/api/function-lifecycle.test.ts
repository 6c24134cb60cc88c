import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signRequest } from '../../src/aws/sigv4.ts'
import { silentLog } from '../../src/base/log.ts'
import { startService, type Service } from '../../src/service/compose.ts'
import { archiveBytes } from '../../src/zip/writer.ts'
import { call, send, type Endpoint } from './api-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'zipyard-lifecycle-'))
chmodSync(folder, 0o755)
let service: Service
let endpoint: Endpoint

async function start(activationDelayMs = 20): Promise<void> {
  service = await startService({
    dataFolder: folder,
    host: '127.0.0.1',
    port: 0,
    isolation: 'auto',
    activationDelayMs,
    variables: process.env,
    log: silentLog,
  })
  const { accessKeyId, secret } = service.firstKey
  endpoint = { url: service.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: secret } }
}

beforeAll(() => start())
afterAll(async () => {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

function zipOf(source: string): Buffer {
  return archiveBytes([{ path: 'app.py', bytes: source }])
}

const role = 'arn:aws:iam::123456789012:role/any'

function create(name: string, source: string, more: object = {}) {
  const Code = { ZipFile: zipOf(source) }
  return call(endpoint, 'CreateFunction', {
    FunctionName: name,
    Runtime: 'python3.11',
    Handler: 'app.handler',
    Role: role,
    Code,
    ...more,
  })
}

function json(answer: { body: Buffer }): Record<string, unknown> {
  return JSON.parse(answer.body.toString()) as Record<string, unknown>
}

async function waitActive(name: string): Promise<void> {
  await expect
    .poll(async () => json(await call(endpoint, 'GetFunctionConfiguration', { FunctionName: name })), { interval: 10 })
    .toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' })
}

test('hash and size are those of the package that was sent, and Code.Location gives it back without credentials', async () => {
  const zip = zipOf('def handler(event, context):\n    return 1\n')
  const made = json(await create('located', 'def handler(event, context):\n    return 1\n'))
  expect(made).toMatchObject({
    CodeSize: zip.length,
    CodeSha256: createHash('sha256').update(zip).digest('base64'),
    State: 'Pending',
  })
  const { Code } = json(await call(endpoint, 'GetFunction', { FunctionName: 'located' })) as {
    Code: { Location: string }
  }
  const fetched = await fetch(Code.Location)
  expect(Buffer.from(await fetched.arrayBuffer()).equals(zip)).toBe(true)
  const other = createHash('sha256').update('other').digest('hex')
  expect((await fetch(Code.Location.replace(/[0-9a-f]{64}/, other))).status).toBe(403)
})

test('what was under way when the service ended is activated after the next start', async () => {
  await service.stop()
  await start(60_000)
  expect((await create('interrupted', 'def handler(event, context):\n    return 2\n')).status).toBe(201)
  const invoked = await call(endpoint, 'Invoke', { FunctionName: 'interrupted' })
  expect(invoked.status).toBe(409)
  expect(json(invoked)['message']).toBe(
    'The operation cannot be performed at this time. The function is currently in the following state: Pending',
  )
  const stopped = service.stop()
  await stopped
  await start()
  await waitActive('interrupted')
  const answer = await call(endpoint, 'Invoke', { FunctionName: 'interrupted' })
  expect([answer.status, answer.body.toString()]).toEqual([200, '2'])
})

test('an update under way lets invocations run the old code', async () => {
  await create('moving', 'def handler(event, context):\n    return "old"\n')
  await waitActive('moving')
  const updated = await call(endpoint, 'UpdateFunctionCode', {
    FunctionName: 'moving',
    ZipFile: zipOf('def handler(event, context):\n    return "new"\n'),
  })
  expect(json(updated)).toMatchObject({ LastUpdateStatus: 'InProgress' })
  await waitActive('moving')
  expect((await call(endpoint, 'Invoke', { FunctionName: 'moving' })).body.toString()).toBe('"new"')
})

test.each([
  [
    'not a zip',
    { Code: { ZipFile: Buffer.from('hello') } },
    400,
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  ],
  ['an empty zip', { Code: { ZipFile: Buffer.alloc(0) } }, 400, 'Uploaded file must be a non-empty zip'],
  ['no code', { Code: {} }, 400, 'Please provide a source for function code.'],
  ['an image', { PackageType: 'Image' }, 400, 'PackageType `Image` is not supported by Zipyard'],
  [
    'a reserved variable',
    { Environment: { Variables: { AWS_REGION: 'x' } } },
    400,
    'Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION',
  ],
  ['a name that is taken', { FunctionName: 'located' }, 409, 'Function already exist: located'],
  ['a text for a number', { Timeout: 'abc' }, 400, 'STRING_VALUE can not be converted to an Integer'],
])('CreateFunction refuses %s', async (_, change, status, message) => {
  const answer = await create('refused', 'x = 1\n', change)
  expect([answer.status, json(answer)['message']]).toEqual([status, message])
  expect((await call(endpoint, 'GetFunction', { FunctionName: 'refused' })).status).toBe(404)
})

test('INIT_START of an invoked function names the Runtime Version ARN of its configuration', async () => {
  await create('versioned', 'def handler(event, context):\n    return 1\n')
  await waitActive('versioned')
  expect((await call(endpoint, 'Invoke', { FunctionName: 'versioned' })).status).toBe(200)
  const shown = json(await call(endpoint, 'GetFunctionConfiguration', { FunctionName: 'versioned' }))
  const { RuntimeVersionArn } = shown['RuntimeVersionConfig'] as { RuntimeVersionArn: string }
  const found = await send(endpoint, {
    method: 'POST',
    path: '/',
    headers: { 'x-amz-target': 'Logs_20140328.FilterLogEvents', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ logGroupName: '/aws/lambda/versioned', filterPattern: 'INIT_START' }),
    service: 'logs',
  })
  expect(json(found)['events']).toMatchObject([
    { message: `INIT_START Runtime Version: python:3.11.v1\tRuntime Version ARN: ${RuntimeVersionArn}\n` },
  ])
})

test('aliases with weights send the part that they say to the other version', async () => {
  await create('weighted', 'def handler(event, context):\n    return context.function_version\n', { Publish: true })
  await waitActive('weighted')
  await call(endpoint, 'UpdateFunctionConfiguration', { FunctionName: 'weighted', Description: 'second' })
  await waitActive('weighted')
  await call(endpoint, 'PublishVersion', { FunctionName: 'weighted' })
  await call(endpoint, 'CreateAlias', {
    FunctionName: 'weighted',
    Name: 'all',
    FunctionVersion: '1',
    RoutingConfig: { AdditionalVersionWeights: { 2: 1 } },
  })
  const answer = await call(endpoint, 'Invoke', { FunctionName: 'weighted', Qualifier: 'all' })
  expect(answer.headers['x-amz-executed-version']).toBe('2')
  await call(endpoint, 'UpdateAlias', {
    FunctionName: 'weighted',
    Name: 'all',
    RoutingConfig: { AdditionalVersionWeights: {} },
  })
  expect(
    (await call(endpoint, 'Invoke', { FunctionName: 'weighted', Qualifier: 'all' })).headers['x-amz-executed-version'],
  ).toBe('1')
  const kept = await call(endpoint, 'DeleteFunction', { FunctionName: 'weighted', Qualifier: '1' })
  expect([kept.status, json(kept)['message']]).toEqual([
    409,
    'Unable to delete version because the following aliases reference it: [all]',
  ])
})

const urlSource = `import json
def handler(event, context):
    return {'statusCode': 200, 'headers': {'x-path': event['rawPath']}, 'cookies': ['a=1'], 'body': json.dumps(event)}
`

function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; host?: string; body?: string } = {},
) {
  const target = new URL(url)
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: target.port,
        method: options.method ?? 'GET',
        path: target.pathname + target.search,
        headers: { host: options.host ?? target.host, ...options.headers },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
      },
    )
    request.on('error', reject)
    request.end(options.body)
  })
}

test('a function URL gives the event of a request, by path and by name, and keeps to its policy', async () => {
  await create('web', urlSource)
  await waitActive('web')
  const { FunctionUrl } = json(
    await call(endpoint, 'CreateFunctionUrlConfig', {
      FunctionName: 'web',
      AuthType: 'NONE',
      Cors: { AllowOrigins: ['https://page.example'], AllowMethods: ['GET'] },
    }),
  ) as { FunctionUrl: string }
  expect(new URL(FunctionUrl).port).not.toBe(new URL(endpoint.url).port)
  expect(await ask(FunctionUrl)).toMatchObject({
    status: 403,
    headers: { 'x-amzn-errortype': 'AccessDeniedException' },
  })
  await call(endpoint, 'AddPermission', {
    FunctionName: 'web',
    StatementId: 'open',
    Action: 'lambda:InvokeFunctionUrl',
    Principal: '*',
    FunctionUrlAuthType: 'NONE',
  })
  const answer = await ask(`${FunctionUrl}a%20b?x=1&x=2&y`, {
    headers: { cookie: 'c=1; d=2', origin: 'https://page.example' },
  })
  expect(answer).toMatchObject({
    status: 200,
    headers: { 'x-path': '/a b', 'set-cookie': ['a=1'], 'access-control-allow-origin': 'https://page.example' },
  })
  expect(JSON.parse(answer.text)).toMatchObject({
    version: '2.0',
    rawQueryString: 'x=1&x=2&y',
    queryStringParameters: { x: '1,2', y: '' },
    cookies: ['c=1', 'd=2'],
    requestContext: { accountId: 'anonymous', http: { method: 'GET', path: '/a b' }, stage: '$default' },
    isBase64Encoded: false,
  })
  const id = /[a-z0-9]{32}/.exec(FunctionUrl)![0]
  const byName = await ask(`http://127.0.0.1:${new URL(FunctionUrl).port}/named`, {
    host: `${id}.lambda-url.us-east-1.localhost:1`,
  })
  expect(byName.headers['x-path']).toBe('/named')
  const preflight = await ask(FunctionUrl, {
    method: 'OPTIONS',
    headers: { origin: 'https://page.example', 'access-control-request-method': 'GET' },
  })
  expect(preflight).toMatchObject({ status: 200, headers: { 'access-control-allow-methods': 'GET' }, text: '' })
  expect((await ask(FunctionUrl, { host: 'evil.example' })).status).toBe(403)
})

test('a function URL with AWS_IAM answers a signed request and refuses others', async () => {
  await create('guarded', urlSource)
  await waitActive('guarded')
  const { FunctionUrl } = json(
    await call(endpoint, 'CreateFunctionUrlConfig', { FunctionName: 'guarded', AuthType: 'AWS_IAM' }),
  ) as { FunctionUrl: string }
  expect((await ask(FunctionUrl)).status).toBe(403)
  const target = new URL(FunctionUrl)
  const payloadHash = createHash('sha256').update('').digest('hex')
  const headers = signRequest(
    { method: 'GET', path: target.pathname, query: '', headers: { host: target.host } },
    { credentials: endpoint.credentials, region: 'us-east-1', service: 'lambda', date: new Date(), payloadHash },
  )
  const answer = await ask(FunctionUrl, { headers })
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.text)).toMatchObject({
    requestContext: { authorizer: { iam: { accountId: '123456789012' } } },
  })
})

test('a key of another account may invoke what the policy lets it, and nothing else', async () => {
  const body = JSON.stringify({ name: 'guest', accountId: '222222222222' })
  const key = json(await send(endpoint, { method: 'POST', path: '/_zipyard/keys', body })) as {
    accessKeyId: string
    secretAccessKey: string
  }
  const guest: Endpoint = { ...endpoint, credentials: key }
  const FunctionName = 'arn:aws:lambda:us-east-1:123456789012:function:moving'
  expect((await call(guest, 'Invoke', { FunctionName })).status).toBe(403)
  await call(endpoint, 'AddPermission', {
    FunctionName,
    StatementId: 'guest',
    Action: 'lambda:InvokeFunction',
    Principal: '222222222222',
  })
  const answer = await call(guest, 'Invoke', { FunctionName })
  expect([answer.status, answer.body.toString()]).toEqual([200, '"new"'])
  expect((await call(guest, 'GetFunction', { FunctionName })).status).toBe(403)
  expect((await call(guest, 'Invoke', { FunctionName: FunctionName.replace('moving', 'located') })).status).toBe(403)
})

test('lists are cut into pages that follow each other, and a made-up marker is refused', async () => {
  for (let index = 0; index < 5; index++) await create(`page-${index}`, 'x = 1\n')
  const names: string[] = []
  let Marker: string | undefined
  do {
    const page = json(
      await call(endpoint, 'ListFunctions', { MaxItems: 2, ...(Marker !== undefined && { Marker }) }),
    ) as { Functions: { FunctionName: string }[]; NextMarker?: string }
    expect(page.Functions.length).toBeLessThanOrEqual(2)
    names.push(...page.Functions.map((one) => one.FunctionName))
    Marker = page.NextMarker
  } while (Marker !== undefined)
  expect(names.filter((name) => name.startsWith('page-'))).toEqual([0, 1, 2, 3, 4].map((index) => `page-${index}`))
  expect(new Set(names).size).toBe(names.length)
  expect((await call(endpoint, 'ListFunctions', { Marker: 'made-up' })).status).toBe(400)
})

test('an operation that is refused says so by name', async () => {
  const answer = await call(endpoint, 'ListEventSourceMappings', {})
  expect([answer.status, json(answer)['message']]).toEqual([
    400,
    'The operation `ListEventSourceMappings` is not supported by Zipyard',
  ])
  const unknown = await send(endpoint, { method: 'GET', path: '/2015-03-31/nothing' })
  expect([unknown.status, unknown.headers['x-amzn-errortype']]).toEqual([404, 'UnknownOperationException'])
})
