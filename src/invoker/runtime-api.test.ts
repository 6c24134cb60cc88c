import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { RuntimeApi, type RuntimeApiListener } from './runtime-api.ts'

const open: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const root = '/2018-06-01/runtime'
const event = {
  requestId: 'id-1',
  deadlineMs: 1234,
  invokedArn: 'arn:x',
  traceHeader: 'Root=1',
  payload: Buffer.from('{"a": 1}'),
}

const transition = (from: string, to: string) => ({
  status: 403,
  body: `{"errorMessage":"State transition from ${from} to ${to} failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}`,
})

/** A Runtime API, what it heard, and a runtime that says what it is told. */
async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-api-'))
  open.push(() => rmSync(folder, { recursive: true, force: true }))
  const heard: string[] = []
  const listener: RuntimeApiListener = {
    waiting: () => heard.push('waiting'),
    responded: (id, body) => heard.push(`response ${id} ${body.length > 100 ? body.length : body.toString()}`),
    failed: (id, body) => heard.push(`error ${id} ${body.toString()}`),
    responseTooLarge: (id) => heard.push(`too large ${id}`),
    initFailed: (body) => heard.push(`init error ${body.toString()}`),
  }
  const api = await RuntimeApi.listen(join(folder, 's'), listener)
  open.push(() => api.close())
  const runtime = await Runtime.connect(join(folder, 's'))
  open.push(() => runtime.close())
  return { api, heard, runtime, folder }
}

/** As `setUp`, where the runtime has taken an event. */
async function setUpRunning() {
  const all = await setUp()
  all.runtime.next()
  await expect.poll(() => all.heard.length).toBe(1)
  all.api.dispatch(event)
  await all.runtime.answer()
  return all
}

