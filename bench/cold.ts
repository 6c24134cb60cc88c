/**
 * A new environment to its first answer, isolated, forked from a warm interpreter; against an interpreter that does nothing, against our bootstrap
 * executed in the same isolation and in bubblewrap, and against AWS's own client executed without any. Then the same for a package of more than
 * 400 modules with and without a bytecode cache, and the memory of an idle environment.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mebibyte } from '../src/base/byte-size.ts'
import { runtimeFolder } from '../src/invoker/launch-plan.ts'
import { RuntimeApi } from '../src/invoker/runtime-api.ts'
import { warmEnvironment } from '../src/sandbox/warm-environment.ts'
import { openSandbox } from '../src/sandbox/open-sandbox.ts'
import { processTree } from '../src/sandbox/process-tree.ts'
import type { SandboxSpec } from '../src/sandbox/sandbox.ts'
import { awslambdaricFolder } from '../test/kit/awslambdaric.ts'
import { distribution, report } from './kit/measure.ts'
import { benchPython } from './kit/python.ts'

const rounds = Number(process.env['ROUNDS'] ?? 25)
const folder = mkdtempSync(join(tmpdir(), 'zipyard-cold-'))
chmodSync(folder, 0o755)
const python = await benchPython()
const peer = await awslambdaricFolder(python)

const task = join(folder, 'task')
mkdirSync(task)
writeFileSync(join(task, 'app.py'), 'def handler(event, context):\n    return event\n')
const [heavy, heavyBytecode] = makeHeavyPackage()

const { sandbox, reports } = await openSandbox({
  stateFolder: join(folder, 'sandbox'),
  runtimeFolder,
  launcher: python,
  interpreter: python,
  isolation: 'auto',
  network: 'none',
  untrusted: false,
})
await sandbox.warm(python)

const variables = (handler: string): Record<string, string> => ({
  ...warmEnvironment,
  _HANDLER: handler,
  AWS_EXECUTION_ENV: `AWS_Lambda_python${python.minor}`,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
  AWS_LAMBDA_FUNCTION_NAME: 'cold',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/cold',
  AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
  AWS_REGION: 'us-east-1',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  LAMBDA_TASK_ROOT: '/var/task',
})

let launches = 0
const idle = 24

/** Milliseconds from the decision to start an environment to its first answer. */
async function measure(
  start: (api: RuntimeApi, id: string) => Promise<() => Promise<void>>,
  keep?: (end: () => Promise<void>) => void,
): Promise<number> {
  const id = `cold-${(launches += 1)}`
  const begin = performance.now()
  let answered: (ms: number) => void
  const answer = new Promise<number>((resolve) => {
    answered = resolve
  })
  const event = {
    requestId: id,
    deadlineMs: Date.now() + 60_000,
    invokedArn: 'arn:aws:lambda:us-east-1:123456789012:function:cold',
    payload: Buffer.from('{"key":"value"}'),
  }
  let isSent = false
  const api = await RuntimeApi.listen(join(folder, `${id}.sock`), {
    waiting: () => {
      if (isSent) return
      isSent = true
      api.dispatch(event)
    },
    responded: () => answered(performance.now() - begin),
    failed: (_, body) => answered(fail(body.toString())),
    responseTooLarge: () => answered(fail('too large')),
    initFailed: (body) => answered(fail(body.toString())),
  })
  const end = await start(api, id)
  const ms = (await Promise.race([answer, lastExit.then(() => undefined)])) ?? fail('it ended')
  const endAll = async (): Promise<void> => {
    await end()
    await api.close()
  }
  if (keep) keep(endAll)
  else await endAll()
  return ms
}

function fail(text: string): number {
  process.stderr.write(`the function failed: ${text}\n`)
  return Number.NaN
}

