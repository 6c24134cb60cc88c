/**
 * Our bootstrap beside AWS's own client, the official `awslambdaric`, unchanged: the same handlers, the same events, in the same environments, on every
 * Python of this machine that has a wheel of it. Results, errors, log lines and exits must be equal.
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findInterpreters } from '../../src/interpreters/find-interpreters.ts'
import type { Interpreter } from '../../src/interpreters/interpreter.ts'
import { runtimeFolder } from '../../src/invoker/launch-plan.ts'
import { createNamespaceSandbox } from '../../src/sandbox/namespaces.ts'
import { awslambdaricFolder, awslambdaricLayer, awslambdaricWrapper, hasAwslambdaric } from '../kit/awslambdaric.ts'
import { invokerBench, type InvokerBench } from '../kit/invoker-bench.ts'

const found = await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) })
const all = [
  ...new Map(
    found
      .filter(({ minor, isFreeThreaded }) => hasAwslambdaric(minor) && !isFreeThreaded)
      .sort((a, b) => a.minor.localeCompare(b.minor, 'en', { numeric: true }))
      .map((python) => [python.minor, python]),
  ).values(),
]
// The oldest and the newest show most; `ZIPYARD_LONG=1` compares on all of them.
const pythons = process.env['ZIPYARD_LONG'] ? all : all.filter((_, place) => place === 0 || place === all.length - 1)

let bench: InvokerBench
beforeAll(async () => {
  bench = await invokerBench({
    sandbox(folder) {
      const stateFolder = join(folder, 'sandbox')
      mkdirSync(stateFolder)
      const tier = process.getuid?.() === 0 ? 'root' : 'userns'
      return createNamespaceSandbox({ tier, stateFolder, runtimeFolder, launcher: pythons[0] })
    },
  })
})
afterAll(() => bench.stop())

/** Each is the body of a handler; `e` is the event. */
const handlers: Readonly<Record<string, string>> = {
  none: 'pass',
  echo: 'return e',
  text: 'return "grüße \\u2028 \\U0001f600 \\x00 \\x1f \\" \\\\ /"',
  numbers:
    'return [0, -1, 10**30, 1.0, 1e100, 1e-7, -0.0, float("nan"), float("inf"), float("-inf"), True, False, None]',
  keys: 'return {1: "int", 2.5: "float", True: "bool", None: "none", "s": "str"}',
  tuple: 'return ((1, 2), [3, (4,)], ())',
  namedtuple: 'import collections\nP = collections.namedtuple("P", "x y")\nreturn [P(1, P(2, 3)), {"p": P([], {})}]',
  decimal:
    'import decimal\nreturn {"a": decimal.Decimal("1.10"), "b": [decimal.Decimal("1E+3"), decimal.Decimal("NaN"), decimal.Decimal("-0")]}',
  decimal_infinite: 'import decimal\nreturn decimal.Decimal("Infinity")',
  decimal_key: 'import decimal\nreturn {decimal.Decimal(1): 1}',
  bytes: 'return b"raw \\xff"',
  bytes_inside: 'return {"a": [b"text"], b"k": b"v"}',
  bytes_invalid: 'return [b"\\xff"]',
  bytearray: 'return bytearray(b"x")',
  memoryview: 'return memoryview(b"x")',
  set: 'return {1}',
  generator: 'return (n for n in range(3))',
  range: 'return range(3)',
  dict_values: 'return {"a": 1}.values()',
  datetime: 'import datetime\nreturn {"at": datetime.datetime(2026, 1, 1)}',
  custom: 'class Custom:\n    pass\nreturn Custom()',
  asdict: 'class Custom:\n    def _asdict(self):\n        return {"x": 1}\nreturn [Custom(), {"c": Custom()}]',
  asdict_wrong: 'class Custom:\n    def _asdict(self):\n        return [1]\nreturn Custom()',
  for_json: 'class Custom:\n    def for_json(self):\n        return {"x": 1}\nreturn Custom()',
  dataclass: 'import dataclasses\nD = dataclasses.make_dataclass("D", ["x"])\nreturn D(1)',
  enums:
    'import enum\nclass I(enum.IntEnum):\n    A = 3\nclass S(str, enum.Enum):\n    B = "b"\nclass E(enum.Enum):\n    C = 1\nreturn [I.A, {I.A: I.A}, S.B]',
  enum_plain: 'import enum\nclass E(enum.Enum):\n    C = 1\nreturn E.C',
  subclasses:
    'import collections\nclass S(str):\n    pass\nclass N(int):\n    def __repr__(self):\n        return "no"\nclass F(float):\n    def __repr__(self):\n        return "no"\nclass L(list):\n    pass\nclass D(dict):\n    pass\nreturn [S("s"), N(1), F(1.5), L([1]), D(a=1), collections.OrderedDict(b=1), collections.defaultdict(int, c=1), collections.Counter("a")]',
  subclass_inside: 'class N(int):\n    pass\nreturn {"a": {"b": [N(1)]}}',
  key_subclass: 'class S(str):\n    pass\nclass N(int):\n    pass\nreturn {S("s"): 1, N(2): 2}',
  key_tuple: 'return {(1, 2): 3}',
  key_bytes_invalid: 'return {b"\\xff": 1}',
  circular: 'a = []\na.append(a)\nreturn a',
  circular_dict: 'a = {}\na["a"] = {"b": a}\nreturn a',
  shared: 'a = [1]\nreturn [a, a, {"a": a}]',
  deep: 'a = []\nfor _ in range(100000):\n    a = [a]\nreturn a',
  empty: 'return [{}, [], "", (), {"a": {}}]',
  large: 'return ["x" * 1000] * 2000',
  raises: 'raise Exception("Handler fails")',
  raises_nested:
    'def inner():\n    raise KeyError("key")\ntry:\n    inner()\nexcept KeyError as error:\n    raise ValueError("outer") from error',
  raises_empty: 'raise ValueError',
  raises_unicode: 'raise ValueError("grüße\\nsecond line")',
  raises_custom:
    'class MyError(Exception):\n    def __str__(self):\n        return "custom " + repr(self.args)\nraise MyError(1, "two")',
  raises_import: 'import does_not_exist',
  raises_syntax: 'eval("1 +")',
  raises_os: 'open("/nowhere")',
  raises_assert: 'assert 1 == 2, {"a": 1}',
  raises_group:
    'import sys\nif sys.version_info < (3, 11):\n    raise ValueError("none")\nraise ExceptionGroup("many", [ValueError(1), KeyError(2)])',
  raises_note: 'error = ValueError("noted")\nif hasattr(error, "add_note"):\n    error.add_note("a note")\nraise error',
  recursion: 'def again(n):\n    return again(n + 1)\nagain(0)',
  raises_stop: 'raise StopIteration("x")',
  multiline: 'value = (\n    1 +\n    undefined_name\n)\nreturn value',
  prints:
    'print("one")\nprint("two", end="")\nprint(" lines\\nin one")\nprint("\\rreturn\\r")\nprint()\nprint("grüße")',
  stderr: 'import sys\nsys.stderr.write("to stderr\\n")\nsys.stdout.writelines(["a\\n", "b\\n"])',
  no_line_end: 'import sys\nsys.stdout.write("no end")',
  os_write: 'import os\nos.write(1, b"written\\n")',
  subprocess: 'import subprocess\nsubprocess.run(["sh", "-c", "echo from a child"])',
  logs: 'import logging\nlogging.info("hidden")\nlogging.warning("seen %s", 1)\nlogging.getLogger("named").error("with\\nlines")\nlogging.critical("crit", extra={"x": 1})',
  logs_exception: 'import logging\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception("failed")',
  logs_level:
    'import logging\nlogging.getLogger().setLevel(logging.DEBUG)\nlogging.debug("seen")\nlogging.log(15, "between")\nlogging.getLogger().setLevel(logging.WARNING)',
  logs_dict: 'import logging\nlogging.warning({"a": 1})',
  warnings: 'import warnings\nwarnings.warn("careful")',
  context_log: 'c.log("by context")\nc.log("and more\\n")',
  context:
    'return [repr(c), c.function_name, c.memory_limit_in_mb, c.function_version, c.invoked_function_arn, c.log_group_name, c.identity.cognito_identity_id, c.client_context, sorted(n for n in dir(c) if not n.startswith("_") and n != "w3c")]',
  context_client:
    'return [c.client_context.custom, c.client_context.env, c.client_context.client.app_title, repr(c.client_context), c.identity.cognito_identity_pool_id]',
  trace: 'import os\nreturn os.environ["_X_AMZN_TRACE_ID"]',
  remaining: 'return c.get_remaining_time_in_millis() > 1000',
  cwd: 'import os\nreturn [os.getcwd(), os.environ.get("_LAMBDA_TELEMETRY_LOG_FD")]',
  thread:
    'import threading\nt = threading.Thread(target=lambda: print("in a thread"))\nt.start()\nt.join()\nreturn threading.active_count()',
  asyncio:
    'import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    return "awaited"\nreturn asyncio.run(main())',
  coroutine: 'async def main():\n    pass\nm = main()\nm.close()\nreturn m',
  process: `import multiprocessing
said = []
for method in multiprocessing.get_all_start_methods():
    context = multiprocessing.get_context(method)
    ours, its_own = context.Pipe()
    process = context.Process(target=in_a_process, args=(its_own, e["more"]))
    process.start()
    its_own.close()
    said.append([method, ours.recv(), process.join(), process.exitcode])
return [multiprocessing.get_start_method(), said]`,
  subinterpreter: `try:
    from concurrent import interpreters
except ImportError:
    return "none"
one = interpreters.create()
one.exec("print('from another interpreter')")
said = one.call(len, "four")
one.close()
return said`,
  exit_zero: 'import sys\nsys.exit(0)',
  exit_three: 'import sys\nsys.exit(3)',
  exit_text: 'import sys\nsys.exit("a reason")',
  os_exit: 'import os\nos._exit(9)',
  keyboard: 'raise KeyboardInterrupt',
  killed: 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)',
  aborted: 'import os\nos.abort()',
  after_exit: 'return "alive"',
}

