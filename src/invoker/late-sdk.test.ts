/**
 * Environments that start while their runtime's copy of the AWS SDK is still being made: only who needs it waits for it, and no time runs for him meanwhile.
 * The test decides when the copy is there; the clock stands still unless it is moved.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { invokerBench, testedPython, testedRuntime, type InvokerBench } from '../../test/kit/invoker-bench.ts'
import { openFolder, testedTiers } from '../../test/kit/sandbox-bench.ts'
import { ManualClock, systemClock, type Clock } from '../base/clock.ts'
import { findInterpreters, interpreterFor } from '../interpreters/find-interpreters.ts'
import { openTier } from '../sandbox/open-tier.ts'
import type { Tier } from '../sandbox/sandbox.ts'
import { runtimeFolder } from './launch-plan.ts'
import type { RuntimeSdk } from './runtime-sdk.ts'

/** A copy that is there when the test says so. */
class HeldCopy implements RuntimeSdk {
  readonly folder = openFolder('sdk')
  readonly modules = ['boto3']
  isWhole = false
  making: Promise<boolean> | undefined
  /** Somebody was heard to wait: the service asked until when. */
  readonly waitedFor: Promise<void>
  #settle!: (isThere: boolean) => void

  constructor() {
    const making = new Promise<boolean>((resolve) => (this.#settle = resolve))
    let heard!: () => void
    this.waitedFor = new Promise((resolve) => (heard = resolve))
    Object.defineProperty(this, 'making', { get: () => (heard(), this.isWhole ? undefined : making) })
    this.made = () => making
    onTestFinished(() => rmSync(this.folder, { recursive: true }))
  }

  readonly made: () => Promise<boolean>

  release(whyNot = ''): void {
    if (whyNot === '') {
      mkdirSync(join(this.folder, 'boto3'))
      writeFileSync(join(this.folder, 'boto3/__init__.py'), '__version__ = "1.2.3"\n')
    }
    writeFileSync(`${this.folder}-settled`, whyNot)
    renameSync(`${this.folder}-settled`, join(this.folder, '.zipyard-sdk'))
    this.isWhole = whyNot === ''
    this.#settle(this.isWhole)
  }
}

const python = interpreterFor(testedRuntime, await findInterpreters({ dataFolder: openFolder('pythons') }))

async function benchWith(tier: Tier, copy: RuntimeSdk, clock: Clock = systemClock): Promise<InvokerBench> {
  const bench = await invokerBench({
    clock,
    network: 'none',
    runtimeSdk: async () => copy,
    interpreterFor: async () => python,
    sandbox: (folder) =>
      openTier(tier, { stateFolder: join(folder, 'sandbox'), runtimeFolder, launcher: python, network: 'none' }),
  })
  onTestFinished(() => bench.stop())
  return bench
}

const plain = 'def handler(event, context):\n    return "plain"\n'
const atInit =
  'import boto3, sys\ndef handler(event, context):\n    return [boto3.__version__, boto3.__file__, sys.path]\n'
const inHandler = 'def handler(event, context):\n    import boto3\n    return boto3.__version__\n'
// Variables that a process reads when it starts: it is executed, not forked.
const executed = { environment: { MALLOC_ARENA_MAX: '2' } }

/** Answers that have come so far. */
function watched<Result>(promise: Promise<Result>): { readonly promise: Promise<Result>; hasCome: boolean } {
  const one = { promise, hasCome: false }
  void promise.then(() => (one.hasCome = true))
  return one
}

describe.each(testedTiers)('tier %s', (tier) => {
  test('who imports no boto3 is answered before there is one, who does when it is there; later environments see the same', async () => {
    const copy = new HeldCopy()
    const bench = await benchWith(tier, copy)
    const waiting = [{}, executed].map((changes) => watched(bench.invoke(bench.version(atInit, changes))))
    await copy.waitedFor
    for (const changes of [{}, executed]) expect((await bench.invoke(bench.version(plain, changes))).json).toBe('plain')
    const first = bench.version(inHandler)
    const handling = watched(bench.invoke(first))
    expect([...waiting, handling].map(({ hasCome }) => hasCome)).toEqual([false, false, false])
    copy.release()
    const answers = await Promise.all(waiting.map(({ promise }) => promise))
    const [version, file, path] = answers[0]!.json as [string, string, string[]]
    expect(version).toBe('1.2.3')
    // Lambda's own place, or that which can be mounted where the interpreter has none; the host's where nothing can be.
    if (tier !== 'process')
      expect(file).toMatch(
        new RegExp(`^/var/(lang/lib/python${testedPython}|runtime)/site-packages/boto3/__init__\\.py$`),
      )
    expect(path).toContain(dirname(dirname(file)))
    expect((await handling.promise).json).toBe('1.2.3')
    const later = await bench.invoke(bench.version(atInit))
    const generic = (json: unknown): string => JSON.stringify(json).replaceAll(/code\/[^"]*\/|[0-9a-f]{16,}/g, '')
    expect(generic(answers[0]!.json)).toBe(generic(later.json))
    expect(generic(answers[1]!.json)).toBe(generic(later.json))
  })

  test('a copy that could not be made is an import error that says so', async () => {
    const copy = new HeldCopy()
    const bench = await benchWith(tier, copy)
    const answer = bench.invoke(bench.version(inHandler))
    await copy.waitedFor
    copy.release('no index answers')
    expect((await answer).json).toMatchObject({
      errorType: 'ModuleNotFoundError',
      errorMessage: "No module named 'boto3': no index answers",
    })
  })
})

const tier = testedTiers[0]!

describe('while a function waits for the copy', () => {
  test.each([
    ['Init', atInit],
    ['the invocation', inHandler],
  ])('its time stands still: in %s', async (_, code) => {
    const [copy, clock] = [new HeldCopy(), new ManualClock()]
    const bench = await benchWith(tier, copy, clock)
    const answer = bench.invoke(bench.version(code, { timeoutSeconds: 3 }))
    await copy.waitedFor
    await clock.advance(600_000)
    copy.release()
    const { text, lines } = await answer
    expect(text).toContain('1.2.3')
    // Neither counts it.
    expect(lines.at(-1)).toMatch(/\tDuration: 0\.00 ms\t.*\tInit Duration: 0\.00 ms\t$/)
  })

  test('after it Init has what was left of its time, and no more', async () => {
    const [copy, clock] = [new HeldCopy(), new ManualClock()]
    const bench = await benchWith(tier, copy, clock)
    const answer = bench.invoke(
      bench.version('import boto3, time\ntime.sleep(100000)\ndef handler(e, c): pass', { timeoutSeconds: 1 }),
    )
    await copy.waitedFor
    await clock.advance(600_000)
    copy.release()
    await passUntil(clock, answer)
    expect((await answer).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
  })

  test('who does not wait is told of his timeout as ever', async () => {
    const [copy, clock] = [new HeldCopy(), new ManualClock()]
    const bench = await benchWith(tier, copy, clock)
    const answer = bench.invoke(
      bench.version('import time\ndef handler(e, c):\n    time.sleep(100000)\n', { timeoutSeconds: 3 }),
    )
    await expect.poll(() => bench.invoker.environments()[0]?.state).toBe('busy')
    await passUntil(clock, answer)
    expect((await answer).json).toMatchObject({ errorType: 'Sandbox.Timedout' })
    copy.release()
  })
})

test('a program that cannot know how to wait starts when the copy is there', async () => {
  const copy = new HeldCopy()
  const bench = await benchWith(tier, copy)
  const wrapped = watched(
    bench.invoke(
      bench.version(
        [
          { path: 'app.py', bytes: atInit },
          { path: 'wrap', bytes: '#!/bin/sh\necho wrapped >&2\nexec "$@"\n', mode: 0o755 },
        ],
        { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/wrap' } },
      ),
    ),
  )
  // Another function has come and gone meanwhile.
  expect((await bench.invoke(bench.version(plain))).json).toBe('plain')
  expect([wrapped.hasCome, bench.invoker.environments().length]).toEqual([false, 1])
  copy.release()
  expect((await wrapped.promise).text).toContain('1.2.3')
})

/** Moves the clock on until there is an answer. */
async function passUntil(clock: ManualClock, answer: Promise<unknown>): Promise<void> {
  const seen = watched(answer)
  while (!seen.hasCome) {
    await clock.advance(500)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
