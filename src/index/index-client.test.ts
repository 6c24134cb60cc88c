import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { answer, indexServer, projectPage, type IndexAnswer } from '../../test/kit/index-server.ts'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { createIndexClient, type IndexClient, type IndexClientOptions } from './index-client.ts'
import type { IndexConfiguration } from './index-configuration.ts'

const pauses: number[] = []
/** Waits are noted, not waited. */
const impatient: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    pauses.push(ms)
    const handle = setImmediate(callback)
    return { cancel: () => clearImmediate(handle) }
  },
}

async function client(
  indexes: readonly string[],
  more: Partial<IndexConfiguration> = {},
  options: Partial<IndexClientOptions> = {},
): Promise<IndexClient> {
  pauses.length = 0
  const made = await createIndexClient({
    configuration: {
      indexes: indexes.map((url) => ({ url })),
      findLinks: [],
      noIndex: false,
      certificateFiles: [],
      trustedHosts: [],
      timeoutSeconds: 10,
      retries: 3,
      strategy: 'all',
      ...more,
    },
    environment: {},
    clock: impatient,
    ...options,
  })
  onTestFinished(() => made.close())
  return made
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of bytes) parts.push(part)
  return Buffer.concat(parts).toString('latin1')
}

const content = Array.from({ length: 50_000 }, (_, index) => String.fromCharCode(index % 256)).join('')
const body = Buffer.from(content, 'latin1')
const wheel = 'a-1.0-py3-none-any.whl'

test('the files of a project come from every index, the same file once', async () => {
  const one = await indexServer({
    '/simple/a-b/': projectPage([{ filename: 'a_b-1.0.tar.gz', url: 'a_b-1.0.tar.gz', hashes: { sha256: '11' } }]),
  })
  const two = await indexServer({
    '/a-b/': answer(
      200,
      '<html><a href="/f/a_b-1.0.tar.gz#sha256=11">x</a><a href="/f/a_b-2.0.tar.gz#sha256=22">x</a></html>',
      { 'content-type': 'text/html' },
    ),
  })
  const files = await (await client([`${one.url}/simple/`, `${two.url}/`])).files('A.b')
  expect(files.map(({ filename, url }) => [filename, url])).toEqual([
    ['a_b-1.0.tar.gz', `${one.url}/simple/a-b/a_b-1.0.tar.gz`],
    ['a_b-2.0.tar.gz', `${two.url}/f/a_b-2.0.tar.gz`],
  ])
  expect(one.headers[0]!['accept']).toContain('application/vnd.pypi.simple.v1+json')
})

const page = (version: string): IndexAnswer => projectPage([{ filename: `a-${version}.tar.gz`, url: 'x', hashes: {} }])

test('with `first-index` a public project cannot stand in for a private one of the same name', async () => {
  const [own, other] = [
    await indexServer({ '/a/': page('1.0') }),
    await indexServer({ '/a/': page('9.0'), '/b/': page('1.0') }),
  ]
  const both = await client([`${own.url}/`, `${other.url}/`], { strategy: 'first-index' })
  expect((await both.files('a')).map(({ filename }) => filename)).toEqual(['a-1.0.tar.gz'])
  expect((await both.files('b')).length).toBe(1)
})

test('a project that no index has is told with the indexes that were asked, without their passwords', async () => {
  const { url } = await indexServer({})
  const failing = (await client([`${url.replace('//', '//me:secret@')}/simple/`])).files('nope')
  await expect(failing).rejects.toThrow(`No package index has \`nope\`: asked \`${url}/simple/\``)
  await expect(failing).rejects.not.toThrow('secret')
})

test('with `--no-index` no index is asked, also none that a lock names', async () => {
  const named = await indexServer({ '/a/': page('1.0') })
  const failing = (await client([], { noIndex: true })).files('a', { indexes: [`${named.url}/`] })
  await expect(failing).rejects.toThrow('No package index has `a`')
  expect(named.requests).toEqual([])
})

test('`--find-links` folders and pages are searched beside the indexes', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, wheel), 'bytes')
  writeFileSync(join(folder, 'b-1.0-py3-none-any.whl'), 'other')
  const { url } = await indexServer({
    '/links.html': answer(200, '<html><a href="a-2.0.tar.gz">a</a><a href="b-2.0.tar.gz">b</a></html>', {
      'content-type': 'text/html',
    }),
  })
  const files = await (await client([], { noIndex: true, findLinks: [folder, `${url}/links.html`] })).files('a')
  expect(files.map(({ url: place, hashes }) => [place, hashes])).toEqual([
    [pathToFileURL(join(folder, wheel)).href, { sha256: sha256('bytes') }],
    [`${url}/a-2.0.tar.gz`, {}],
  ])
  const bytes = (await client([])).download({ filename: wheel, url: pathToFileURL(join(folder, wheel)).href })
  expect(await collect(bytes)).toBe('bytes')
  await expect((await client([], { findLinks: [join(folder, 'missing')] })).files('a')).rejects.toThrow(
    'can be read neither as a folder nor as a page',
  )
})