class Runtime {
  readonly #socket: Socket
  #received = ''
  #heard: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text
      this.#heard?.()
    })
    socket.on('error', () => undefined)
  }

  static async connect(path: string): Promise<Runtime> {
    const socket = connect(path)
    await new Promise((resolve) => socket.once('connect', resolve))
    return new Runtime(socket)
  }

  say(text: string): void {
    this.#socket.write(text)
  }

  post(path: string, body: string, headers = ''): void {
    this.say(
      `POST ${root}${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

  next(): void {
    this.say(`GET ${root}/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n`)
  }

  /** The next whole answer: status, headers, body. */
  async answer(): Promise<{ status: number; headers: string; body: string }> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(this.#received.slice(0, end))?.[1] ?? 0)
      if (end >= 0 && this.#received.length >= end + 4 + length) {
        const headers = this.#received.slice(0, end)
        const body = this.#received.slice(end + 4, end + 4 + length)
        this.#received = this.#received.slice(end + 4 + length)
        return { status: Number(headers.slice(9, 12)), headers, body }
      }
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  get pending(): string {
    return this.#received
  }

  close(): void {
    this.#socket.destroy()
  }
}

describe('the Runtime API', () => {
  test('hands an event to the runtime that waits, with the headers of Lambda and the bytes as they are', async () => {
    const { api, heard, runtime } = await setUp()
    runtime.next()
    await expect.poll(() => heard).toEqual(['waiting'])
    api.dispatch({ ...event, clientContext: '{"custom":\n{"a":1}}', cognitoIdentity: '{}' })
    const { status, headers, body } = await runtime.answer()
    expect(status).toBe(200)
    expect(headers.split('\r\n').slice(1)).toEqual([
      'Content-Type: application/json',
      'Lambda-Runtime-Aws-Request-Id: id-1',
      'Lambda-Runtime-Deadline-Ms: 1234',
      'Lambda-Runtime-Invoked-Function-Arn: arn:x',
      'Lambda-Runtime-Trace-Id: Root=1',
      'Lambda-Runtime-Client-Context: {"custom": {"a":1}}',
      'Lambda-Runtime-Cognito-Identity: {}',
      'Content-Length: 8',
    ])
    expect(body).toBe('{"a": 1}')
  })

  test('takes the result and says so before it is asked for more', async () => {
    const { heard, runtime } = await setUpRunning()
    runtime.post('/invocation/id-1/response', '"done"')
    expect(await runtime.answer()).toMatchObject({ status: 202, body: '{"status":"OK"}\n' })
    expect(heard).toEqual(['waiting', 'response id-1 "done"'])
  })

  test('answers a result and the request for the next event that came together in one write', async () => {
    const { api, heard, runtime } = await setUpRunning()
    runtime.say(
      `POST ${root}/invocation/id-1/response HTTP/1.1\r\nContent-Length: 1\r\n\r\n1GET ${root}/invocation/next HTTP/1.1\r\n\r\n`,
    )
    await expect.poll(() => heard).toEqual(['waiting', 'response id-1 1', 'waiting'])
    expect(runtime.pending).toBe('')
    api.dispatch({ ...event, requestId: 'id-2' })
    expect(await runtime.answer()).toMatchObject({ status: 202 })
    expect((await runtime.answer()).headers).toContain('id-2')
  })

  test.each(['buffered', 'Streaming', 'bogus'])('refuses the response mode `%s`', async (mode) => {
    const { heard, runtime } = await setUpRunning()
    runtime.say(
      `POST ${root}/invocation/id-1/response HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: ${mode}\r\nContent-Length: 1\r\n\r\n1`,
    )
    expect(await runtime.answer()).toMatchObject({
      status: 400,
      body: '{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}',
    })
    expect(heard.at(-1)).toBe(
      'error id-1 {"errorType":"Runtime.InvalidResponseModeHeader","errorMessage":"RequestId: id-1 Error: Invalid function response mode"}',
    )
    runtime.next()
    await expect.poll(() => heard.at(-1)).toBe('waiting')
  })

  test('understands chunks, however they arrive, and the trailers of a stream that failed', async () => {
    const { api, heard, runtime } = await setUpRunning()
    const request = `POST ${root}/invocation/id-1/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n`
    for (const letter of request) {
      runtime.say(letter)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await runtime.answer()).status).toBe(202)
    runtime.next()
    await expect.poll(() => heard).toEqual(['waiting', 'response id-1 abcde', 'waiting'])
    api.dispatch({ ...event, requestId: 'id-2' })
    await runtime.answer()
    const failure = Buffer.from('{"errorMessage":"broke"}').toString('base64')
    runtime.say(
      `POST ${root}/invocation/id-2/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nLambda-Runtime-Function-Error-Type: Function.X\r\nLambda-Runtime-Function-Error-Body: ${failure}\r\n\r\n`,
    )
    await runtime.answer()
    expect(heard.at(-1)).toBe('error id-2 {"errorMessage":"broke"}')
  })

  test('says 100 to a client that asks before it sends', async () => {
    const { heard, runtime } = await setUpRunning()
    runtime.say(`POST ${root}/invocation/id-1/response HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`)
    expect((await runtime.answer()).status).toBe(100)
    runtime.say('42')
    expect((await runtime.answer()).status).toBe(202)
    expect(heard.at(-1)).toBe('response id-1 42')
  })

  test.each([
    [`Content-Length: ${6_291_557}\r\n\r\n${'x'.repeat(6_291_557)}`],
    [`Transfer-Encoding: chunked\r\n\r\n${(6_291_557).toString(16)}\r\n${'x'.repeat(6_291_557)}\r\n0\r\n\r\n`],
  ])('refuses a result that is too large and tells at once', async (rest) => {
    const { heard, runtime } = await setUpRunning()
    runtime.say(`POST ${root}/invocation/id-1/response HTTP/1.1\r\n${rest}`)
    expect(await runtime.answer()).toMatchObject({
      status: 413,
      body: '{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}',
    })
    expect(heard).toEqual(['waiting', 'too large id-1'])
  })

  test('takes the largest result', async () => {
    const { heard, runtime } = await setUpRunning()
    runtime.post('/invocation/id-1/response', 'x'.repeat(6_291_556))
    expect((await runtime.answer()).status).toBe(202)
    expect(heard.at(-1)).toBe('response id-1 6291556')
  })

  test('refuses calls that do not fit the state, and ids that are not the current one', async () => {
    const { api, heard, runtime } = await setUp()
    runtime.post('/invocation/id-1/response', '1')
    expect(await runtime.answer()).toMatchObject(transition('Started', 'InvocationResponse'))
    runtime.next()
    await expect.poll(() => heard.length).toBe(1)
    runtime.post('/init/error', '{}')
    expect(await runtime.answer()).toMatchObject(transition('Ready', 'InitError'))
    api.dispatch(event)
    await runtime.answer()
    runtime.next()
    expect(await runtime.answer()).toMatchObject(transition('Running', 'Ready'))
    runtime.post('/invocation/other/response', '1')
    expect(await runtime.answer()).toMatchObject({
      status: 400,
      body: '{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}',
    })
    runtime.post('/invocation/id-1/error', '{"errorType":"X"}')
    expect((await runtime.answer()).status).toBe(202)
    runtime.post('/invocation/id-1/response', '1')
    expect(await runtime.answer()).toMatchObject(transition('ResponseSent', 'InvocationResponse'))
    expect(heard).toEqual(['waiting', 'error id-1 {"errorType":"X"}'])
  })

  test('hears of a failed init, pings back, and knows what it does not know', async () => {
    const { heard, runtime } = await setUp()
    runtime.say('GET /2018-06-01/ping HTTP/1.1\r\n\r\n')
    expect(await runtime.answer()).toMatchObject({ status: 200, body: 'pong' })
    runtime.say('GET /nothing HTTP/1.1\r\n\r\n')
    expect((await runtime.answer()).status).toBe(404)
    runtime.post('/init/error', '{"errorType":"Runtime.X"}')
    expect((await runtime.answer()).status).toBe(202)
    expect(heard).toEqual(['init error {"errorType":"Runtime.X"}'])
  })

  test('forgets a runtime that hung up, and survives one that talks nonsense', async () => {
    const { api, heard, runtime, folder } = await setUp()
    runtime.next()
    await expect.poll(() => api.isWaiting).toBe(true)
    runtime.close()
    await expect.poll(() => api.isWaiting).toBe(false)
    for (const nonsense of [
      '\r\n\r\n',
      'GET\r\n\r\n',
      'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      'x'.repeat(3_000_000),
    ]) {
      const other = await Runtime.connect(join(folder, 's'))
      other.say(nonsense)
      await new Promise((resolve) => setTimeout(resolve, 5))
      other.close()
    }
    const sound = await Runtime.connect(join(folder, 's'))
    open.push(() => sound.close())
    sound.next()
    await expect.poll(() => heard).toEqual(['waiting', 'waiting'])
  })

  test('listens by TCP too when it is asked to', async () => {
    const { api, heard } = await setUp()
    const [host, port] = (await api.listenTcp()).split(':')
    const answer = fetch(`http://${host}:${port}${root}/invocation/next`)
    await expect.poll(() => heard).toEqual(['waiting'])
    api.dispatch(event)
    expect(await (await answer).json()).toEqual({ a: 1 })
  })
})

