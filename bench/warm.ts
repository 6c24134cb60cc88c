/**
 * A warm invocation inside an environment: the same Runtime API, the same interpreter, no isolation on either side; our bootstrap against AWS's own
 * client, `awslambdaric`, each by the connection it uses (ours a unix socket that was handed in, AWS's TCP). Time from the event's dispatch to its result,
 * and the guest's own processor time. Beside them the Python runner of `serverless-offline`, by its own lines of JSON.
 *
 * Guest and service share a core (`kit/placement.ts`), so that the time is what each does and not what waking another core takes, which is the same
 * for both; beside it the same where the scheduler places them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtimeFolder } from '../src/invoker/launch-plan.ts'
import { RuntimeApi } from '../src/invoker/runtime-api.ts'
import { awslambdaricFolder } from '../test/kit/awslambdaric.ts'
import { distribution, report, type Ratio } from './kit/measure.ts'
import { benchPython } from './kit/python.ts'
import { canPlace, place } from './kit/placement.ts'
import { serverlessOfflineRunner } from './kit/serverless-offline.ts'

const rounds = Number(process.env['ROUNDS'] ?? 12)
const perRound = 400
const payload = Buffer.from(JSON.stringify({ key1: 'value1', key2: 'value2', key3: 'x'.repeat(160) }))
const folder = mkdtempSync(join(tmpdir(), 'zipyard-warm-'))
const python = await benchPython()
const task = join(folder, 'task')
mkdirSync(task)
writeFileSync(join(task, 'app.py'), 'def handler(event, context):\n    return event\n')

const variables = {
  AWS_EXECUTION_ENV: `AWS_Lambda_python${python.minor}`,
  AWS_LAMBDA_FUNCTION_NAME: 'warm',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
  AWS_REGION: 'us-east-1',
  LAMBDA_TASK_ROOT: task,
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  _HANDLER: 'app.handler',
}

/** A guest that waits for events, and its Runtime API. */
class Guest {
  readonly #api: RuntimeApi
  readonly #child: ChildProcess
  #count = 0
  #onWaiting: () => void = () => {}
  #onAnswer: () => void = () => {}

  private constructor(api: RuntimeApi, child: ChildProcess) {
    this.#api = api
    this.#child = child
  }

  static async start(name: string, spawnGuest: (api: RuntimeApi) => Promise<ChildProcess>): Promise<Guest> {
    let guest: Guest | undefined
    const failed = (body: Buffer): never => {
      throw new Error(body.toString())
    }
    let isWaiting = false
    const api = await RuntimeApi.listen(join(folder, name), {
      waiting: () => {
        isWaiting = true
        if (guest) guest.#onWaiting()
      },
      responded: () => guest!.#onAnswer(),
      failed: (_, body) => failed(body),
      responseTooLarge: () => failed(Buffer.from('too large')),
      initFailed: failed,
    })
    guest = new Guest(api, await spawnGuest(api))
    if (!isWaiting) await new Promise<void>((resolve) => (guest.#onWaiting = resolve))
    return guest
  }

  /** Milliseconds to the result; the guest waits again when it resolves. */
  async invoke(): Promise<number> {
    const waiting = new Promise<void>((resolve) => (this.#onWaiting = resolve))
    const start = performance.now()
    const answered = new Promise<number>((resolve) => {
      this.#onAnswer = () => resolve(performance.now() - start)
    })
    this.#api.dispatch({
      requestId: `00000000-0000-4000-8000-${String((this.#count += 1)).padStart(12, '0')}`,
      deadlineMs: Date.now() + 60_000,
      invokedArn: 'arn:aws:lambda:us-east-1:123456789012:function:warm',
      traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
      payload,
    })
    const [ms] = await Promise.all([answered, waiting])
    return ms
  }

  /** Processor time of the process so far, in milliseconds: user, system and waiting threads. */
  processorMs(): number {
    return Number(readFileSync(`/proc/${this.#child.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#api.close()
  }
}

const official = await awslambdaricFolder(python)
const guests = {
  'our bootstrap': await Guest.start('ours', async (api) =>
    spawn(python.executable, ['-S', join(runtimeFolder, 'bootstrap.py')], {
      cwd: task,
      env: { ...variables, LAMBDA_RUNTIME_DIR: runtimeFolder, _ZIPYARD_API: `unix:${api.socketPath}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  ),
  awslambdaric: await Guest.start('theirs', async (api) =>
    spawn(python.executable, ['-m', 'awslambdaric', 'app.handler'], {
      cwd: task,
      env: { ...variables, PYTHONPATH: `${task}:${official}`, AWS_LAMBDA_RUNTIME_API: await api.listenTcp() },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  ),
}

const offline = serverlessOfflineRunner(python.executable, task)
const offlineName = "serverless-offline's runner"
const placements = canPlace() ? (['placed', 'free'] as const) : (['free'] as const)
const times: Record<string, number[]> = {}
const processor: Record<string, number[]> = {}
// Interleaved, so that a busy moment of the machine falls on all; the first rounds warm everything up.
for (let round = -2; round < rounds; round += 1) {
  for (const placement of placements) {
    if (canPlace()) place(process.pid, placement === 'free' ? 'any' : 'first')
    for (const [name, guest] of Object.entries(guests)) {
      const before = guest.processorMs()
      for (let n = 0; n < perRound; n += 1) {
        const ms = await guest.invoke()
        if (round >= 0) (times[`${name}, ${placement}`] ??= []).push(ms)
      }
      const perInvocation = (guest.processorMs() - before) / perRound
      if (round >= 0) (processor[`${name}, ${placement}, processor`] ??= []).push(perInvocation)
    }
    const offlineInvocations = offline ? perRound : 0
    for (let n = 0; n < offlineInvocations; n += 1) {
      const ms = await offline!.invoke(JSON.parse(payload.toString()))
      if (round >= 0) (times[`${offlineName}, ${placement}`] ??= []).push(ms)
    }
  }
}
for (const guest of Object.values(guests)) await guest.stop()
offline?.process.kill()
rmSync(folder, { recursive: true, force: true })

const measured = Object.fromEntries(
  Object.entries({ ...times, ...processor }).map(([name, values]) => [name, distribution(values)]),
)
const ratios: Ratio[] = placements.flatMap((placement) => {
  const p50 = (name: string): number => measured[name]!.p50
  const ours = `our bootstrap, ${placement}`
  const theirs = `awslambdaric, ${placement}`
  const isPromise = placement === placements[0]
  return [
    { name: `awslambdaric / ours, ${placement}`, value: p50(theirs) / p50(ours), ...(isPromise && { atLeast: 3 }) },
    {
      name: `awslambdaric / ours, ${placement}, processor time`,
      value: p50(`${theirs}, processor`) / p50(`${ours}, processor`),
    },
    ...(offline
      ? [{ name: `${offlineName} / ours, ${placement}`, value: p50(`${offlineName}, ${placement}`) / p50(ours) }]
      : []),
  ]
})
report('warm', measured, ratios, [
  `Python ${python.version}${offline ? '' : '; `serverless-offline` could not be had here'}`,
  canPlace()
    ? 'p50; placed: guest and service on one core; free: as the scheduler has it'
    : 'p50; nothing could be placed: there is one core, or no `taskset`',
])
