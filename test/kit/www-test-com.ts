/** A loopback proxy that answers for `https://www.test.com/` with a certificate of its own; every other host is refused. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from './zipyard.ts'

export const greeting = '<h1>this is www.test.com</h1>'

export interface TestSite {
  /** Value of `HTTPS_PROXY`. */
  readonly proxy: string
  /** PEM file for `REQUESTS_CA_BUNDLE`. */
  readonly certificate: string
  /** Hosts that were asked for. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

export async function startTestSite(): Promise<TestSite> {
  const folder = temporaryFolder('site')
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ${key} -out ${certificate} -subj /CN=www.test.com -addext subjectAltName=DNS:www.test.com`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  )
  const site = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_request, response) =>
    response.end(greeting),
  )
  await new Promise<void>((done) => site.listen(0, '127.0.0.1', done))
  const asked: string[] = []
  const open = new Set<Socket>()
  const proxy = createServer((_request, response) => response.writeHead(405).end())
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '')
    open.add(socket)
    socket.on('error', () => socket.destroy())
    if (request.url !== 'www.test.com:443') {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const upstream = connect((site.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  return {
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    certificate,
    asked,
    async stop() {
      for (const socket of open) socket.destroy()
      site.closeAllConnections()
      await Promise.all([new Promise((done) => proxy.close(done)), new Promise((done) => site.close(done))])
    },
  }
}
