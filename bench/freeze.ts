/**
 * What it costs that nothing runs between invocations: an invocation through the Invoke API that finds its environment frozen, against the same of a
 * service that freezes none; a thaw, an invocation and a freeze in a row in one environment, which no invocation meets, since an environment is frozen
 * 20 ms after its last; and the processor time that a busy loop in the background gets while it is frozen.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mebibyte } from '../src/base/byte-size.ts'
import { findInterpreters } from '../src/interpreters/find-interpreters.ts'
import { runtimeFolder } from '../src/invoker/launch-plan.ts'
import { RuntimeApi } from '../src/invoker/runtime-api.ts'
import { openSandbox } from '../src/sandbox/open-sandbox.ts'
import { processTree } from '../src/sandbox/process-tree.ts'
import type { SandboxProcess } from '../src/sandbox/sandbox.ts'
import { warmEnvironment } from '../src/sandbox/warm-environment.ts'
import { archiveBytes } from '../src/zip/writer.ts'
import { KeepAliveClient } from './kit/keep-alive-client.ts'
import { distribution, report } from './kit/measure.ts'
import { startServiceThat, type BenchService } from './kit/service.ts'

const rounds = 12
const perRound = 200
/** Through the API: the pause before each invocation in milliseconds, and how many there are. */
const pauseMs = 30
const invocations = 400
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const echo = 'def handler(event, context):\n    return event\n'

class Client {
  readonly service: BenchService
  readonly #connection: KeepAliveClient
  readonly #request: Buffer

  private constructor(service: BenchService, connection: KeepAliveClient) {
    this.service = service
    this.#connection = connection
    this.#request = service.request('POST', '/2015-03-31/functions/echo/invocations', '{"key":"value"}')
  }

  static async of(service: BenchService): Promise<Client> {
    const zip = archiveBytes([{ path: 'app.py', bytes: echo }])
    await service.create('echo', { Runtime: `python${python.minor}`, zip })
    const client = new Client(service, await KeepAliveClient.open(service.url))
    // Until the service's code is compiled as it is after a while.
    for (let n = 0; n < 3000; n += 1) await client.invoke()
    return client
  }

  async invoke(): Promise<number> {
    const start = performance.now()
    const answer = await this.#connection.send(this.#request)
    const passed = performance.now() - start
    if (!answer.subarray(9, 12).equals(Buffer.from('200'))) throw new Error(answer.toString())
    return passed
  }

  async stop(): Promise<void> {
    this.#connection.close()
    await this.service.stop()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'zipyard-freeze-'))
chmodSync(folder, 0o755)
const python = (await findInterpreters({ dataFolder: folder })).find(({ isFreeThreaded }) => !isFreeThreaded)!
const throughApi: Record<string, number[]> = {}
const clients = {
  'Invoke API, frozen before': await Client.of(await startServiceThat(true)),
  'Invoke API, never frozen': await Client.of(await startServiceThat(false)),
}
for (let n = -40; n < invocations; n += 1) {
  for (const [name, client] of Object.entries(clients)) {
    await pause(pauseMs)
    const ms = await client.invoke()
    if (n >= 0) (throughApi[name] ??= []).push(ms)
  }
}
for (const client of Object.values(clients)) await client.stop()

const { sandbox } = await openSandbox({
  stateFolder: join(folder, 'sandbox'),
  runtimeFolder,
  launcher: python,
  interpreter: python,
  isolation: 'auto',
  network: 'none',
  untrusted: false,
})

class Environment {
  readonly process: SandboxProcess
  readonly #api: RuntimeApi
  readonly #freezes: boolean
  #onWaiting: () => void = () => {}
  #onAnswer: () => void = () => {}

  private constructor(api: RuntimeApi, process: SandboxProcess, freezes: boolean) {
    this.#api = api
    this.process = process
    this.#freezes = freezes
  }

