/**
 * From nothing to the first answer: a new execution environment (request, process, namespaces, bootstrap, the function's module, its first event,
 * answer) in the best isolation this machine gives, against `python -c pass` of the same interpreter, AWS's own client by exec without isolation, our
 * bootstrap by exec in the same isolation, and imports with and without compiled files.
 */
import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { RunnableVersion } from '../src/functions/runnable-version.ts'
import { RuntimeApi } from '../src/invoker/runtime-api.ts'
import { runtimeFolder } from '../src/invoker/launch-plan.ts'
import { createNamespaceSandbox } from '../src/sandbox/namespaces.ts'
import { awslambdaricFolder } from '../test/kit/awslambdaric.ts'
import { invokerBench } from '../test/kit/invoker-bench.ts'
import { distribution, report } from './kit/measure.ts'
import { benchPython } from './kit/python.ts'

const rounds = 25
const heavyRounds = 7
const python = await benchPython()

const tier = process.getuid?.() === 0 ? 'root' : 'userns'
const bench = await invokerBench({
  sandbox(folder) {
    const stateFolder = join(folder, 'sandbox')
    mkdirSync(stateFolder)
    return createNamespaceSandbox({ tier, stateFolder, runtimeFolder, launcher: python })
  },
})
const official = await awslambdaricFolder(python)
const peerTask = mkdtempSync(join(tmpdir(), 'zipyard-peer-'))
chmodSync(peerTask, 0o755)
const source = 'def handler(event, context):\n    return event\n'
writeFileSync(join(peerTask, 'app.py'), source)

const samples: Record<string, number[]> = {}
async function measure(name: string, task: () => Promise<unknown>, keep: boolean): Promise<void> {
  const start = performance.now()
  await task()
  if (keep) (samples[name] ??= []).push(performance.now() - start)
}

let keys = 0
/** The same function under a key of its own: an environment that nobody had before. */
const fresh = (version: RunnableVersion): RunnableVersion => ({
  ...version,
  version: String(++keys),
  environmentKey: `cold-${keys}`,
})

/** AWS's client started plainly, with a Runtime API that waits for it: to its first answer. */
async function startOfficial(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-peer-'))
  await new Promise<void>((resolve, reject) => {
    void RuntimeApi.listen(join(folder, 'api'), {
      waiting() {
        api?.dispatch({
          requestId: 'id',
          deadlineMs: Date.now() + 60_000,
          invokedArn: 'arn:aws:lambda:us-east-1:123456789012:function:f',
          payload: Buffer.from('{}'),
        })
      },
      responded() {
        child?.kill('SIGKILL')
        resolve()
      },
      failed: (_id, body) => reject(new Error(body.toString())),
      responseTooLarge: () => reject(new Error('too large')),
      initFailed: (body) => reject(new Error(body.toString())),
    }).then(async (listening) => {
      api = listening
      const address = await listening.listenTcp()
      child = spawn(python.executable, ['-m', 'awslambdaric', 'app.handler'], {
        cwd: peerTask,
        env: {
          PATH: '/usr/bin:/bin',
          AWS_LAMBDA_RUNTIME_API: address,
          PYTHONPATH: official,
          LANG: 'en_US.UTF-8',
          TZ: ':UTC',
        },
        stdio: 'ignore',
      })
    }, reject)
    let api: RuntimeApi | undefined
    let child: ReturnType<typeof spawn> | undefined
    closers.push(async () => api?.close())
  })
  rmSync(folder, { recursive: true, force: true })
}
const closers: (() => Promise<void> | undefined)[] = []

/** A package that imports many modules; half of the time of real cold starts goes there. */
function heavyPackage(): Record<string, string> {
  const files: Record<string, string> = {}
  const names = Array.from({ length: 420 }, (_, n) => `part${n}`)
  for (const name of names) {
    files[`heavy/${name}.py`] = Array.from(
      { length: 24 },
      (_, n) =>
        `class C${n}:\n    """Documentation of ${name} ${n}."""\n\n    def __init__(self, value, *rest, **named):\n        self.value = [part for part in rest if part != value]\n        self.named = dict(named, ${name}=value)\n\n    def run(self, factor=${n}):\n        total = 0\n        for position, item in enumerate(self.value):\n            total += position * factor if item else -1\n        return {'total': total, 'named': sorted(self.named)}\n`,
    ).join('\n')
  }
  files['heavy/__init__.py'] = names.map((name) => `from . import ${name}`).join('\n')
  files['app.py'] = `import heavy\n${source}`
  return files
}

try {
  const light = bench.version({ 'app.py': source }, { runtime: `python${python.minor}` })
  // Read when a process starts, so the fork of a warm interpreter is not taken: everything else is equal.
  const executed = { ...light, environment: { MALLOC_ARENA_MAX: '4' } }
  await bench.invoker.prepare(light)
  for (let round = -2; round < rounds; round += 1) {
    const keep = round >= 0
    await measure('python -c pass', () => promisify(execFile)(python.executable, ['-c', 'pass']), keep)
    await measure(`ours, ${tier}, forked`, () => bench.invoke(fresh(light)), keep)
    await measure(`ours, ${tier}, executed`, () => bench.invoke(fresh(executed)), keep)
    await measure('awslambdaric, executed, not isolated', startOfficial, keep)
    await Promise.all(closers.splice(0).map((close) => close()))
    // What the rounds before have left would share the processors with the next.
    bench.invoker.drain(() => true)
  }
  const heavy = bench.version(heavyPackage(), { runtime: `python${python.minor}`, memoryMiB: 512, timeoutSeconds: 60 })
  const plain = { ...heavy, codeDigest: bench.store({ ...heavyPackage(), 'other.txt': '' }) }
  await bench.invoker.prepare(heavy)
  // Unpacked, and its compiled files left out: what Lambda does with a package that brings none.
  const withoutCompiled = await invokerBench({ sandbox: () => bench.sandbox, compile: false })
  const plainVersion = withoutCompiled.version(heavyPackage(), {
    ...plain,
    codeDigest: withoutCompiled.store(heavyPackage()),
  })
  await withoutCompiled.invoke(fresh(plainVersion))
  for (let round = 0; round < heavyRounds; round += 1) {
    await measure('420 modules, compiled ahead', () => bench.invoke(fresh(heavy)), true)
    await measure(
      '420 modules, compiled at import',
      () => withoutCompiled.invoke({ ...fresh(plainVersion), environment: { MALLOC_ARENA_MAX: '4' } }),
      true,
    )
    bench.invoker.drain(() => true)
    withoutCompiled.invoker.drain(() => true)
  }
  await withoutCompiled.invoker.stop(1000)
  const measured = Object.fromEntries(Object.entries(samples).map(([name, times]) => [name, distribution(times)]))
  const [pass, forked, exec, peer, compiled, uncompiled] = Object.values(measured).map(({ p50 }) => p50) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  report('invoke-cold', measured, [
    { name: 'ours / python -c pass', value: forked / pass, atMost: 2.5 },
    { name: 'awslambdaric executed / ours', value: peer / forked, atLeast: 8 },
    { name: 'ours executed in the same isolation / ours', value: exec / forked, atLeast: 3 },
    { name: 'imports compiled at import / ahead', value: uncompiled / compiled, atLeast: 2.8 },
  ])
} finally {
  rmSync(peerTask, { recursive: true, force: true })
  await bench.stop()
}
