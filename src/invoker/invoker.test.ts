import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { elf } from '../../test/kit/elf.ts'
import { failsLate, invokerBench, type InvokerBench } from '../../test/kit/invoker-bench.ts'
import { createLog } from '../base/log.ts'
import { interpreterFor } from '../interpreters/find-interpreters.ts'
import { hostArchitecture } from '../lambda/architecture.ts'

let bench: InvokerBench
beforeAll(async () => {
  bench = await invokerBench()
})
afterAll(() => bench.stop())

const code = (text: string): string =>
  `import time\ndef handler(event, context):\n    time.sleep(event.get('sleep', 0))\n    return '${text}'`

const uuid = /^[0-9a-f-]{36}$/

describe('a function runs', () => {
  test('its init code once per environment, its handler once per invocation', async () => {
    const version = bench.version(`
print('init')
count = 0
def handler(event, context):
    global count
    count += 1
    return {'count': count, 'event': event}
`)
    expect((await bench.invoke(version, { a: [1] })).json).toEqual({ count: 1, event: { a: [1] } })
    expect((await bench.invoke(version, null)).json).toEqual({ count: 2, event: null })
    const messages = bench.logged.filter(({ group }) => group === version.logging.group).map(({ message }) => message)
    expect(messages.filter((message) => message === 'init\n')).toHaveLength(1)
    expect(messages[0]).toMatch(
      /^INIT_START Runtime Version: python:3\.\d+\.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n$/,
    )
  })

  test('what Init writes, on whichever way, comes before START; what the handler writes first comes after it', async () => {
    for (let count = 0; count < 12; count += 1) {
      const version = bench.version(`
import logging, os, sys
logging.getLogger().setLevel(logging.INFO)
def everywhere(when):
    print(when)
    sys.stderr.write(when + "\\n")
    logging.info(when)
    os.write(2, (when + "\\n").encode())
everywhere("init")
def handler(event, context):
    everywhere("handler")
`)
      const { lines } = await bench.invoke(version, count)
      expect(lines.filter((line) => line.includes('init'))).toEqual([])
      const logged = bench.logged.filter(({ group }) => group === version.logging.group)
      // As a reader gets them.
      const shown = logged.toSorted((a, b) => a.timestamp - b.timestamp).map(({ message }) => message)
      const start = shown.findIndex((message) => message.startsWith('START'))
      expect(shown.slice(0, start).filter((message) => /init$/m.test(message))).toHaveLength(4)
      expect(shown.slice(start).filter((message) => /handler$/m.test(message))).toHaveLength(4)
    }
  })

  test('the log is what AWS recorded: START, lines, END, REPORT with a tab before its end', async () => {
    const version = bench.version(`
import logging
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print(event['body'])
    logging.info('RequestId log message')
    return context.aws_request_id
`)
    const result = await bench.invoke(version, { body: '\nmulti\nline\nstring\nanother\rline\n' })
    const id = result.json as string
    expect(id).toMatch(uuid)
    expect(result.logTail.toString()).toMatch(
      new RegExp(
        String.raw`^START RequestId: ${id} Version: \$LATEST\nmulti\nline\nstring\nanother\rline\n\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t${id}\tRequestId log message\nEND RequestId: ${id}\nREPORT RequestId: ${id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\t\n$`,
      ),
    )
    const streams = new Set(
      bench.logged.filter(({ group }) => group === version.logging.group).map(({ stream }) => stream),
    )
    expect([...streams]).toEqual([expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/)])
    expect((await bench.invoke(version, { body: 'x' })).lines.at(-1)).not.toContain('Init Duration')
  })

  test.each([
    [undefined, ['INFO', 'WARNING', 'ERROR']],
    ['DEBUG', ['DEBUG', 'INFO', 'WARNING', 'ERROR']],
    ['ERROR', ['ERROR']],
  ])('in JSON, application log level %s lets %j through', async (applicationLevel, levels) => {
    const version = bench.version(
      `
import logging
def handler(event, context):
    for name in ('debug', 'info', 'warning', 'error'):
        getattr(logging.getLogger('mine'), name)('said')
    print('printed')
`,
      { logging: { format: 'JSON', applicationLevel, systemLevel: 'WARN', group: `/aws/lambda/${applicationLevel}` } },
    )
    const { lines } = await bench.invoke(version)
    const said = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { level: string })
    expect(said.map(({ level }) => level)).toEqual(levels)
    expect(lines.filter((line) => !line.startsWith('{'))).toEqual(['printed'])
  })

  test('the tail is the last 4096 bytes', async () => {
    const version = bench.version(`def handler(event, context):\n    print('x' * 10000)\n    print('end')`)
    const { logTail } = await bench.invoke(version)
    expect(logTail.length).toBe(4096)
    expect(logTail.toString()).toMatch(/^x+\nend\nEND RequestId/)
  })

  test('the environment variables are exactly those of Lambda', async () => {
    const version = bench.version(
      `import os\ndef handler(event, context):\n    return sorted(n for n in os.environ if n not in ('TMPDIR', 'ZIPYARD_SANDBOX'))`,
      { environment: { TEST_KEY: 'TEST_VAL' } },
    )
    const names = (await bench.invoke(version)).json
    // Recorded for python3.10 in January 2026; without a role there are no credentials.
    const recorded =
      'AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API AWS_REGION AWS_XRAY_CONTEXT_MISSING AWS_XRAY_DAEMON_ADDRESS LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT LANG LD_LIBRARY_PATH PATH PWD PYTHONPATH SHLVL TEST_KEY TZ _AWS_XRAY_DAEMON_ADDRESS _AWS_XRAY_DAEMON_PORT _HANDLER _X_AMZN_TRACE_ID'
    // From 3.12 on, whose image has no `en_US` locale.
    const coerced = Number(version.runtime.split('.')[1]) >= 12 ? ['LC_CTYPE'] : []
    expect(names).toEqual([...recorded.split(' '), ...coerced].sort())
  })

  test('the context knows function, version, ARN as called, remaining time and what the client sent', async () => {
    const version = bench.version(
      `
def handler(event, context):
    return {
        'name': context.function_name, 'version': context.function_version, 'arn': context.invoked_function_arn,
        'memory': context.memory_limit_in_mb, 'remaining': context.get_remaining_time_in_millis(),
        'custom': context.client_context.custom, 'title': context.client_context.client.app_title,
        'identity': context.identity.cognito_identity_id,
    }
`,
      { version: '7', timeoutSeconds: 60 },
    )
    const invokedArn = `${version.functionArn}:live`
    const result = await bench.invoke(
      version,
      {},
      {
        invokedArn,
        clientContext: '{"custom":{"grüße":"ü"},"client":{"app_title":"t"}}',
        cognitoIdentity: '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
      },
    )
    expect(result.json).toEqual({
      name: version.functionName,
      version: '7',
      arn: invokedArn,
      memory: '128',
      remaining: expect.any(Number),
      custom: { grüße: 'ü' },
      title: 't',
      identity: 'i',
    })
    const { remaining } = result.json as { remaining: number }
    expect(remaining).toBeGreaterThan(1000)
    expect(remaining).toBeLessThanOrEqual(60_000)
    expect(result.executedVersion).toBe('7')
  })

  test('layers are merged under /opt in order and importable', async () => {
    const one = bench.store({ 'python/shared.py': 'name = "one"', 'python/only.py': 'name = "only"' })
    const two = bench.store({ 'python/shared.py': 'name = "two"' })
    const layers = [one, two].map((codeDigest, place) => ({ arn: `arn:layer:${place}`, codeDigest }))
    const version = bench.version('import shared, only\ndef handler(e, c):\n    return [shared.name, only.name]', {
      layers,
    })
    expect((await bench.invoke(version)).json).toEqual(['two', 'only'])
  })
})