test('a file is downloaded with progress', async () => {
  const { url } = await indexServer({ [`/${wheel}`]: answer(200, body) })
  const seen: (number | undefined)[][] = []
  const bytes = (await client([])).download(
    { filename: wheel, url: `${url}/${wheel}` },
    { onProgress: (received, total) => seen.push([received, total]) },
  )
  expect(await collect(bytes)).toBe(content)
  expect(seen.at(-1)).toEqual([50_000, 50_000])
})

/** Sends what is asked from, but breaks the connection `breaks` times. */
function breaking(
  breaks: number,
  options: { readonly ranges?: boolean; readonly perAttempt?: number } = {},
): IndexAnswer {
  const { ranges = true, perAttempt = 20_000 } = options
  return (request, response, attempt) => {
    const from = ranges ? Number(/bytes=(\d+)-/.exec(request.headers['range'] ?? '')?.[1] ?? 0) : 0
    const headers = {
      'content-length': String(body.length - from),
      etag: '"1"',
      ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    }
    response.writeHead(from > 0 ? 206 : 200, headers)
    if (attempt > breaks) response.end(body.subarray(from))
    else response.write(body.subarray(from, from + perAttempt), () => setImmediate(() => response.destroy()))
  }
}

test('a download that breaks off is taken up where it broke', async () => {
  const { url, headers } = await indexServer({ [`/${wheel}`]: breaking(2) })
  expect(await collect((await client([])).download({ filename: wheel, url: `${url}/${wheel}` }))).toBe(content)
  expect(headers.length).toBe(3)
  expect(Number(/bytes=(\d+)-/.exec(headers[1]!['range']!)![1])).toBeGreaterThan(0)
  expect(headers[1]!['if-range']).toBe('"1"')
})

test('a server that cannot continue sends all again, and what was there is skipped', async () => {
  const { url } = await indexServer({ [`/${wheel}`]: breaking(2, { ranges: false }) })
  expect(await collect((await client([])).download({ filename: wheel, url: `${url}/${wheel}` }))).toBe(content)
})

test('a download that always breaks off is given up, with how far it came', async () => {
  const { url } = await indexServer({ [`/${wheel}`]: breaking(1_000, { ranges: false, perAttempt: 1_000 }) })
  const bytes = (await client([])).download({ filename: wheel, url: `${url}/${wheel}`, sizeBytes: 50_000 })
  await expect(collect(bytes)).rejects.toThrow(/The download of `.*\.whl` broke off after 1000 of 50000 bytes, 4 times/)
})

test('an answer without length that ends early is noticed by the size that the index gave', async () => {
  const { url } = await indexServer({
    [`/${wheel}`]: (_request, response) => void response.writeHead(200).end(body.subarray(0, 100)),
  })
  const bytes = (await client([])).download({ filename: wheel, url: `${url}/${wheel}`, sizeBytes: 50_000 })
  await expect(collect(bytes)).rejects.toThrow('broke off after')
})

test('an address that is none is told', async () => {
  for (const url of ['x', 'ftp://me:secret@x.example/a', 'https://']) {
    const failing = collect((await client([])).download({ filename: wheel, url }))
    await expect(failing).rejects.toMatchObject({ code: 'ZY0342', message: expect.not.stringContaining('secret') })
  }
})

test('429 and 5xx are tried again after what the server asks for, or a growing pause', async () => {
  const { url, requests } = await indexServer({
    '/a/': (request, response, attempt) => {
      if (attempt === 1) response.writeHead(429, { 'retry-after': '7' }).end()
      else if (attempt < 4) response.writeHead(503).end()
      else projectPage([{ filename: 'a-1.0.tar.gz', url: 'x', hashes: {} }])(request, response, attempt)
    },
  })
  expect((await (await client([`${url}/`])).files('a')).length).toBe(1)
  expect(requests.length).toBe(4)
  expect(pauses).toEqual([7000, 500, 1000])
})