/** Modules that do not come as far as a handler, and handler strings that name nothing. */
const inits: readonly { readonly name: string; readonly code: string; readonly handler?: string }[] = [
  { name: 'a missing module', code: 'import does_not_exist' },
  { name: 'a missing name', code: 'from os import does_not_exist' },
  { name: 'an exception', code: 'print("before")\nraise ValueError("at init")' },
  { name: 'a syntax error', code: 'x = 1\ndef handler(:\n' },
  { name: 'a bad indentation', code: 'def handler(e, c):\nreturn 1' },
  { name: 'bytes that are no source', code: '\u0000' },
  { name: 'a missing handler', code: 'x = 1' },
  { name: 'no dot', code: 'x = 1', handler: 'app' },
  { name: 'a built-in module', code: 'x = 1', handler: 'sys.exit' },
  { name: 'a missing file', code: 'x = 1', handler: 'src/lambda.handler' },
  { name: 'an exit', code: 'import sys\nsys.exit(0)' },
  { name: 'an exit with a status', code: 'import os\nos._exit(5)' },
  { name: 'a handler that cannot be called', code: 'handler = 1' },
  { name: 'a handler that is None', code: 'handler = None' },
]

const source = `${Object.entries(handlers)
  .map(([name, body]) => `def do_${name}(e, c):\n    ${body.replaceAll('\n', '\n    ')}\n`)
  .join('\n')}
def in_a_process(channel, value):
    print("in a process")
    channel.send([value, __name__])

def handler(e, c):
    return globals()["do_" + e["do"]](e, c)
`