describe('a function that fails', () => {
  test('by an exception answers error, type, request and trace, and keeps its environment', async () => {
    const version = bench.version(`
n = 0
def handler(event, context):
    global n
    n += 1
    if event.get('fail'):
        raise Exception("Handler fails")
    return n
`)
    const failed = await bench.invoke(version, { fail: true })
    expect(failed.functionError).toBe('Unhandled')
    const requestId = failsLate ? [] : ['requestId']
    expect(Object.keys(failed.json as object)).toEqual(['errorMessage', 'errorType', ...requestId, 'stackTrace'])
    expect(failed.json).toMatchObject({
      errorMessage: 'Handler fails',
      errorType: 'Exception',
      ...(!failsLate && { requestId: expect.stringMatching(uuid) }),
    })
    expect((failed.json as { stackTrace: string[] }).stackTrace).toEqual([
      expect.stringMatching(/^ {2}File ".*\/app\.py", line 7, in handler\n {4}raise Exception\("Handler fails"\)\n$/),
    ])
    expect(failed.lines[1]).toBe('[ERROR] Exception: Handler fails')
    expect(failed.lines.at(-1)).not.toContain('Status')
    expect((await bench.invoke(version)).json).toBe(2)
  })

  test.skipIf(failsLate)('at init runs Init twice and answers the error of the runtime at once', async () => {
    const version = bench.version('print("loading")\nimport does_not_exist')
    const result = await bench.invoke(version)
    expect(result.json).toEqual({
      errorMessage: "Unable to import module 'app': No module named 'does_not_exist'",
      errorType: 'Runtime.ImportModuleError',
      requestId: '',
      stackTrace: [],
    })
    const messages = bench.logged.filter(({ group }) => group === version.logging.group).map(({ message }) => message)
    expect(messages.filter((message) => message === 'loading\n')).toHaveLength(2)
    const reports = messages.filter((message) => message.startsWith('INIT_REPORT'))
    expect(reports).toEqual([
      expect.stringMatching(/Phase: init\tStatus: error\tError Type: Runtime\.ImportModuleError\n$/),
      expect.stringMatching(/Phase: invoke\tStatus: error\tError Type: Runtime\.ImportModuleError\n$/),
    ])
    expect(messages.some((message) => message.includes('LAMBDA_WARNING: Unhandled exception.'))).toBe(true)
    expect(result.lines.at(-1)).toContain('Status: error\tError Type: Runtime.ImportModuleError')
  })

  test.runIf(failsLate)('at init lives on with an old runtime, and answers every event with the error', async () => {
    const version = bench.version('print("loading")\nimport does_not_exist')
    for (let round = 0; round < 2; round += 1) {
      expect((await bench.invoke(version)).json).toEqual({
        errorMessage: "Unable to import module 'app': No module named 'does_not_exist'",
        errorType: 'Runtime.ImportModuleError',
      })
    }
    const messages = bench.logged.filter(({ group }) => group === version.logging.group).map(({ message }) => message)
    expect(messages.filter((message) => message === 'loading\n')).toHaveLength(1)
    expect(messages.filter((message) => message.startsWith('INIT_REPORT'))).toEqual([])
  })

  test.each([
    ['import sys\nsys.exit(0)', 'Runtime exited without providing a reason'],
    ['import sys\nsys.exit(7)', 'Runtime exited with error: exit status 7'],
    ['def handler(e, c):\n    import os\n    os._exit(0)', 'Runtime exited without providing a reason'],
    ['def handler(e, c):\n    raise SystemExit(3)', 'Runtime exited with error: exit status 3'],
    ['def handler(e, c):\n    raise KeyboardInterrupt()', 'Runtime exited with error: signal: interrupt'],
    [
      'def handler(e, c):\n    import os\n    os.kill(os.getpid(), 11)',
      'Runtime exited with error: signal: segmentation fault',
    ],
    ['def handler(e, c):\n    import os\n    os.kill(os.getpid(), 9)', 'Runtime exited with error: signal: killed'],
  ])('by ending its process is answered at once: %s', async (code, reason) => {
    const result = await bench.invoke(bench.version(code))
    const [, id] = /RequestId: (\S+)/.exec(result.text)!
    expect(result.text).toBe(`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${id} Error: ${reason}"}`)
    expect(result.functionError).toBe('Unhandled')
    expect(result.lines.at(-1)).toContain('Status: error\tError Type: Runtime.ExitError')
  })

  test('by a timeout is answered when the time is over; /tmp is kept and globals are not', async () => {
    const version = bench.version(
      `
import os, tempfile, time
number = 0
def handler(event, context):
    global number
    if 'write' in event:
        open(os.path.join(tempfile.gettempdir(), 'kept'), 'w').write(event['write'])
        number = 42
    if 'sleep' in event:
        time.sleep(event['sleep'])
    return {'number': number, 'kept': open(os.path.join(tempfile.gettempdir(), 'kept')).read()}
`,
      { timeoutSeconds: 1 },
    )
    // On a busy machine any invocation may take longer than a second: then it is made again.
    const inTime = async (event: object): Promise<unknown> => {
      const { text, json } = await bench.invoke(version, event)
      return text.includes('Task timed out') ? inTime(event) : json
    }
    expect(await inTime({ write: 'some-content' })).toEqual({ number: 42, kept: 'some-content' })
    const late = await bench.invoke(version, { sleep: 30 })
    const [, id] = /RequestId: (\S+)/.exec(late.text)!
    expect(late.text).toBe(
      `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${id} Error: Task timed out after 1.00 seconds"}`,
    )
    expect(late.lines.at(-1)).toMatch(/Duration: 1000\.00 ms\tBilled Duration: 1000 ms\t.*Status: timeout/)
    expect(await inTime({})).toEqual({ number: 0, kept: 'some-content' })
  })

  test('an Init that hangs inside the invocation is cut off by the timeout of the function', async () => {
    const version = bench.version(
      `
import os, tempfile, time
mark = os.path.join(tempfile.gettempdir(), 'second')
if os.path.exists(mark):
    time.sleep(60)
open(mark, 'w').close()
os._exit(1)
`,
      { timeoutSeconds: 1 },
    )
    expect((await bench.invoke(version)).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
    expect((await bench.invoke(version)).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
  })

  test('by a result that is too large says so, twice in a row', async () => {
    const version = bench.version(`def handler(event, context):\n    return 'x' * 7340032`)
    for (let round = 0; round < 2; round += 1) {
      expect((await bench.invoke(version)).text).toBe(
        '{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}',
      )
    }
    const largest = bench.version(`def handler(event, context):\n    return 'x' * (6291556 - 2)`)
    expect((await bench.invoke(largest)).payload.length).toBe(6291556)
  })

  test('by memory is killed and says so', async () => {
    const version = bench.version(
      `def handler(event, context):\n    return len([bytearray(1 << 20) for _ in range(600)])`,
      { timeoutSeconds: 20 },
    )
    const result = await bench.invoke(version)
    expect(result.json).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/signal: killed$/),
    })
    expect(result.lines.at(-1)).toContain('Max Memory Used: 128 MB')
  })
})

