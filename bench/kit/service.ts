/** A service in a process of its own, as `zipyard serve` starts it, on a data folder that is removed afterwards. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { signRequest } from '../../src/aws/sigv4.ts'

export interface BenchService {
  readonly url: string
  readonly processId: number
  /** The bytes of a signed request, to be sent as often as one likes while its signature is young. */
  request(method: string, path: string, body: Buffer | string, headers?: Readonly<Record<string, string>>): Buffer
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string }>
  /** Creates a function and waits until it can be invoked. */
  create(name: string, settings: Readonly<Record<string, unknown>> & { readonly zip: Buffer }): Promise<void>
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** @param dataFolder one that is there already and stays; a new one that is removed afterwards when absent */
export function startService(flags: readonly string[] = [], dataFolder?: string): Promise<BenchService> {
  const built = join(root, 'dist/cli/main.js')
  const program =
    existsSync(built) && process.env['ZIPYARD_BENCH_SOURCE'] === undefined
      ? [built]
      : ['--import', 'tsx', join(root, 'src/cli/main.ts')]
  return startProgram((data) => [...program, 'serve', '--port', '0', '--data', data, '--json', ...flags], dataFolder)
}

/** The service out of its sources, with or without freezing its environments (`service-process.ts`). */
export function startServiceThat(freezes: boolean): Promise<BenchService> {
  const program = fileURLToPath(new URL('service-process.ts', import.meta.url))
  return startProgram((data) => ['--import', 'tsx', program, data, String(freezes)])
}

/** @param argv what Node runs for a data folder: it prints its URL as JSON, and writes its keys to `service.json` */
async function startProgram(argv: (data: string) => string[], dataFolder?: string): Promise<BenchService> {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-bench-'))
  const data = dataFolder ?? join(folder, 'data')
  const child = spawn(process.execPath, argv(data), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-10_000)
  })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve((JSON.parse(line) as { url: string }).url))
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${errors}`)))
  })
  const file = JSON.parse(readFileSync(join(data, 'service.json'), 'utf8')) as {
    accessKeyId: string
    secretAccessKey: string
    region: string
  }
  const { host } = new URL(url)
  const sign = (
    method: string,
    path: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
  ): Record<string, string> => {
    const [pathname = '', query = ''] = path.split('?')
    const all = { host, ...headers }
    const added = signRequest(
      { method, path: pathname, query, headers: all },
      {
        credentials: file,
        region: file.region,
        service: 'lambda',
        date: new Date(),
        payloadHash: createHash('sha256').update(body).digest('hex'),
      },
    )
    return { ...all, ...added }
  }
  const service: BenchService = {
    url,
    processId: child.pid!,
    request(method, path, body, headers = {}) {
      const bytes = Buffer.from(body)
      const lines = Object.entries(sign(method, path, bytes, headers)).map(([name, value]) => `${name}: ${value}`)
      return Buffer.concat([
        Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\ncontent-length: ${bytes.length}\r\n\r\n`),
        bytes,
      ])
    },
    async call(method, path, body, headers = {}) {
      const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: sign(method, path, bytes, headers),
        ...(body === undefined ? {} : { body: bytes }),
      })
      return { status: answer.status, text: await answer.text() }
    },
    async create(name, { zip, ...settings }) {
      const role = 'arn:aws:iam::123456789012:role/bench'
      const created = await service.call('POST', '/2015-03-31/functions', {
        FunctionName: name,
        Role: role,
        Handler: 'app.handler',
        Timeout: 60,
        ...settings,
        Code: { ZipFile: zip.toString('base64') },
      })
      if (created.status !== 201) throw new Error(created.text)
      for (;;) {
        const state = await service.call('GET', `/2015-03-31/functions/${name}/configuration`)
        if (/"State":\s*"Active"/.test(state.text)) return
        if (/"State":\s*"Failed"/.test(state.text)) throw new Error(state.text)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async stop() {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return service
}