test.each([
  [401, 'asks for credentials (401)', 1],
  [403, 'asks for credentials (403)', 1],
  [418, 'answered 418', 1],
  [429, 'refuses more requests for now (429, 4 attempts)', 4],
  [500, 'answered 500 (4 attempts)', 4],
])('%i from an index: %s', async (status, message, attempts) => {
  const { url, requests } = await indexServer({ '/a/': answer(status, 'x') })
  await expect((await client([`${url}/`])).files('a')).rejects.toThrow(message)
  expect(requests.length).toBe(attempts)
})

test('a file that is gone, and a web page in its place, are told by address', async () => {
  const { url } = await indexServer({
    '/page.whl': answer(200, '<html>Please log in</html>', { 'content-type': 'text/html' }),
  })
  const download = async (path: string): Promise<string> =>
    collect((await client([])).download({ filename: wheel, url: `${url}${path}?token=secret` }))
  await expect(download('/gone.whl')).rejects.toThrow(`\`${url}/gone.whl\` does not exist (404)`)
  const server = await indexServer({
    '/page.whl?token=secret': answer(200, '<html>Please log in</html>', { 'content-type': 'text/html' }),
  })
  const failing = collect((await client([])).download({ filename: wheel, url: `${server.url}/page.whl?token=secret` }))
  await expect(failing).rejects.toThrow(`\`${server.url}/page.whl\` answered with a web page where a file was expected`)
})

test('a login page and a page that is none are told', async () => {
  const html = { 'content-type': 'text/html' }
  const { url } = await indexServer({
    '/a/': answer(200, '<html><form><input type="password"></form></html>', html),
    '/b/': answer(200, 'hello', { 'content-type': 'text/plain' }),
  })
  const asking = await client([`${url}/`])
  await expect(asking.files('a')).rejects.toThrow('cannot be read: it is a login page')
  await expect(asking.files('b')).rejects.toThrow('cannot be read: it is neither JSON nor HTML')
})

test('a name that nobody knows and a port where nobody listens are told apart', async () => {
  await expect((await client(['http://no-such-host.invalid/'])).files('a')).rejects.toThrow(
    /`http:\/\/no-such-host.invalid\/a\/` cannot be reached: its name is unknown/,
  )
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  await expect((await client([`http://127.0.0.1:${port}/`], { retries: 1 })).files('a')).rejects.toThrow(
    'cannot be reached: nothing listens there (`ECONNREFUSED`)',
  )
})

test('a server that never answers is given up after the time that is configured', async () => {
  const { url } = await indexServer({ '/a/': () => undefined })
  await expect((await client([`${url}/`], { timeoutSeconds: 0.3, retries: 0 })).files('a')).rejects.toThrow(
    'cannot be reached: no answer came in time',
  )
})

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

test('credentials of an index go to its origin, files included, and nowhere else', async () => {
  const other = await indexServer({ '/f.whl': answer(200, 'other') })
  const own = await indexServer({
    '/simple/a/': projectPage([{ filename: wheel, url: '/f.whl', hashes: {} }]),
    '/f.whl': answer(200, 'own'),
    '/moved.whl': answer(302, '', { location: `${other.url}/f.whl` }),
  })
  const asking = await client([`${own.url.replace('//', '//me%40x:p%3Aw@')}/simple/`])
  const [file] = await asking.files('a')
  expect(file!.url).toBe(`${own.url}/f.whl`)
  expect(file!.index).toBe(`${own.url}/simple/`)
  expect(await collect(asking.download(file!))).toBe('own')
  expect(own.headers.map((headers) => headers.authorization)).toEqual([basic('me@x:p:w'), basic('me@x:p:w')])
  expect(await collect(asking.download({ filename: wheel, url: `${own.url}/moved.whl` }))).toBe('other')
  expect(other.headers[0]!.authorization).toBeUndefined()
})

test('a page may come packed, and one that unpacks without end is refused', async () => {
  const page = JSON.stringify({ files: [{ filename: 'a-1.0.tar.gz', url: 'x', hashes: {} }] })
  const gzip = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  const { url, headers } = await indexServer({
    '/a/': answer(200, gzipSync(page), gzip),
    '/b/': answer(200, gzipSync(Buffer.alloc(300 * 1024 * 1024)), gzip),
    '/c/': answer(200, 'plain', gzip),
  })
  const asking = await client([`${url}/`])
  expect((await asking.files('a')).length).toBe(1)
  expect(headers[0]!['accept-encoding']).toBe('gzip')
  await expect(asking.files('b')).rejects.toThrow('it says that it is gzip and is not, or is too large')
  await expect(asking.files('c')).rejects.toThrow('it says that it is gzip and is not')
})