describe('environments', () => {
  test('grow with load and are reused last in, first out', async () => {
    const version = bench.version(
      `
import os, time
def handler(event, context):
    # Until all have come: each is in an environment of its own then.
    if event:
        open(os.path.join(event['folder'], context.aws_request_id), 'w').close()
        while len(os.listdir(event['folder'])) < 3:
            time.sleep(0.01)
    return os.getpid()
`,
      { timeoutSeconds: 120 },
    )
    const folder = mkdtempSync(join(tmpdir(), 'zipyard-together-'))
    chmodSync(folder, 0o777)
    const pids = await Promise.all([1, 2, 3].map(() => bench.invoke(version, { folder })))
    expect(new Set(pids.map(({ json }) => json)).size).toBe(3)
    const later = new Set<unknown>()
    for (let n = 0; n < 5; n += 1) later.add((await bench.invoke(version)).json)
    expect(later.size).toBe(1)
    expect(bench.invoker.environments().filter(({ functionArn }) => functionArn === version.functionArn)).toHaveLength(
      3,
    )
  })

  test('are limited by the reserved concurrency of the function; 0 stops it', async () => {
    const version = bench.version(`import time\ndef handler(event, context):\n    time.sleep(0.3)`, {
      reservedConcurrency: 1,
    })
    const [first, second] = await Promise.allSettled([bench.invoke(version), bench.invoke(version)])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({
      reason: { code: 'ZY0550', details: { reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' } },
    })
    await expect(bench.invoke({ ...version, reservedConcurrency: 0 })).rejects.toMatchObject({ code: 'ZY0550' })
    expect((await bench.invoke(version)).text).toBe('null')
  })

  test('of an old version finish what they do and end when the function changed', async () => {
    const old = bench.version(code('old'))
    await bench.invoke(old)
    const running = bench.invoke(old, { sleep: 0.3 })
    bench.invoker.drain(({ functionArn }) => functionArn === old.functionArn)
    const fresh = { ...bench.version(code('new')), functionName: old.functionName, functionArn: old.functionArn }
    expect((await bench.invoke(fresh)).json).toBe('new')
    expect((await running).json).toBe('old')
    await expect
      .poll(() => bench.invoker.environments().filter(({ functionArn }) => functionArn === old.functionArn).length)
      .toBe(1)
  })

  test('are initialised ahead when provisioned, and know it', async () => {
    const version = bench.version(
      `
import os, time
kind = os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']
def handler(event, context):
    # Until all have come: each is in an environment of its own then.
    open(os.path.join(event['folder'], context.aws_request_id), 'w').close()
    while len(os.listdir(event['folder'])) < 3:
        time.sleep(0.01)
    return kind
`,
      { version: '1', timeoutSeconds: 120 },
    )
    await bench.invoker.provision(version, 2)
    expect(bench.invoker.provisioned(version.environmentKey)).toMatchObject({
      status: 'READY',
      requested: 2,
      available: 2,
    })
    const folder = mkdtempSync(join(tmpdir(), 'zipyard-together-'))
    chmodSync(folder, 0o777)
    const results = await Promise.all([1, 2, 3].map(() => bench.invoke(version, { folder })))
    expect(results.map(({ json }) => json).sort()).toEqual([
      'on-demand',
      'provisioned-concurrency',
      'provisioned-concurrency',
    ])
    expect(results.find(({ json }) => json === 'provisioned-concurrency')!.lines.at(-1)).not.toContain('Init Duration')
    await bench.invoker.provision(version, 0)
    expect(bench.invoker.provisioned(version.environmentKey)).toBeUndefined()
  })

  test('beyond those that are provisioned run on demand, and count as that', async () => {
    const version = bench.version(
      `
import os, time
def handler(event, context):
    while os.path.exists(event['until']):
        time.sleep(0.01)
`,
      { version: '1', reservedConcurrency: 2, timeoutSeconds: 60 },
    )
    await bench.invoker.provision(version, 1)
    const until = join(bench.folder, 'until')
    writeFileSync(until, '')
    const running = [bench.invoke(version, { until }), bench.invoke(version, { until })]
    await expect(bench.invoke(version, { until })).rejects.toMatchObject({
      details: { reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
    })
    rmSync(until)
    await Promise.all(running)
    expect((await bench.invoke(version, { until })).functionError).toBeUndefined()
    await bench.invoker.provision(version, 0)
  })

  test('that cannot be provisioned are reported as AWS reports them', async () => {
    const version = bench.version('import os\nos._exit(1)', { version: '1' })
    await bench.invoker.provision(version, 1)
    expect(bench.invoker.provisioned(version.environmentKey)).toMatchObject({
      status: 'FAILED',
      statusReason: 'FUNCTION_ERROR_INIT_FAILURE',
      available: 0,
    })
    await bench.invoker.provision(version, 0)
  })

  test('give way when the memory of the machine is used up', async () => {
    const small = await invokerBench({ limits: { memoryMiB: 300 } })
    try {
      const versions = [1, 2, 3].map((n) =>
        small.version(
          `import os, time\ndef handler(e, c):\n    while os.path.exists(e.get('until', '')):\n        time.sleep(0.01)\n    return ${n}`,
          { timeoutSeconds: 900 },
        ),
      )
      for (const version of versions) await small.invoke(version)
      expect(small.invoker.environments().length).toBe(2)
      const until = join(small.folder, 'until')
      writeFileSync(until, '')
      const busy = versions.slice(0, 2).map((version) => small.invoke(version, { until }))
      await expect.poll(() => small.invoker.environments().filter(({ state }) => state === 'busy').length).toBe(2)
      await expect(small.invoke(versions[2]!)).rejects.toMatchObject({
        code: 'ZY0550',
        details: { reason: 'MachineMemoryExceeded' },
      })
      rmSync(until)
      await Promise.all(busy)
    } finally {
      await small.stop()
    }
  })

  test('are frozen between invocations: a background thread makes no progress', async () => {
    const version = bench.version(`
import threading, time
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.005)
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    return ticks
`)
    await bench.invoke(version)
    // Between the answer and the freeze it may tick; on a busy machine that takes longer, but not each time.
    const ticksOfHalfASecond = async (): Promise<number> => {
      const before = (await bench.invoke(version)).json as number
      await new Promise((resolve) => setTimeout(resolve, 500))
      return ((await bench.invoke(version)).json as number) - before
    }
    await expect.poll(ticksOfHalfASecond).toBeLessThan(20)
  })
})

describe('a function for another architecture', () => {
  const architecture = hostArchitecture() === 'arm64' ? 'x86_64' : 'arm64'
  const told: string[] = []
  let own: InvokerBench
  beforeAll(async () => {
    own = await invokerBench({ log: createLog({ level: 'info', json: true, write: (line) => void told.push(line) }) })
  })
  afterAll(() => own.stop())

  test('runs when its package has no native code, and the log of the service says so once', async () => {
    const source = 'import time\ndef handler(e, c):\n    time.sleep(0.3)\n    return "runs"'
    const version = own.version(source, { architecture })
    // In two environments.
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all([own.invoke(version), own.invoke(version)])
      expect(answers.map(({ json }) => json)).toEqual(['runs', 'runs'])
    }
    const lines = told.filter((line) => line.includes('instead of its own architecture'))
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ functionArn: version.functionArn, architecture }),
    ])
  })

  test('is refused when it has, with both ways out', async () => {
    const version = own.version(
      [
        { path: 'app.py', bytes: 'def handler(e, c): pass' },
        { path: 'package/_native.so', bytes: elf({ machine: architecture === 'arm64' ? 183 : 62 }) },
      ],
      { architecture },
    )
    const host = hostArchitecture()
    await expect(own.invoke(version)).rejects.toMatchObject({
      code: 'ZY0551',
      message: expect.stringContaining('native code (`package/_native.so`)'),
      hint: `Build the package for \`${host}\` too (\`zipyard build --arch ${host}\`), or run the service on a \`${architecture}\` machine`,
    })
  })
})

