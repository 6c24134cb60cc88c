import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** How a package index answers one path. */
export type IndexAnswer = (request: IncomingMessage, response: ServerResponse, attempt: number) => void

export interface IndexServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** `GET /path` of every request, in order. */
  readonly requests: string[]
  readonly headers: IncomingMessage['headers'][]
}

/** A package index on loopback that answers as a test says; paths it does not know are 404. Stopped when the test ends. */
export async function indexServer(answers: Readonly<Record<string, IndexAnswer>>): Promise<IndexServer> {
  const requests: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const attempts = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = request.url!
    requests.push(`${request.method} ${path}`)
    headers.push(request.headers)
    const attempt = (attempts.get(path) ?? 0) + 1
    attempts.set(path, attempt)
    const answer = answers[path]
    if (answer) answer(request, response, attempt)
    else response.writeHead(404, { 'content-type': 'text/html' }).end('<html>404</html>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, headers }
}

/** An answer with a body. */
export function answer(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): IndexAnswer {
  return (_request, response) => {
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers }).end(body)
  }
}

/** A project's page in JSON (PEP 691). */
export function projectPage(files: readonly object[]): IndexAnswer {
  return answer(200, JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'x', files }), {
    'content-type': 'application/vnd.pypi.simple.v1+json',
  })
}