test('credentials that are learned later are used for their origin', async () => {
  const { url, headers } = await indexServer({ '/f.whl': answer(200, 'x') })
  const asking = await client([])
  asking.rememberCredentials(`${url.replace('//', '//me:pw@')}/simple`)
  await collect(asking.download({ filename: wheel, url: `${url}/f.whl` }))
  expect(headers[0]!.authorization).toBe(basic('me:pw'))
})

test('credentials of netrc are used for their host', async () => {
  const { url, headers } = await indexServer({ '/a/': projectPage([]) })
  const netrcFile = join(temporaryFolder(), 'netrc')
  writeFileSync(
    netrcFile,
    '# mine\nmachine other.example login x password y\nmachine 127.0.0.1\n  login me\n  password "s p"\n',
  )
  await (await client([`${url}/`], { netrcFile })).files('a')
  expect(headers[0]!.authorization).toBe(basic('me:s p'))
})

test('refused credentials are told as refused, and not shown', async () => {
  const { url } = await indexServer({ '/a/': answer(401, '') })
  const failing = (await client([`${url.replace('//', '//me:secret@')}/`])).files('a')
  await expect(failing).rejects.toThrow(`\`${url}/a/\` refused the credentials (401)`)
  await expect(failing).rejects.toMatchObject({ message: expect.not.stringContaining('secret') })
})

test('offline, nothing goes out: pages come from before, and what is missing is refused by name', async () => {
  const kept = new Map<string, string>()
  const pages = {
    read: async (url: string) => (kept.has(url) ? Buffer.from(kept.get(url)!) : undefined),
    write: async (url: string, page: string) => void kept.set(url, page),
  }
  const { url, requests } = await indexServer({
    '/a/': projectPage([{ filename: 'a-1.0.tar.gz', url: 'x', hashes: {} }]),
  })
  await (await client([`${url.replace('//', '//me:secret@')}/`], {}, { pages })).files('a')
  expect([...kept.keys()]).toEqual([`${url}/a/`])
  expect(JSON.stringify([...kept])).not.toContain('secret')
  const offline = await client([`${url}/`], {}, { pages, offline: true })
  expect((await offline.files('a')).length).toBe(1)
  await expect(offline.files('b')).rejects.toThrow('`--offline` forbids fetching what versions `b` has from')
  expect(() => offline.download({ filename: wheel, url: `${url}/x.whl` })).toThrow(
    `\`--offline\` forbids fetching \`${wheel}\``,
  )
  expect(requests.length).toBe(1)
})

test('a page that did not change is not sent again', async () => {
  const kept = new Map<string, string>()
  const pages = {
    read: async (url: string) => (kept.has(url) ? Buffer.from(kept.get(url)!) : undefined),
    write: async (url: string, page: string) => void kept.set(url, page),
  }
  const { url } = await indexServer({
    '/a/': (request, response, attempt) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end()
      else
        answer(200, '<html><a href="a-1.0.tar.gz">a</a></html>', { 'content-type': 'text/html', etag: '"v1"' })(
          request,
          response,
          attempt,
        )
    },
  })
  expect((await (await client([`${url}/`], {}, { pages })).files('a')).length).toBe(1)
  expect((await (await client([`${url}/`], {}, { pages })).files('a')).length).toBe(1)
})

test('the METADATA of a wheel is read where the index has it apart', async () => {
  const { url } = await indexServer({
    '/a/': projectPage([{ filename: wheel, url: `/${wheel}`, hashes: {}, 'core-metadata': true }]),
    [`/${wheel}.metadata`]: answer(200, 'Name: a\n'),
  })
  const asking = await client([`${url}/`])
  const [file] = await asking.files('a')
  expect(await asking.metadata(file!)).toBe('Name: a\n')
  expect(await asking.metadata({ ...file!, metadata: undefined })).toBeUndefined()
})

test('a proxy of the environment is used, but not for hosts in NO_PROXY', async () => {
  const { url } = await indexServer({ '/a/': projectPage([{ filename: 'a-1.0.tar.gz', url: 'x', hashes: {} }]) })
  const seen: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    seen.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    const { port } = new URL(url)
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  const proxyUrl = `http://user:pw@127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const through = await client(['http://index.invalid/'], {}, { environment: { HTTP_PROXY: proxyUrl } })
  expect((await through.files('a')).length).toBe(1)
  expect(seen).toEqual([`index.invalid:80 ${basic('user:pw')}`])
  const around = await client([`${url}/`], {}, { environment: { HTTP_PROXY: proxyUrl, NO_PROXY: '127.0.0.1' } })
  expect((await around.files('a')).length).toBe(1)
  expect(seen.length).toBe(1)
})
