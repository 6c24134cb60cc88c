/** What only an isolated environment shows: Lambda's own paths, its user, and the permission bits of the zip at work. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  failsLate,
  invokerBench,
  testedPython,
  testedRuntime,
  type InvokerBench,
} from '../../test/kit/invoker-bench.ts'
import { findInterpreters, interpreterFor } from '../interpreters/find-interpreters.ts'
import { readElf } from '../elf/reader.ts'
import type { Interpreter } from '../interpreters/interpreter.ts'
import { createNamespaceSandbox } from '../sandbox/namespaces.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { EnvironmentStatus } from './invocation.ts'
import { runtimeFolder } from './launch-plan.ts'

const tier = process.getuid?.() === 0 ? 'root' : 'userns'
let bench: InvokerBench
let runtimes: string[]
beforeAll(async () => {
  const launcher = interpreterFor(
    testedRuntime,
    await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) }),
  )
  bench = await invokerBench({
    sandbox(folder) {
      const stateFolder = join(folder, 'sandbox')
      mkdirSync(stateFolder)
      return createNamespaceSandbox({ tier, stateFolder, runtimeFolder, launcher })
    },
  })
  const found = await findInterpreters({ dataFolder: bench.folder })
  runtimes = [...new Set(found.filter(({ isFreeThreaded }) => !isFreeThreaded).map(({ minor }) => `python${minor}`))]
})
afterAll(() => bench.stop())

test('every installed Python runs functions of its runtime at the paths of Lambda', async () => {
  const supported = runtimes.filter((id) => /^python3\.(8|9|1\d)$/.test(id))
  expect(supported.length).toBeGreaterThan(0)
  for (const runtime of supported) {
    const version = bench.version(
      `
import os, sys, traceback
def handler(event, context):
    return [sys.version_info[:2], os.getcwd(), sys.argv, sys.modules['__main__'].__file__, __file__, os.path.dirname(os.__file__), sys.path[0]]
`,
      { runtime },
    )
    const minor = runtime.slice('python3.'.length)
    expect((await bench.invoke(version)).json).toEqual([
      [3, Number(minor)],
      '/var/task',
      ['/var/runtime/bootstrap.py'],
      '/var/runtime/bootstrap.py',
      '/var/task/app.py',
      `/var/lang/lib/${runtime}`,
      '/var/task',
    ])
  }
})

test('an error at init names files as AWS recorded them', async () => {
  const version = bench.version(
    { 'lambda_runtime_error.py': 'raise Exception("Runtime startup fails")' },
    {
      handler: 'lambda_runtime_error.handler',
    },
  )
  const { stackTrace } = (await bench.invoke(version)).json as { stackTrace: string[] }
  // Old runtimes load the handler without `importlib.import_module`; none of their own frames is told either.
  if (!failsLate)
    expect(stackTrace[0]).toMatch(
      /^ {2}File "\/var\/lang\/lib\/python3\.\d+\/importlib\/__init__\.py", line \d+, in import_module\n/,
    )
  expect(stackTrace.filter((frame) => frame.includes('/var/runtime/'))).toEqual([])
  expect(stackTrace.at(-1)).toBe(
    '  File "/var/task/lambda_runtime_error.py", line 1, in <module>\n    raise Exception("Runtime startup fails")\n',
  )
})

test('the way it was started cannot be seen: a forked environment and an executed one tell the same', async () => {
  const code = `
import gc, os, signal, sys, threading
def handler(event, context):
    return {
        'argv': sys.argv, 'path': sys.path, 'environ': sorted(os.environ), 'main': sorted(n for n in vars(sys.modules['__main__'])),
        'builtins': sorted(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__), 'cwd': os.getcwd(), 'flags': list(sys.flags), 'threads': threading.active_count(),
        'fds': sorted(int(f) for f in os.listdir('/proc/self/fd')), 'int': str(signal.getsignal(signal.SIGINT)), 'term': str(signal.getsignal(signal.SIGTERM)), 'chld': str(signal.getsignal(signal.SIGCHLD)), 'pipe': str(signal.getsignal(signal.SIGPIPE)),
        'stdout': sys.stdout.encoding, 'uid': [os.getuid(), os.getgid(), os.getgroups()], 'umask': os.umask(0o22), 'isatty': sys.stdin.isatty(), 'executable': sys.executable, 'prefix': sys.prefix,
        'orig': getattr(sys, 'orig_argv', None), 'ppid': os.getppid(), 'write_bytecode': sys.dont_write_bytecode,
    }
`
  const forked = await bench.invoke(bench.version(code))
  // MALLOC_ variables are read when a process starts, so this one is executed.
  const executed = await bench.invoke(bench.version(code, { environment: { MALLOC_ARENA_MAX: '2' } }))
  const differences = compare(forked.json as Record<string, unknown>, executed.json as Record<string, unknown>)
  // With libffi from 3.4 on the warm interpreter holds a descriptor that an executed one has once it imports ctypes (runtime/isolation/zygote.py).
  const { fds, ...others } = differences as { fds?: [number[], number[]] }
  expect(fds === undefined || fds[0].length === fds[1].length + 1).toBe(true)
  expect(others).toEqual({ environ: expect.anything() })
})

test('what the zip lets everyone read is read, and nothing of it can be written', async () => {
  const version = bench.version(`
import os
def attempt(path):
  try:
      open(path, 'w').close()
      return 'written'
  except OSError as error:
      return error.strerror
def handler(event, context):
  return [attempt('/var/task/new'), attempt('/opt/new'), attempt('/var/runtime/new'), attempt('/tmp/new'), oct(os.stat('/var/task').st_mode & 0o777), os.path.exists('/dev/shm')]
`)
  const readOnly = 'Read-only file system'
  expect((await bench.invoke(version)).json).toEqual([readOnly, readOnly, readOnly, 'written', '0o755', false])
})

describe('packages are compiled ahead, outside of /var/task', () => {
  const large = `text = ${JSON.stringify('x'.repeat(70_000))}\n`

  test('and what functions see of it is the same code under the same names', async () => {
    const version = bench.version({
      'app.py':
        'import big, os\ndef handler(e, c):\n    return [big.name(), big.name.__code__.co_filename, os.path.exists("/var/task/__pycache__"), big.__cached__]\n',
      'big.py': `${large}def name():\n    return __name__\n`,
    })
    await bench.invoker.prepare(version)
    expect((await bench.invoke(version)).json).toEqual([
      'big',
      '/var/task/big.py',
      false,
      `/var/pycache/0/big.cpython-${testedPython.replace('.', '')}.pyc`,
    ])
  })

  test('but not what the function could not read: it must fail as on Lambda', async () => {
    const version = bench.version([
      { path: 'app.py', bytes: 'import closed\ndef handler(e, c):\n    pass\n' },
      { path: 'closed.py', bytes: large, mode: 0o600 },
    ])
    await bench.invoker.prepare(version)
    expect((await bench.invoke(version)).json).toMatchObject({ errorType: 'PermissionError' })
  })

  test('nor what warns when it is compiled: the warning is in the log, as on Lambda', async () => {
    const version = bench.version({
      'app.py': 'import warns\ndef handler(e, c):\n    pass\n',
      'warns.py': `${large}if 1 is 1:\n    pass\n`,
    })
    await bench.invoker.prepare(version)
    await bench.invoke(version)
    expect(
      bench.logged.some(({ group, message }) => group === version.logging.group && message.includes('SyntaxWarning')),
    ).toBe(true)
  })
})

test('a library that Lambda could not load fails at import, although this machine can load it', async () => {
  const library = newerThan226(interpreterFor('python3.11', await findInterpreters({ dataFolder: bench.folder })))
  const version = bench.version(
    [
      { path: 'app.py', bytes: `from native import ${library.module}\ndef handler(e, c):\n    pass\n` },
      { path: 'native/__init__.py', bytes: '' },
      { path: `native/${library.module}.so`, bytes: readFileSync(library.path), mode: 0o755 },
    ],
    { runtime: 'python3.11' },
  )
  const { errorType, errorMessage } = (await bench.invoke(version)).json as { errorType: string; errorMessage: string }
  expect(errorType).toBe('Runtime.ImportModuleError')
  expect(errorMessage).toMatch(
    /^Unable to import module 'app': \/lib64\/lib[a-z]+\.so\.\d: version `GLIBC_2\.\d+' not found \(required by \/var\/task\/native\//,
  )
})

test('a wrapper receives the interpreter and the bootstrap, and what it exports reaches the function', async () => {
  const wrapper = '#!/bin/sh\nexport WRAPPED="$#:$1:$2"\nexec "$@"\n'
  const version = bench.version(
    [
      { path: 'app.py', bytes: 'import os\ndef handler(e, c):\n    return os.environ["WRAPPED"]' },
      { path: 'wrap', bytes: wrapper, mode: 0o755 },
    ],
    { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/wrap' } },
  )
  expect((await bench.invoke(version)).json).toBe(`2:/var/lang/bin/python${testedPython}:/var/runtime/bootstrap.py`)
})

test('a wrapper that does not exist is exit status 127', async () => {
  const version = bench.version('def handler(e, c): pass', {
    environment: { AWS_LAMBDA_EXEC_WRAPPER: '/idontexist.sh' },
  })
  const result = await bench.invoke(version)
  expect(result.text).toMatch(
    /^\{"errorType":"Runtime\.ExitError","errorMessage":"RequestId: [0-9a-f-]+ Error: Runtime exited with error: exit status 127"\}$/,
  )
})

test('a program of its own runs behind `provided.al2023`, over the Runtime API by TCP', async () => {
  const program = `#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  event=$(curl -sS -D /tmp/headers "$api/next")
  id=$(tr -d '\\r' < /tmp/headers | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -sS -X POST "$api/$id/response" -d "{\\"handler\\":\\"$_HANDLER\\",\\"event\\":$event}" > /dev/null
done
`
  const version = bench.version([{ path: 'bootstrap', bytes: program, mode: 0o755 }], {
    runtime: 'provided.al2023',
    handler: 'any',
  })
  expect((await bench.invoke(version, { n: 1 })).json).toEqual({ handler: 'any', event: { n: 1 } })
  expect((await bench.invoke(version, { n: 2 })).json).toEqual({ handler: 'any', event: { n: 2 } })
})

test('an extension of a layer starts first, hears of every invocation and of the end', async () => {
  const extension = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
id=$(curl -sS -D - -o /tmp/registered -X POST "$api/register" -H "Lambda-Extension-Name: watcher" -d '{"events":["INVOKE","SHUTDOWN"]}' | tr -d '\\r' | sed -n 's/^Lambda-Extension-Identifier: //p')
echo "registered $(cat /tmp/registered) handler=$_HANDLER"
while true; do
  event=$(curl -sS "$api/event/next" -H "Lambda-Extension-Identifier: $id")
  case "$event" in *SHUTDOWN*) sleep 0.2; echo "shutdown"; exit 0;; *) echo "heard $event";; esac
done
`
  const codeDigest = bench.store([{ path: 'extensions/watcher', bytes: extension, mode: 0o755 }])
  const version = bench.version(
    'import os\nprint("runtime", os.path.exists("/tmp/registered"))\ndef handler(e, c):\n    return c.aws_request_id',
    {
      layers: [{ arn: 'arn:layer', codeDigest }],
    },
  )
  const said = (): string[] =>
    bench.logged.filter(({ group }) => group === version.logging.group).map(({ message }) => message)
  const ids = [(await bench.invoke(version)).json, (await bench.invoke(version)).json] as string[]
  await expect.poll(() => said().filter((line) => line.startsWith('heard')).length).toBe(2)
  expect(said().find((line) => line.startsWith('registered'))).toBe(
    `registered {"functionName":"${version.functionName}","functionVersion":"$LATEST","handler":"app.handler"} handler=\n`,
  )
  const heard = said().filter((line) => line.startsWith('heard'))
  expect(heard.map((line) => (JSON.parse(line.slice('heard '.length)) as { requestId: string }).requestId)).toEqual(ids)
  bench.invoker.drain(({ functionArn }) => functionArn === version.functionArn)
  await expect.poll(() => said()).toContain('shutdown\n')
})

/** An extension that does what its function's variable `LIFE` says, with shell functions to talk with. */
function withExtension(life: string, changes: Partial<RunnableVersion> = {}): RunnableVersion {
  const extension = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
register() { id=$(curl -sS -o /dev/null -D - -X POST "$api/register" -H 'Lambda-Extension-Name: watcher' -d '{"events":["INVOKE","SHUTDOWN"]}' | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Ee]xtension-[Ii]dentifier: //p'); }
event() { curl -sS "$api/event/next" -H "Lambda-Extension-Identifier: $id" > /dev/null; }
announce() { curl -sS -X POST "$api/$1/error" -H "Lambda-Extension-Identifier: $id" -H 'Lambda-Extension-Function-Error-Type: Extension.Mine' > /dev/null; }
${life}
`
  return bench.version(
    'import time\nn = 0\ndef handler(e, c):\n    global n\n    n += 1\n    time.sleep(e.get("seconds", 0))\n    return n',
    {
      layers: [
        { arn: 'arn:layer', codeDigest: bench.store([{ path: 'extensions/watcher', bytes: extension, mode: 0o755 }]) },
      ],
      ...changes,
    },
  )
}
const environmentsOf = ({ functionArn }: RunnableVersion): EnvironmentStatus[] =>
  bench.invoker.environments().filter((environment) => environment.functionArn === functionArn)

test.each([
  ['exits before it has registered', 'exit 3', 'Extension.Crash', 'exit code 3'],
  ['exits with 0', 'register; exit 0', 'Extension.Crash', 'exit code 0'],
  ['is killed', 'register; kill -9 $$', 'Extension.Crash', 'signal: killed'],
  ['says why, and exits', 'register; announce init; exit 1', 'Extension.InitError', 'exit code 1'],
])('an extension that %s is told at once, not when the time of Init is over', async (_, life, errorType, how) => {
  const version = withExtension(life)
  const { text, lines } = await bench.invoke(version)
  expect(text).toMatch(new RegExp(`^{"errorType":"${errorType}","errorMessage":"RequestId: \\S+ Error: ${how}"}$`))
  expect(lines.filter((line) => /^INIT_REPORT|^Extension/.test(line))).toEqual([
    expect.stringMatching(new RegExp(`^INIT_REPORT .*\tPhase: invoke\tStatus: error\tError Type: ${errorType}$`)),
    errorType,
  ])
})

test('an extension that ends while the function works ends the invocation', async () => {
  const { json } = await bench.invoke(withExtension('register; event; announce exit; exit 7'), { seconds: 60 })
  expect(json).toMatchObject({
    errorType: 'Extension.ExitError',
    errorMessage: expect.stringMatching(/ exit code 7$/) as string,
  })
})

test('an environment whose extension ended starts anew, and only for the next invocation', async () => {
  const version = withExtension('register; event; exit 1', { timeoutSeconds: 60 })
  for (const invocations of [1, 2]) {
    // Whether the function answers before its extension ends is up to them.
    expect((await bench.invoke(version)).text).toMatch(/^1$|Extension.Crash/)
    await expect.poll(() => environmentsOf(version).map(({ state }) => state)).toEqual(['ready'])
    expect(environmentsOf(version)[0]?.invocations).toBe(invocations)
  }
})

test('an extension that asks for no other event has the rest of the timeout; then its environment is free again', async () => {
  const version = withExtension('register; event; sleep 600', { timeoutSeconds: 2 })
  await bench.invoke(version)
  await expect.poll(() => environmentsOf(version).map(({ state }) => state)).toEqual(['ready'])
  const said = bench.logged.filter(({ group }) => group === version.logging.group).map(({ message }) => message)
  // On a busy machine the function may have been late, too: then its report follows.
  expect(said.findLast((message) => !message.startsWith('REPORT'))).toMatch(/ Task timed out after 2\.00 seconds\n/)
})

test('nothing is written through the symbolic link of an earlier layer', async () => {
  const one = bench.store([{ path: 'python/x', bytes: '/tmp', link: true }])
  const two = bench.store({ 'python/x/file': 'from the second layer' })
  const layers = [one, two].map((codeDigest, place) => ({ arn: `arn:layer:${place}`, codeDigest }))
  const version = bench.version(
    'import os\ndef handler(e, c):\n    return [os.path.islink("/opt/python/x"), open("/opt/python/x/file").read()]',
    { layers },
  )
  expect((await bench.invoke(version)).json).toEqual([false, 'from the second layer'])
})

test('libraries in /opt/lib and /var/task/lib are found by their names, however the environment was started', async () => {
  // Any library of this machine will do, under a name that nothing else has.
  const report = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] }
  const bytes = readFileSync(report.sharedObjects.find((path) => /\/libm[.-]/.test(path))!)
  const layers = [{ arn: 'arn:layer', codeDigest: bench.store([{ path: 'lib/libofalayer.so', bytes }]) }]
  const code = [
    {
      path: 'app.py',
      bytes: `
import ctypes
def handler(event, context):
    return [ctypes.CDLL('libofalayer.so').abs is not None, ctypes.CDLL('libofapackage.so').abs is not None]
`,
    },
    { path: 'lib/libofapackage.so', bytes },
  ]
  for (const environment of [{}, { MALLOC_ARENA_MAX: '2' }] as Record<string, string>[])
    expect((await bench.invoke(bench.version(code, { layers, environment }))).text).toBe('[true, true]')
})

function compare(one: Record<string, unknown>, other: Record<string, unknown>): Record<string, unknown> {
  const differences: Record<string, unknown> = {}
  for (const name of Object.keys(one)) {
    if (JSON.stringify(one[name]) !== JSON.stringify(other[name])) differences[name] = [one[name], other[name]]
  }
  return differences
}

/** An extension module of this machine's Python that asks for more than Amazon Linux 2 has: most do that were built in the last years. */
function newerThan226(python: Interpreter): { readonly path: string; readonly module: string } {
  const folder = join(python.standardLibrary, 'lib-dynload')
  for (const name of readdirSync(folder)) {
    const versions = Object.values(readElf(readFileSync(join(folder, name)))?.versions ?? {}).flat()
    const minors = versions.map((version) => Number(/^GLIBC_2\.(\d+)/.exec(version)?.[1] ?? 0))
    if (Math.max(0, ...minors) > 26) return { path: join(folder, name), module: name.split('.')[0]! }
  }
  throw new Error(`no library in ${folder} needs a newer glibc than 2.26`)
}