const isolated =
  (options: {
    readonly fork: boolean
    readonly task?: string
    readonly handler?: string
    readonly bytecode?: string
  }) =>
  async (api: RuntimeApi, id: string): Promise<() => Promise<void>> => {
    const spec: SandboxSpec = {
      id,
      interpreter: python,
      argv: [`/var/lang/bin/python${python.minor}`, '-S', '/var/runtime/bootstrap.py'],
      environment: {
        ...variables(options.handler ?? 'app.handler'),
        _LAMBDA_TELEMETRY_LOG_FD: '3',
        _ZIPYARD_API: 'fd:4',
        ...(options.bytecode && { _ZIPYARD_PYCACHE: '/var/task=/var/bytecode' }),
      },
      workingDirectory: '/var/task',
      binds: [
        { source: options.task ?? task, target: '/var/task' },
        { source: runtimeFolder, target: '/var/runtime' },
        ...(options.bytecode ? [{ source: options.bytecode, target: '/var/bytecode' }] : []),
      ],
      temporaryFolder: join(folder, 'tmp'),
      temporaryBytes: 512 * mebibyte,
      memoryBytes: 512 * mebibyte,
      processes: 1024,
      network: 'none',
      apiSocket: api.socketPath,
      allowZygote: options.fork,
    }
    const launched = await sandbox.launch(spec)
    lastExit = launched.exited
    for (const stream of [launched.stdout, launched.stderr, launched.telemetry])
      stream.on('data', (data: Buffer) => process.stderr.write(data))
    lastPids = () =>
      processTree(process.pid).filter((pid) =>
        read(`/proc/${pid}/mountinfo`).includes(`${options.task ?? task} /var/task`),
      )
    return () => sandbox.release(id)
  }

let lastPids: () => number[] = () => []
let lastExit: Promise<unknown> = new Promise(() => {})

const ended = (child: ChildProcess) => {
  lastExit = new Promise((resolve) => child.once('exit', resolve))
  return async (): Promise<void> => {
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
  }
}

