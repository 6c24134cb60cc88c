/** An HTTP client as Node programs have one: `node:http` with an agent that keeps its connection. */
import { Agent, request as httpRequest } from 'node:http'

export class AgentClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #url: URL

  constructor(url: string) {
    this.#url = new URL(url)
  }

  /** @param message a whole request, as `BenchService.request` makes it */
  send(message: Buffer): Promise<void> {
    const end = message.indexOf('\r\n\r\n')
    const [line = '', ...fields] = message.toString('latin1', 0, end).split('\r\n')
    const [method, path] = line.split(' ') as [string, string]
    const headers = Object.fromEntries(fields.map((field) => field.split(/:\s*(.*)/s).slice(0, 2)))
    const { hostname: host, port } = this.#url
    return new Promise((resolve, reject) => {
      const request = httpRequest({ agent: this.#agent, host, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          if (response.statusCode === 200) resolve()
          else reject(new Error(`${response.statusCode}: ${Buffer.concat(chunks)}`))
        })
      })
      request.on('error', reject)
      request.end(message.subarray(end + 4))
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
