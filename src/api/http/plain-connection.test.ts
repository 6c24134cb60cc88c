import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import type { Arrival } from './arrival.ts'
import { Patience } from './patience.ts'
import { PlainConnections } from './plain-connections.ts'

const plain: { arrival: Arrival; body: string }[] = []
let hold: Promise<void> | undefined
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  response.end(`node:${request.url}:${Buffer.concat(chunks).toString()}`)
})
const connections = new PlainConnections(server, new Patience(systemClock), (arrival) => {
  void (async () => {
    const body = (await arrival.hold(1000)).chunks.join('')
    plain.push({ arrival, body })
    await hold
    const text = `plain:${arrival.url}:${body}`
    arrival.answer(200, ['x-a', 'one\r\nx-b: two', 'content-length', Buffer.byteLength(text)], text)
  })()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => {
  connections.destroy()
  server.closeAllConnections()
  server.close()
})

/** A moment in which the server, which runs on this event loop, has read what was sent: on a busy machine a timer alone may come first. */
async function pause(): Promise<void> {
  await sleep(20)
  for (let turns = 0; turns < 3; turns += 1) await turn()
}

const signed = 'authorization: AWS4-HMAC-SHA256 Credential=k/20261122/us-east-1/lambda/aws4_request'

function request(path: string, body: string, ...headers: string[]): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\n${[signed, ...headers].map((line) => `${line}\r\n`).join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function open(): Promise<{ socket: Socket; answers(pattern: RegExp): Promise<string> }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return {
    socket,
    async answers(pattern) {
      while (!pattern.test(text)) await once(socket, 'data')
      return text
    },
  }
}

test('requests that follow each other are answered in one write each, and nothing can end a header early', async () => {
  const { socket, answers } = await open()
  socket.write(request('/1', 'é'))
  const first = await answers(/plain:\/1:é$/)
  expect(first).toMatch(
    /^HTTP\/1\.1 200 OK\r\nx-a: one {2}x-b: two\r\ncontent-length: 11\r\nDate: .* GMT\r\nConnection: keep-alive\r\n\r\n/,
  )
  socket.write(request('/2', ''))
  await answers(/plain:\/2:$/)
  socket.destroy()
})

test('a head and a body that arrive apart, and a body in pieces', async () => {
  const { socket, answers } = await open()
  const whole = request('/apart', 'abcdef')
  for (const [from, to] of [
    [0, whole.length - 6],
    [whole.length - 6, whole.length - 2],
    [whole.length - 2, whole.length],
  ] as const) {
    socket.write(whole.slice(from, to))
    await pause()
  }
  await answers(/plain:\/apart:abcdef$/)
  socket.destroy()
})

test('requests sent ahead are answered one after the other, in their order', async () => {
  const { socket, answers } = await open()
  socket.write(request('/1', 'a') + request('/2', 'b') + request('/3', 'c'))
  expect((await answers(/\/3:c$/)).match(/plain:[^H]*/g)).toEqual(['plain:/1:a', 'plain:/2:b', 'plain:/3:c'])
  socket.destroy()
})

test.each([
  [
    'with chunks',
    `POST /x HTTP/1.1\r\nhost: a\r\n${signed}\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    'node:/x:abc',
  ],
  ['for another service', request('/x', 'abc').replace('/lambda/', '/sts/'), 'node:/x:abc'],
  ['whose head arrives in pieces', request('/x', 'abc'), 'node:/x:abc'],
  ['that expects to be told', request('/x', 'abc', 'expect: 100-continue'), 'node:/x:abc'],
])(
  'a request %s takes the connection to Node, also behind plain ones, and it stays there',
  async (what, sent, expected) => {
    const { socket, answers } = await open()
    socket.write(request('/1', 'a'))
    await answers(/plain:\/1:a$/)
    if (what.includes('pieces')) {
      socket.write(sent.slice(0, 30))
      await pause()
      socket.write(sent.slice(30))
    } else socket.write(sent)
    await answers(new RegExp(expected))
    socket.write(request('/3', 'c'))
    await answers(/node:\/3:c/)
    socket.destroy()
  },
)

test('a request behind one that is still running goes to Node once that is answered', async () => {
  const { socket, answers } = await open()
  let go!: () => void
  hold = new Promise((resolve) => (go = resolve))
  socket.write(request('/slow', 'a'))
  while (plain.at(-1)?.arrival.url !== '/slow') await new Promise((resolve) => setTimeout(resolve, 5))
  socket.write(request('/x', 'abc').replace('/lambda/', '/sts/'))
  await pause()
  go()
  hold = undefined
  expect((await answers(/node:\/x:abc/)).indexOf('plain:/slow')).toBeGreaterThan(0)
  socket.destroy()
})

test('what Node refuses is refused: a length that contradicts, a broken line', async () => {
  for (const bad of [
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    'nonsense\r\n\r\n',
  ]) {
    const { socket, answers } = await open()
    socket.write(bad)
    await answers(/^HTTP\/1\.1 400/)
    socket.destroy()
  }
})

test('a client that ends its side gets the answer to what it had asked, then the end', async () => {
  const { socket, answers } = await open()
  socket.end(request('/last', 'a'))
  await answers(/plain:\/last:a$/)
  await once(socket, 'end')
})

test('the end of the server ends what is idle, and the others after their answer', async () => {
  const [idle, busy] = [await open(), await open()]
  idle.socket.write(request('/1', 'a'))
  await idle.answers(/\/1:a$/)
  let go!: () => void
  hold = new Promise((resolve) => (go = resolve))
  busy.socket.write(request('/busy', 'a'))
  while (plain.at(-1)?.arrival.url !== '/busy') await new Promise((resolve) => setTimeout(resolve, 5))
  const idleEnds = once(idle.socket, 'end')
  connections.end()
  await idleEnds
  go()
  hold = undefined
  await busy.answers(/plain:\/busy:a$/)
  await once(busy.socket, 'end')
})