describe.each(pythons.map((python) => [`Python ${python.version}`, python] as const))('on %s', (_name, python) => {
  let layer: { readonly arn: string; readonly codeDigest: string }
  beforeAll(async () => {
    layer = { arn: 'arn:layer', codeDigest: bench.store(awslambdaricLayer(await awslambdaricFolder(python))) }
  })

  test.each([
    ['text', { format: 'Text' }],
    ['JSON', { format: 'JSON', applicationLevel: 'INFO' }],
  ] as const)('every handler answers, logs and ends as under awslambdaric, logging %s', async (_format, format) => {
    const logging = { group: '/aws/lambda/compared', ...format }
    const [ours, theirs] = pair(
      python,
      layer,
      { 'app.py': source },
      { functionName: 'compared', logging, memoryMiB: 512 },
    )
    const differences: Record<string, unknown> = {}
    const isJson = logging.format === 'JSON'
    for (const name of Object.keys(handlers)) {
      // The format changes what is logged, not what is answered.
      if (isJson && !/^(raises|logs|prints|context|exit|multiline)/.test(name)) continue
      const changes =
        name === 'context_client'
          ? {
              clientContext: '{"custom":{"a":"ü"},"env":{"b":1},"client":{"app_title":"t"}}',
              cognitoIdentity: '{"cognitoIdentityPoolId":"p"}',
            }
          : {}
      const [mine, official] = await Promise.all([
        observe(ours, { do: name, more: ['ü', 1.5] }, changes),
        observe(theirs, { do: name, more: ['ü', 1.5] }, changes),
      ])
      if (JSON.stringify(mine) !== JSON.stringify(official)) differences[name] = { mine, official }
    }
    expect(differences).toEqual({})
  })

  test.each(inits)('init fails the same way: $name', async ({ code, handler }) => {
    const [ours, theirs] = pair(
      python,
      layer,
      { 'app.py': code },
      {
        functionName: 'compared',
        handler: handler ?? 'app.handler',
      },
    )
    const [mine, official] = await Promise.all([observe(ours, {}), observe(theirs, {})])
    expect(mine).toEqual(official)
  })
})