test('whoever does not read its answers is not read either, and is answered when it does', async () => {
  const { folder } = await setUp()
  const socket = connect(join(folder, 's'))
  open.push(() => void socket.destroy())
  socket.pause()
  const ping = 'GET /2018-06-01/ping HTTP/1.1\r\n\r\n'
  const pings = 600_000
  socket.write(ping.repeat(pings))
  // As long as more of it leaves, somebody reads.
  for (let before = -1, quiet = 0; quiet < 20; quiet = socket.writableLength === before ? quiet + 1 : 0) {
    before = socket.writableLength
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(socket.writableLength).toBeGreaterThan(0)
  const pong = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npong'
  let received = 0
  await new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
      if (received >= pings * pong.length) resolve()
    })
    socket.resume()
  })
  expect(received).toBe(pings * pong.length)
})

test('a result that comes byte by byte, in chunks of one, arrives whole', async () => {
  const { api, heard, runtime } = await setUp()
  runtime.say(`GET ${root}/invocation/next HTTP/1.1\r\n\r\n`)
  await expect.poll(() => heard).toEqual(['waiting'])
  api.dispatch(event)
  const text = JSON.stringify('0123456789'.repeat(500))
  runtime.say(`POST ${root}/invocation/id-1/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n`)
  for (const character of text) runtime.say(`1\r\n${character}\r\n`)
  runtime.say('0\r\n\r\n')
  await expect.poll(() => heard).toEqual(['waiting', `response id-1 ${text.length}`])
})

test('trailers without end close the connection', async () => {
  const { folder } = await setUp()
  const socket = connect(join(folder, 's'))
  socket.on('error', () => undefined)
  socket.write(`POST ${root}/invocation/id-1/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n`)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (let count = 0; count < 60_000 && !socket.destroyed; count += 1) {
    if (!socket.write(`X-${count}: ${'y'.repeat(100)}\r\n`)) await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
})