  static async start(id: string, source: string, freezes: boolean): Promise<Environment> {
    const task = join(folder, id)
    mkdirSync(task)
    writeFileSync(join(task, 'app.py'), source)
    let environment: Environment | undefined
    let isWaiting = false
    const failed = (body: Buffer): never => {
      throw new Error(body.toString())
    }
    const api = await RuntimeApi.listen(join(folder, `${id}.sock`), {
      waiting: () => {
        isWaiting = true
        if (environment) environment.#onWaiting()
      },
      responded: () => environment!.#onAnswer(),
      failed: (_, body) => failed(body),
      responseTooLarge: () => failed(Buffer.from('too large')),
      initFailed: failed,
    })
    const launched = await sandbox.launch({
      id,
      interpreter: python,
      argv: [`/var/lang/bin/python${python.minor}`, '-S', '/var/runtime/bootstrap.py'],
      environment: {
        ...warmEnvironment,
        _HANDLER: 'app.handler',
        AWS_EXECUTION_ENV: `AWS_Lambda_python${python.minor}`,
        AWS_LAMBDA_FUNCTION_NAME: id,
        LAMBDA_RUNTIME_DIR: '/var/runtime',
        LAMBDA_TASK_ROOT: '/var/task',
        _LAMBDA_TELEMETRY_LOG_FD: '3',
        _ZIPYARD_API: 'fd:4',
      },
      workingDirectory: '/var/task',
      binds: [
        { source: task, target: '/var/task' },
        { source: runtimeFolder, target: '/var/runtime' },
      ],
      temporaryFolder: join(folder, `${id}-tmp`),
      temporaryBytes: 512 * mebibyte,
      memoryBytes: 1769 * mebibyte,
      processes: 1024,
      network: 'none',
      apiSocket: api.socketPath,
      allowZygote: true,
    })
    for (const stream of [launched.stdout, launched.stderr, launched.telemetry])
      stream.on('data', (data: Buffer) => process.stderr.write(data))
    environment = new Environment(api, launched, freezes)
    if (!isWaiting) await new Promise<void>((resolve) => (environment.#onWaiting = resolve))
    return environment
  }

  /** Milliseconds of a whole cycle: thaw, event, result, waiting again, freeze. */
  async cycle(): Promise<number> {
    const waiting = new Promise<void>((resolve) => (this.#onWaiting = resolve))
    const answered = new Promise<void>((resolve) => (this.#onAnswer = resolve))
    const start = performance.now()
    this.#api.dispatch({
      requestId: '00000000-0000-4000-8000-000000000000',
      deadlineMs: Date.now() + 60_000,
      invokedArn: 'arn:aws:lambda:us-east-1:123456789012:function:freeze',
      payload: Buffer.from('{"key":"value"}'),
    })
    // As the service does it: the event is there when the program wakes up.
    if (this.#freezes) this.process.thaw()
    await Promise.all([answered, waiting])
    if (this.#freezes) this.process.freeze()
    return performance.now() - start
  }

  async stop(): Promise<void> {
    this.process.kill()
    await this.process.exited
    await sandbox.release(this.process.id)
    await this.#api.close()
  }
}

const frozen = await Environment.start('frozen', echo, true)
const running = await Environment.start('running', echo, false)
frozen.process.freeze()
const samples: Record<string, number[]> = { 'thaw, invoke, freeze': [], invoke: [] }
for (let round = -2; round < rounds; round += 1) {
  for (const [name, environment] of [
    ['thaw, invoke, freeze', frozen],
    ['invoke', running],
  ] as const) {
    for (let n = 0; n < perRound; n += 1) {
      const ms = await environment.cycle()
      if (round >= 0) samples[name]!.push(ms)
    }
  }
}
await frozen.stop()
await running.stop()

const busy = await Environment.start(
  'busy',
  'import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()\n' + echo,
  true,
)
/** Of all threads below this process whose name says Python, in milliseconds: the kernel's own count, in nanoseconds. */
const pids = processTree(process.pid).filter((pid) => pid !== process.pid)
const processorMs = (): number =>
  pids.reduce((sum, pid) => {
    try {
      return (
        sum +
        Number(
          readFileSync(`/proc/${pid}/stat`, 'latin1')
            .split(') ')[1]!
            .split(' ')
            .slice(11, 13)
            .reduce((a, b) => String(Number(a) + Number(b))),
        ) *
          10
      )
    } catch {
      return sum
    }
  }, 0)
const used = async (): Promise<number> => {
  const before = processorMs()
  await pause(1000)
  return processorMs() - before
}
const awake = await used()
busy.process.freeze()
await pause(50)
const asleep = await used()
await busy.stop()
await sandbox.stop()
rmSync(folder, { recursive: true, force: true })

const measured = Object.fromEntries(
  Object.entries({ ...throughApi, ...samples }).map(([name, values]) => [name, distribution(values)]),
)
report(
  'freeze',
  measured,
  [
    {
      name: 'frozen before / never frozen (p50)',
      value: measured['Invoke API, frozen before']!.p50 / measured['Invoke API, never frozen']!.p50,
      atMost: 1.1,
    },
    {
      name: 'thaw, invoke, freeze / invoke, in a row (p50)',
      value: measured['thaw, invoke, freeze']!.p50 / measured['invoke']!.p50,
    },
  ],
  [
    `a busy loop in the background: ${awake} ms of processor time in a second, ${asleep} ms frozen (counted in steps of 10 ms)`,
    `isolation: ${sandbox.tier}; Python ${python.version}; ${pauseMs} ms before each invocation through the API`,
  ],
)