test('there is an official client to compare with', () => {
  expect(pythons.length).toBeGreaterThan(0)
})

type Version = ReturnType<InvokerBench['version']>

function pair(
  python: Interpreter,
  layer: { readonly arn: string; readonly codeDigest: string },
  files: Record<string, string>,
  changes: Partial<Version>,
): readonly [Version, Version] {
  const shared = { runtime: `python${python.minor}`, timeoutSeconds: 20, ...changes }
  return [
    bench.version(files, shared),
    bench.version(files, { ...shared, layers: [layer], environment: { AWS_LAMBDA_EXEC_WRAPPER: awslambdaricWrapper } }),
  ]
}

/** What a caller and a reader of the log can see, without what is different every time. */
async function observe(version: Version, event: unknown, changes: object = {}) {
  const result = await bench.invoke(version, event, changes)
  return {
    payload: mask(result.text),
    functionError: result.functionError,
    // Platform lines with durations are the invoker's own and not compared.
    log: withoutRuntimeFrames(result.lines.map(mask)).filter(
      (line) => !/^(REPORT|INIT_REPORT)|platform\.(report|initReport)/.test(line),
    ),
  }
}

const runtimeFrame =
  /^[\s\u00a0]*File "(\/var\/runtime\/|\/opt\/python\/awslambdaric\/|<frozen runpy>|\/var\/lang\/lib\/python3\.\d+\/runpy\.py)/

/** Frames of the runtime's own code follow its files; recursion goes as deep as they leave room. */
function withoutRuntimeFrames(lines: readonly string[]): string[] {
  const kept: string[] = []
  let skipping = false
  for (const line of lines) {
    const isFrame = /^[\s\u00a0]*File "/.test(line)
    if (isFrame) skipping = runtimeFrame.test(line)
    // What belongs to a frame is indented deeper, its marks under the source excepted.
    else if (skipping && !/^([\s\u00a0]{4}|\^+$)/.test(line)) skipping = false
    if (!skipping && line !== kept.at(-2)) kept.push(line)
  }
  return kept
}

function mask(text: string): string {
  return (
    text
      .replaceAll(/[0-9a-f]{8}-0000-4000-8000-[0-9a-f]{12}/g, '<request>')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replaceAll(/\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}/g, '<stream>')
      // Python 3.14 counts the bytes of its stack where older ones counted calls.
      .replaceAll(/Stack overflow \(used \d+ kB\)/g, 'maximum recursion depth exceeded')
      .replaceAll(/Previous line repeated \d+ more/g, 'Previous line repeated <some> more')
      // Addresses in default representations.
      .replaceAll(/0x[0-9a-f]+/g, '<address>')
      .replaceAll(/"  File \\"\/(var\/runtime|opt\/python\/awslambdaric)\/[^\n]*?\\n"(, )?/g, '')
      .replaceAll(/("  File (?:[^"\\]|\\.)*")(, \1)+/g, '$1 and again')
  )
}