test('a runtime without interpreter on this machine is refused with the remedy', async () => {
  const bare = await invokerBench({ interpreterFor: async (runtimeId) => interpreterFor(runtimeId, []) })
  await expect(bare.invoke(bare.version('def handler(e, c): pass'))).rejects.toMatchObject({
    code: expect.stringMatching(/^ZY05/),
    hint: expect.any(String),
  })
  await bare.stop()
})

describe('a `provided` runtime whose program cannot be executed says so as Lambda does', () => {
  const script = (interpreter: string): string => `#!${interpreter}\nexit 0\n`
  const task = 'fork/exec /var/task/bootstrap: '
  test.each([
    ['is missing', [], "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"],
    ['is a folder', [{ path: 'bootstrap/', bytes: '' }], "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"], // prettier-ignore
    ['is not executable', [{ path: 'bootstrap', bytes: script('/bin/sh') }], `${task}permission denied`],
    ['has no such interpreter', [{ path: 'bootstrap', bytes: script('/bin/no-such-shell'), mode: 0o755 }], `${task}no such file or directory`], // prettier-ignore
    ['has lines that end as on Windows', [{ path: 'bootstrap', bytes: '#!/bin/sh\r\nexit 0\r\n', mode: 0o755 }], `${task}no such file or directory`], // prettier-ignore
    ['is no program', [{ path: 'bootstrap', bytes: 'echo hello\n', mode: 0o755 }], `${task}exec format error`],
    ['is for another machine', [{ path: 'bootstrap', bytes: elf({ machine: hostArchitecture() === 'arm64' ? 62 : 183 }), mode: 0o755 }], `${task}exec format error`], // prettier-ignore
  ])('it %s', async (_, entries, sentence) => {
    const version = bench.version([{ path: 'other', bytes: 'x' }, ...entries], { runtime: 'provided.al2023' })
    const { text, lines } = await bench.invoke(version)
    expect(JSON.parse(text)).toEqual({
      errorType: 'Runtime.InvalidEntrypoint',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: /) as string,
    })
    expect((JSON.parse(text) as { errorMessage: string }).errorMessage.endsWith(` Error: ${sentence}`)).toBe(true)
    expect(lines).toContainEqual(expect.stringMatching(/^INIT_REPORT .*\tStatus: error\tError Type: Runtime.InvalidEntrypoint$/)) // prettier-ignore
  })

  test('but a program that the layers bring runs, and one that exits is told as before', async () => {
    const layer = { path: 'bootstrap', bytes: '#!/bin/sh\nexit 3\n', mode: 0o755 }
    const version = bench.version({ other: 'x' }, { runtime: 'provided.al2023', layers: [{ arn: 'arn:layer', codeDigest: bench.store([layer]) }] }) // prettier-ignore
    expect((await bench.invoke(version)).json).toMatchObject({ errorType: 'Runtime.ExitError' })
  })
})