/** AWS's client, executed by the same interpreter, without isolation and by TCP, as every container image of it is. */
async function awslambdaric(api: RuntimeApi): Promise<() => Promise<void>> {
  const address = await api.listenTcp()
  const child = spawn(python.executable, ['-m', 'awslambdaric', 'app.handler'], {
    cwd: task,
    env: {
      ...variables('app.handler'),
      LD_LIBRARY_PATH: '',
      LAMBDA_TASK_ROOT: task,
      PYTHONPATH: `${task}:${peer}`,
      AWS_LAMBDA_RUNTIME_API: address,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return ended(child)
}

/** Bubblewrap around the whole host, without a filter or limits: as little as it can do. */
async function bubblewrap(api: RuntimeApi): Promise<() => Promise<void>> {
  const isolation = [
    '--unshare-all',
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
  ]
  // What this checkout and its Python have below /tmp is hidden by the new one.
  const binds = [folder, runtimeFolder, python.prefix].flatMap((path) => ['--ro-bind', path, path])
  binds.push('--ro-bind', task, '/tmp/task')
  const bootstrap = [python.executable, '-S', join(runtimeFolder, 'bootstrap.py')]
  const child = spawn('bwrap', [...isolation, ...binds, '--chdir', '/tmp/task', '--', ...bootstrap], {
    env: {
      ...variables('app.handler'),
      LD_LIBRARY_PATH: '',
      LAMBDA_TASK_ROOT: '/tmp/task',
      LAMBDA_RUNTIME_DIR: runtimeFolder,
      _ZIPYARD_API: `unix:${api.socketPath}`,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return ended(child)
}

function interpreterAlone(): number {
  const begin = performance.now()
  spawnSync(python.executable, ['-c', 'pass'])
  return performance.now() - begin
}

const samples: Record<string, number[]> = {}
const take = (name: string, ms: number): void => {
  if (!Number.isNaN(ms)) (samples[name] ??= []).push(ms)
}
const hasBubblewrap = spawnSync('bwrap', ['--version']).status === 0
// Interleaved, so that a busy moment of the machine falls on all of them.
for (let round = 0; round < rounds; round += 1) {
  take('python -c pass', interpreterAlone())
  take('isolated, forked', await measure(isolated({ fork: true })))
  take('isolated, executed', await measure(isolated({ fork: false })))
  if (hasBubblewrap) take('bubblewrap, executed', await measure(bubblewrap))
  take('awslambdaric, executed, not isolated', await measure(awslambdaric))
  if (round % 5 > 0) continue
  const large = { task: heavy, handler: 'heavy_app.handler' }
  take(
    '400 modules, forked, bytecode cache',
    await measure(isolated({ ...large, fork: true, bytecode: heavyBytecode })),
  )
  take('400 modules, executed, no bytecode', await measure(isolated({ ...large, fork: false })))
}
const light = await idlePssOfEnvironments()
await sandbox.stop()

const measured = Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, distribution(values)]))
const ours = measured['isolated, forked']!.p50
const against = (name: string): number => (measured[name]?.p50 ?? Number.NaN) / ours
const execution = idlePssOfHttpClient()
report(
  'cold',
  measured,
  [
    { name: 'forked, over python -c pass', value: 1 / against('python -c pass'), atMost: 2.5 },
    { name: 'faster than awslambdaric executed', value: against('awslambdaric, executed, not isolated'), atLeast: 8 },
    ...(hasBubblewrap
      ? [{ name: 'faster than bubblewrap and execution', value: against('bubblewrap, executed'), atLeast: 3 }]
      : []),
    { name: 'faster than execution, as isolated', value: against('isolated, executed') },
    {
      name: '400 modules: faster than without bytecode',
      value: measured['400 modules, executed, no bytecode']!.p50 / measured['400 modules, forked, bytecode cache']!.p50,
      atLeast: 2.8,
    },
    { name: 'memory when idle, over http.client executed', value: light / execution, atMost: 0.35 },
  ],
  [
    `isolation: ${sandbox.tier}, network none; Python ${python.version}; memory when idle (PSS; its process 1 has none of its own): ${(light / 1024).toFixed(1)} MiB`,
    ...(reports.at(-1)?.lacks.map((lack) => `this tier does not hold here: ${lack.because}`) ?? []),
  ],
)
rmSync(folder, { recursive: true, force: true })

/** Memory with shared pages counted once for all who share them, in KiB; nothing of a process that is gone. */
function proportionalKib(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0), 0)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Environments that have answered once and wait. */
async function idlePssOfEnvironments(): Promise<number> {
  const ends: (() => Promise<void>)[] = []
  for (let index = 0; index < idle; index += 1) {
    await measure(isolated({ fork: true }), (end) => ends.push(end))
  }
  const sum = proportionalKib(lastPids())
  for (const end of ends) await end()
  return sum / idle
}

/** What a bootstrap of the usual kind holds: an interpreter with http.client, json and logging, waiting; as many, as libraries are shared. */
function idlePssOfHttpClient(): number {
  const program = 'import http.client, json, logging, sys\nprint("up", flush=True)\nsys.stdin.read()'
  const children = Array.from({ length: idle }, () =>
    spawn(python.executable, ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  execFileSync('sleep', ['1'])
  const sum = proportionalKib(children.map((child) => child.pid!))
  for (const child of children) child.kill()
  return sum / children.length
}

/** A package of the standard library's own modules under another name, and its bytecode as a cache outside of it. */
function makeHeavyPackage(): [task: string, bytecode: string] {
  const target = join(folder, 'heavy')
  const library = python.standardLibrary
  const packages =
    'asyncio collections concurrent ctypes curses dbm distutils email encodings html http importlib json lib2to3 logging multiprocessing pydoc_data sqlite3 tomllib unittest urllib wsgiref xml xmlrpc zoneinfo'
  const options = {
    recursive: true,
    filter: (path: string) => !/__pycache__|\/tests?(\/|$)|\.(so|txt|pickle|csv|pyc)$|__main__/.test(path),
  }
  for (const name of packages.split(' ')) {
    try {
      cpSync(join(library, name), join(target, 'heavy', name), options)
    } catch {
      // Not every version has every package.
    }
  }
  for (const name of readdirSync(library).filter(
    (file) => file.endsWith('.py') && !/^(antigravity|this|__|_aix|idlelib|turtle|_android|_apple|_ios)/.test(file),
  ))
    cpSync(join(library, name), join(target, 'heavy', name))
  writeFileSync(join(target, 'heavy', '__init__.py'), '')
  writeFileSync(
    join(target, 'heavy_app.py'),
    `import importlib, os, sys
before = len(sys.modules)
for folder, folders, names in os.walk(os.path.join(os.path.dirname(os.path.abspath(__file__)), "heavy")):
    folders.sort()
    for name in sorted(names):
        path = os.path.relpath(os.path.join(folder, name), os.path.dirname(os.path.abspath(__file__)))
        module = path[:-3].replace("/", ".").replace(".__init__", "")
        if not name.endswith(".py") or len([m for m in sys.modules if m.startswith("heavy")]) > 420: continue
        try: importlib.import_module(module)
        except BaseException: sys.modules.pop(module, None)
count = len([name for name in sys.modules if name.startswith("heavy")])
assert count >= 400, count
def handler(event, context): return count
`,
  )
  const cache = join(folder, 'bytecode')
  spawnSync(python.executable, ['-X', `pycache_prefix=${cache}`, '-m', 'compileall', '-q', target], {
    stdio: 'ignore',
  })
  return [target, join(cache, target)]
}
