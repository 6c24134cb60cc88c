import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { createLog } from '../base/log.ts'
import { resourceNotFound } from '../functions/errors.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import { openCatalog, type Catalog } from '../store/catalog.ts'
import { AsyncQueue, type AsyncQueueOptions } from './async-queue.ts'
import { throttled } from './errors.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

const scope = { accountId: '123456789012', region: 'us-east-1' }
const arn = (name: string): string => `arn:aws:lambda:us-east-1:123456789012:function:${name}`
const minute = 60_000

const open: { catalog: Catalog; folder: string }[] = []
afterEach(async () => {
  for (const { catalog, folder } of open.splice(0)) {
    await catalog.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

interface Put {
  readonly bucket: string
  readonly key: string
  readonly body: string
  readonly metadata: unknown
}

/** A queue whose functions are `run`, on a catalog of its own and a clock that is moved by hand. */
async function setUp(
  run: (invocation: Invocation) => Partial<InvocationResult> | Promise<Partial<InvocationResult>>,
  options: Partial<AsyncQueueOptions> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-events-'))
  const clock = new ManualClock()
  const catalog = await openCatalog({ folder, clock, syncsInline: true })
  open.push({ catalog, folder })
  const seen: { at: number; name: string; requestId: string; event: unknown; arn: string }[] = []
  const puts: Put[] = []
  const said: string[] = []
  const queueOptions: AsyncQueueOptions = {
    catalog,
    clock,
    log: createLog({ level: 'warn', json: false, write: (line) => said.push(line) }),
    resolve: async (key) => ({ functionName: key.name, version: '$LATEST' }) as RunnableVersion,
    invoke: async (invocation) => {
      seen.push({
        at: (clock.now() - Date.UTC(2026, 0, 1)) / 1000,
        name: invocation.target.functionName,
        requestId: invocation.requestId,
        event: JSON.parse(invocation.payload.toString()),
        arn: invocation.invokedArn,
      })
      return {
        payload: Buffer.from('null'),
        executedVersion: '$LATEST',
        ...(await run(invocation)),
      } as InvocationResult
    },
    putObject: async (_scope, { bucket, key, body, metadata }) =>
      void puts.push({ bucket, key, body: body.toString(), metadata }),
    ...options,
  }
  const queue = new AsyncQueue(queueOptions)
  await queue.start()
  return {
    catalog,
    clock,
    queue,
    queueOptions,
    seen,
    puts,
    said,
    async configure(name: string, document: object, deadLetter?: string) {
      await catalog.db
        .insertInto('function')
        .values({
          account_id: scope.accountId,
          region: scope.region,
          name,
          id: name,
          created_at: 0,
          last_version: 0,
          tags: '{}',
          reserved_concurrency: null,
          recursive_loop: 'Terminate',
          code_signing_config: null,
        })
        .execute()
      await catalog.db
        .insertInto('function_setting')
        .values({
          account_id: scope.accountId,
          region: scope.region,
          name,
          qualifier: '$LATEST',
          kind: 'event-invoke',
          document: JSON.stringify(document),
          modified_at: 0,
        })
        .execute()
      if (deadLetter === undefined) return
      await catalog.db
        .insertInto('function_version')
        .values({
          account_id: scope.accountId,
          region: scope.region,
          name,
          number: 0,
          revision_id: '',
          configuration: JSON.stringify({ DeadLetterConfig: { TargetArn: deadLetter } }),
          code_digest: '',
          code_bytes: 0,
          unzipped_bytes: 0,
          fingerprint: null,
          state: 'Active',
          update_status: 'Successful',
          failure: null,
          modified_at: 0,
          running_configuration: null,
          running_digest: null,
          running_bytes: null,
        })
        .execute()
    },
    enqueue: (name: string, event: unknown, qualifier?: string) =>
      queue.enqueue({
        ...scope,
        name,
        qualifier,
        requestId: `request-of-${name}`,
        payload: Buffer.from(JSON.stringify(event)),
        traceHeader: 'Root=1',
      }),
    async advance(ms: number) {
      await queue.idle()
      for (let passed = 0; passed < ms; passed += 10_000) {
        await clock.advance(Math.min(10_000, ms - passed))
        await queue.idle()
      }
    },
    left: async () => (await catalog.db.selectFrom('async_event').select('id').execute()).length,
  }
}

const failing = {
  functionError: 'Unhandled',
  payload: Buffer.from('{"errorMessage":"intentional failure","errorType":"Exception"}'),
} as const

test('an accepted event runs once when it succeeds, and is forgotten', async () => {
  const { enqueue, queue, seen, left } = await setUp(() => ({}))
  await enqueue('hello', { a: 1 }, 'live')
  await queue.idle()
  expect(seen).toEqual([
    { at: 0, name: 'hello', requestId: 'request-of-hello', event: { a: 1 }, arn: `${arn('hello')}:live` },
  ])
  expect(await left()).toBe(0)
})

test('a failing event is tried again after one and after two more minutes, under the same request id', async () => {
  const { enqueue, advance, seen, left } = await setUp(() => failing)
  await enqueue('hello', {})
  await advance(30 * minute)
  expect(seen.map(({ at, requestId }) => [at, requestId])).toEqual([0, 60, 180].map((at) => [at, 'request-of-hello']))
  expect(await left()).toBe(0)
})

test('the time scale makes retries quick', async () => {
  const { enqueue, advance, seen } = await setUp(() => failing, { timeScale: 0.001 })
  await enqueue('hello', {})
  await advance(1000)
  expect(seen.map(({ at }) => at)).toEqual([0, 0.06, 0.18])
})

test('success goes to its destination as the document AWS recorded', async () => {
  const { configure, enqueue, advance, seen } = await setUp(({ target }) =>
    target.functionName === 'source' ? { payload: Buffer.from('{"ok":true}') } : {},
  )
  await configure('source', {
    DestinationConfig: { OnSuccess: { Destination: arn('sink') }, OnFailure: { Destination: arn('wrong') } },
  })
  await enqueue('source', { in: 1 })
  await advance(1000)
  expect(seen.map(({ name }) => name)).toEqual(['source', 'sink'])
  expect(seen[1]!.requestId).not.toBe('request-of-source')
  expect(seen[1]!.event).toEqual({
    version: '1.0',
    timestamp: '2026-01-01T00:00:00.000Z',
    requestContext: {
      requestId: 'request-of-source',
      functionArn: `${arn('source')}:$LATEST`,
      condition: 'Success',
      approximateInvokeCount: 1,
    },
    requestPayload: { in: 1 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST' },
    responsePayload: { ok: true },
  })
})

test.each([
  [{ MaximumRetryAttempts: 0 }, 'RetriesExhausted', 1],
  [{}, 'RetriesExhausted', 3],
  [{ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 }, 'EventAgeExceeded', 1],
  [{ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 90 }, 'EventAgeExceeded', 2],
])('failure goes to its destination: %j ends with %s after %i attempts', async (document, condition, attempts) => {
  const { configure, enqueue, advance, seen, left } = await setUp(({ target }) =>
    target.functionName === 'source' ? failing : {},
  )
  await configure('source', { ...document, DestinationConfig: { OnFailure: { Destination: `${arn('sink')}:live` } } })
  await enqueue('source', {})
  await advance(10 * minute)
  expect(seen.at(-1)).toMatchObject({
    name: 'sink',
    arn: `${arn('sink')}:live`,
    event: {
      requestContext: { condition, approximateInvokeCount: attempts },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'intentional failure', errorType: 'Exception' },
    },
  })
  expect(await left()).toBe(0)
})

test('with nothing reserved the event goes to the failure destination without an attempt', async () => {
  const { configure, enqueue, advance, seen } = await setUp(() => ({}), {
    resolve: async (key) =>
      ({
        functionName: key.name,
        version: '$LATEST',
        reservedConcurrency: key.name === 'source' ? 0 : undefined,
      }) as RunnableVersion,
  })
  await configure('source', { DestinationConfig: { OnFailure: { Destination: arn('sink') } } })
  await enqueue('source', {})
  await advance(1000)
  expect(seen).toHaveLength(1)
  expect(Object.keys(seen[0]!.event as object)).toEqual(['version', 'timestamp', 'requestContext', 'requestPayload'])
  expect(seen[0]!.event).toMatchObject({
    requestContext: { condition: 'ZeroReservedConcurrency', approximateInvokeCount: 0 },
  })
})

test('a dead letter bucket gets the event with the reason beside it', async () => {
  const { configure, enqueue, advance, puts } = await setUp(() => failing)
  await configure('source', { MaximumRetryAttempts: 0 }, 'arn:aws:s3:::dead')
  await enqueue('source', { raise_error: 1 })
  await advance(1000)
  expect(puts).toEqual([
    {
      bucket: 'dead',
      key: expect.stringMatching(/^aws\/lambda\/async\/source\/2026\/01\/01\/2026-01-01T00\.00\.00-[0-9a-f-]{36}$/),
      body: '{"raise_error":1}',
      metadata: { RequestID: 'request-of-source', ErrorCode: '200', ErrorMessage: 'intentional failure' },
    },
  ])
})

test('a queue as destination is refused by name, and the event still comes to its end', async () => {
  const { configure, enqueue, advance, said, left } = await setUp(() => failing)
  await configure('source', {
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:123456789012:q' } },
  })
  await enqueue('source', {})
  await advance(1000)
  expect(said.join('')).toContain('`arn:aws:sqs:us-east-1:123456789012:q` cannot be a destination here')
  expect(await left()).toBe(0)
})

test('a throttled event waits longer each time, and attempts are not counted', async () => {
  let refusals = 4
  const { enqueue, advance, seen, left } = await setUp(() => {
    if (refusals-- > 0)
      throw throttled({ functionArn: arn('hello'), reason: 'ConcurrentInvocationLimitExceeded', limit: 1 })
    return {}
  })
  await enqueue('hello', {})
  await advance(minute)
  expect(seen.map(({ at }) => at)).toEqual([0, 1, 3, 7, 15])
  expect(await left()).toBe(0)
})

test('an event that no place was found for in time is not delivered any more', async () => {
  const { configure, enqueue, advance, seen, left } = await setUp(({ target }) => {
    if (target.functionName === 'source')
      throw throttled({ functionArn: arn('source'), reason: 'ConcurrentInvocationLimitExceeded', limit: 1 })
    return {}
  })
  await configure('source', {
    MaximumEventAgeInSeconds: 60,
    DestinationConfig: { OnFailure: { Destination: arn('sink') } },
  })
  await enqueue('source', {})
  await advance(10 * minute)
  expect(seen.filter(({ name }) => name === 'source').map(({ at }) => at)).toEqual([0, 1, 3, 7, 15, 31])
  expect(seen.at(-1)).toMatchObject({
    name: 'sink',
    at: 63,
    event: { requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 0 } },
  })
  expect(await left()).toBe(0)
})

test('an event of a deleted function is dropped', async () => {
  const { enqueue, queue, left } = await setUp(() => ({}), {
    resolve: async () => {
      throw resourceNotFound({ text: 'gone' })
    },
  })
  await enqueue('hello', {})
  await queue.idle()
  expect(await left()).toBe(0)
})

test('what was under way when the service died runs again', async () => {
  const { enqueue, queue, queueOptions, seen, left } = await setUp(() => new Promise(() => {}))
  await enqueue('hello', { n: 1 })
  await new Promise((resolve) => setImmediate(resolve))
  await expect.poll(() => seen.length).toBe(1)
  void queue
  const done: string[] = []
  const next = new AsyncQueue({
    ...queueOptions,
    invoke: async (invocation) => {
      done.push(invocation.requestId)
      return {
        payload: Buffer.from('1'),
        executedVersion: '$LATEST',
        logTail: Buffer.alloc(0),
        timings: { queue: 0, handler: 0, total: 0 },
      }
    },
  })
  await next.start()
  await next.idle()
  expect(done).toEqual(['request-of-hello'])
  expect(await left()).toBe(0)
})

test('more events than may run at the same time all run', async () => {
  let running = 0
  let most = 0
  const { queue, seen, left } = await setUp(
    async () => {
      most = Math.max(most, (running += 1))
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return {}
    },
    { concurrency: 3 },
  )
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      queue.enqueue({
        ...scope,
        name: 'f',
        qualifier: undefined,
        requestId: `r${n}`,
        payload: Buffer.from('{}'),
        traceHeader: '',
      }),
    ),
  )
  await queue.idle()
  expect(new Set(seen.map(({ requestId }) => requestId)).size).toBe(50)
  expect(seen).toHaveLength(50)
  expect(most).toBe(3)
  expect(await left()).toBe(0)
})

test('stopping does not wait for ever; what was under way runs again after the next start', async () => {
  let finish: ((result: Partial<InvocationResult>) => void) | undefined
  const { enqueue, clock, queue, queueOptions, seen, left } = await setUp(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  await enqueue('hello', {})
  await expect.poll(() => seen.length).toBe(1)
  const stopped = queue.stop(1000)
  await clock.advance(1000)
  await stopped
  // Its environment was killed with the service; that is no attempt that failed.
  finish!({ functionError: 'Unhandled' })
  await new Promise((resolve) => setImmediate(resolve))
  expect(await left()).toBe(1)
  const next = new AsyncQueue({
    ...queueOptions,
    invoke: async () => ({ payload: Buffer.from('1'), executedVersion: '$LATEST' }) as InvocationResult,
  })
  await next.start()
  await next.idle()
  expect(await left()).toBe(0)
})
