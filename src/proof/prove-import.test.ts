/** Handlers are really imported, by every Python of this machine that matters, in the strongest sandbox it holds. */
import { chmodSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { packageOf, type Files } from '../../test/kit/check.ts'
import { processesThatMention } from '../../test/kit/sandbox-bench.ts'
import { findInterpreters } from '../interpreters/find-interpreters.ts'
import type { Interpreter } from '../interpreters/interpreter.ts'
import { hostArchitecture } from '../lambda/architecture.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import { importFlameGraph } from './flame-graph.ts'
import { importFindings } from './import-finding.ts'
import type { RunProof } from './import-proof.ts'
import { proveImport, type ProofRequest } from './prove-import.ts'

let interpreters: readonly Interpreter[]
beforeAll(async () => {
  interpreters = await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-proof-test-')) })
})

async function prove(files: Files | string, request: Partial<ProofRequest> = {}): Promise<RunProof> {
  const proof = await proveImport({
    path: packageOf(typeof files === 'string' ? { 'app.py': files } : files),
    handler: 'app.main',
    runtime: parsePythonRuntime('python3.11'),
    architecture: hostArchitecture()!,
    interpreters,
    ...request,
  })
  if (proof.proof !== 'run') throw new Error(proof.because)
  return proof
}

/** A proof that hangs there. On a busy machine it may not have come so far within two seconds: then it is given more time. */
async function proveHang(
  files: Files | string,
  there: string,
  request: Partial<ProofRequest> = {},
): Promise<{ readonly proof: RunProof; readonly timeoutSeconds: number }> {
  for (let timeoutSeconds = 2; ; timeoutSeconds *= 4) {
    const proof = await prove(files, { ...request, limits: { timeoutSeconds } })
    if (timeoutSeconds > 60 || proof.error?.stackTrace.at(-1)?.endsWith(` ${there}`)) return { proof, timeoutSeconds }
  }
}

test('a handler that imports is told with the time and the memory of each import', async () => {
  const proof = await prove({
    'app.py': 'import helper\nimport big\ndef main(event, context): ...\n',
    'helper.py': 'import colorsys\n',
    'big.py': 'kept = bytearray(32 * 1024 * 1024)\n',
  })
  expect(proof).toMatchObject({ isImported: true, output: '', outside: { connected: [], started: [] } })
  expect(proof.modules.map(({ name, depth }) => [name, depth])).toEqual([['app', 0], ['helper', 1], ['colorsys', 2], ['big', 1]]) // prettier-ignore
  const [app, helper, , big] = proof.modules
  expect(big!.grownBytes).toBeGreaterThan(30 * 1024 * 1024)
  expect(app!.file).toBe('/var/task/app.py')
  expect(app!.tookMicros).toBeGreaterThanOrEqual(helper!.tookMicros + big!.tookMicros)
  expect(app!.ownMicros).toBe(app!.tookMicros - helper!.tookMicros - big!.tookMicros)
  expect(importFindings(proof)).toEqual([])
})

test('every Python from 3.8 on imports by the rules of its runtime', async () => {
  const runtimes = [...new Set(interpreters.filter((one) => !one.isFreeThreaded).map((one) => one.minor))]
    .filter((minor) => minor.startsWith('3.') && Number(minor.slice(2)) >= 8)
    .map((minor) => parsePythonRuntime(`python${minor}`))
  expect(runtimes.length).toBeGreaterThan(0)
  for (const runtime of runtimes) {
    const proof = await prove('import sys, decimal\nprint(sys.version_info[:2])\ndef main(e, c): ...\n', { runtime })
    expect([runtime.id, proof.isImported, proof.output.trim()]).toEqual([runtime.id, true, `(${runtime.minor.join(', ')})`]) // prettier-ignore
  }
})

test.each<readonly [string, string, string, string]>([
  ['a missing module', 'import nowhere_to_be_found', 'Runtime.ImportModuleError', "Unable to import module 'app': No module named 'nowhere_to_be_found'"], // prettier-ignore
  ['a syntax error', 'def main(:', 'Runtime.UserCodeSyntaxError', "Syntax error in module 'app': "],
  ['a missing attribute', 'x = 1', 'Runtime.HandlerNotFound', "Handler 'main' missing on module 'app'"],
  ['an exception', 'raise ValueError("no")', 'ValueError', 'no'],
  ['an exit', 'import sys; sys.exit(3)', 'Runtime.ExitError', 'Error: Runtime exited with error: exit status 3'],
  ['a sudden exit', 'import os; os._exit(0)', 'Runtime.ExitError', 'Error: Runtime exited without providing a reason'],
  ['a crash', 'import ctypes; ctypes.string_at(0)', 'Runtime.ExitError', 'Error: Runtime exited with error: signal: segmentation fault'], // prettier-ignore
])('%s is told as Lambda puts it', async (_, code, errorType, errorMessage) => {
  const proof = await prove(`${code}\n`)
  expect(proof.isImported).toBe(false)
  expect(proof.error!.errorType).toBe(errorType)
  expect(proof.error!.errorMessage.startsWith(errorMessage)).toBe(true)
  expect(importFindings(proof)).toMatchObject([{ code: 'ZY1190', severity: 'error', proof: 'run' }])
})

test('the stack trace is that of the function: neither the proof nor the import system stands in it', async () => {
  const proof = await prove({ 'app.py': 'import inner\n', 'inner.py': 'def fail():\n    1 / 0\nfail()\n' })
  const frames = proof.error!.stackTrace.map((frame) => frame.split('\n')[0]!)
  expect(frames.slice(-3)).toEqual([
    '  File "/var/task/app.py", line 1, in <module>',
    '  File "/var/task/inner.py", line 3, in <module>',
    '  File "/var/task/inner.py", line 2, in fail',
  ])
  expect(frames.filter((frame) => /import_proof|enter|leave/.test(frame))).toEqual([])
})

test('layers and a library that the runtime would not load count as on Lambda', async () => {
  const layer = packageOf({ 'python/from_layer.py': 'value = 1\n' })
  const code = 'import from_layer\ndef main(e, c): ...\n'
  expect((await prove(code)).isImported).toBe(false)
  expect((await prove(code, { layers: [layer] })).isImported).toBe(true)
  const sentence = "/lib64/libc.so.6: version `GLIBC_2.28' not found (required by /var/task/fast.so)"
  const denied = await prove(
    { 'app.py': 'import fast\n', 'fast.so': 'never loaded' },
    { deniedLibraries: { '/var/task/fast.so': sentence } },
  )
  expect(denied.error!.errorMessage).toBe(`Unable to import module 'app': ${sentence}`)
})

test('what it does outside of the package is told', async () => {
  const proof = await prove(`
import socket, subprocess
open('/etc/passwd').close()
try: socket.create_connection(('198.51.100.1', 80), timeout=1)
except OSError: pass
subprocess.run(['/bin/true'])
def main(e, c): ...
`)
  expect(proof.isImported).toBe(true)
  expect(proof.outside.opened).toContain('/etc/passwd')
  expect(proof.outside.connected).toEqual(["('198.51.100.1', 80)"])
  expect(proof.outside.started).toContain('/bin/true')
})

describe('a hostile handler is bounded', () => {
  test('in time: it is told where it hangs, and nothing of it is left', async () => {
    const mark = `hang-${process.pid}`
    const { proof, timeoutSeconds } = await proveHang(
      {
        'app.py': 'import stuck\n',
        'stuck.py': `import subprocess, time\nsubprocess.Popen(["/bin/sh", "-c", "sleep 300; : ${mark}"], start_new_session=True)\ntime.sleep(300)\n`,
      },
      'app > stuck',
    )
    expect(proof.error).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: `Error: Task timed out after ${timeoutSeconds}.00 seconds`,
      stackTrace: ['  while importing app > stuck'],
    })
    expect(processesThatMention(mark)).toEqual([])
  })

  test('in memory', async () => {
    const proof = await prove('kept = [bytearray(8 << 20) for _ in range(1000)]\n', { limits: { memoryMiB: 128 } })
    expect(proof.error!.errorType).toMatch(/^Runtime\.OutOfMemory$|^MemoryError$/)
  })

  test('in processes', async () => {
    // Where no control group can be had, an ordinary user's function is bounded by the 742 processes that it sees as its limit.
    const code = 'import os\nfor _ in range(2000):\n    if os.fork() == 0:\n        os.read(os.pipe()[0], 1)\n'
    const proof = await prove(code, { limits: { processes: 20, timeoutSeconds: 20 } })
    expect(proof.error!.errorType).toBe('BlockingIOError')
    expect(proof.outside.opened, 'the stack trace is ours').toEqual([])
  })

  test('in output: its beginning is kept and the rest counted', async () => {
    const proof = await prove('print("first")\nfor _ in range(64): print("x" * (1 << 20))\ndef main(e, c): ...\n', {
      limits: { outputBytes: 1000 },
    })
    expect(proof.isImported).toBe(true)
    expect(proof.output.startsWith('first\nxxx')).toBe(true)
    expect(proof.output.length).toBeLessThanOrEqual(1000)
    expect(proof.outputBytes).toBe(6 + 64 * ((1 << 20) + 1))
  })

  test('in lies: what it writes into every descriptor is no proof', async () => {
    const proof = await prove(`
import os
for fd in range(3, 20):
    try: os.write(fd, b'["end", 5, "x"]\\n{"a":1}\\n["end","f",1e99,0,0,0]\\n["begin"]\\nnot json\\n')
    except OSError: pass
raise KeyError("still seen")
`)
    expect(proof.error).toMatchObject({ errorType: 'KeyError' })
    expect(proof.modules.map(({ name }) => name)).toEqual(['app'])
  })
})

test('nothing is run for another architecture, without a handler or without the Python, and it says why', async () => {
  const path = packageOf({ 'app.py': 'def main(e, c): ...\n' })
  const request = { path, handler: 'app.main', runtime: parsePythonRuntime('python3.11'), architecture: hostArchitecture()!, interpreters } // prettier-ignore
  const other = request.architecture === 'x86_64' ? 'arm64' : 'x86_64'
  expect(await proveImport({ ...request, architecture: other })).toMatchObject({ proof: 'inspection', because: `this machine is ${request.architecture} and the function runs on ${other}` }) // prettier-ignore
  expect(await proveImport({ ...request, handler: undefined })).toMatchObject({ because: 'no handler is named' })
  const missing = await proveImport({ ...request, interpreters: [] })
  expect(missing).toMatchObject({
    proof: 'inspection',
    because: expect.stringContaining('needs Python 3.11') as string,
  })
})

test('nothing is left of it', async () => {
  const own = mkdtempSync(join(tmpdir(), 'zipyard-proof-test-'))
  chmodSync(own, 0o755)
  const path = packageOf({ 'app.py': 'def main(e, c): ...\n' })
  vi.stubEnv('TMPDIR', own)
  try {
    await prove('', { path })
  } finally {
    vi.unstubAllEnvs()
  }
  expect(readdirSync(own).filter((name) => name.startsWith('zipyard-proof-'))).toEqual([])
})

test('without isolation time and output are bounded too, and what it started in its own session ends with it', async () => {
  const isolation = 'process'
  const mark = `plain-${process.pid}`
  const { proof: hang } = await proveHang(
    `import subprocess, time\nsubprocess.Popen(["/bin/sh", "-c", "sleep 300; : ${mark}"])\ntime.sleep(300)\n`,
    'app',
    { isolation },
  )
  expect(hang.error).toMatchObject({ errorType: 'Sandbox.Timedout', stackTrace: ['  while importing app'] })
  expect(processesThatMention(mark)).toEqual([])
  const loud = await prove('for _ in range(16): print("x" * (1 << 20))\ndef main(e, c): ...\n', {
    isolation,
    limits: { outputBytes: 1000 },
  })
  expect([loud.isImported, loud.output.length <= 1000, loud.outputBytes]).toEqual([true, true, 16 * ((1 << 20) + 1)])
})

test('without isolation it works as well, and leaves a folder as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-proof-test-'))
  writeFileSync(join(folder, 'app.py'), 'import helper\ndef main(e, c): ...\n')
  writeFileSync(join(folder, 'helper.py'), '')
  chmodSync(folder, 0o777)
  const proof = await prove('', { path: folder, isolation: 'process' })
  expect([proof.tier, proof.isImported, proof.modules.length]).toEqual(['process', true, 2])
  expect(readdirSync(folder).sort()).toEqual(['app.py', 'helper.py'])
})

test('the flame graph shows each import at its place, and names cannot break out of it', async () => {
  const proof = await prove({ 'app.py': 'import helper\ndef main(e, c): ...\n', 'helper.py': 'import colorsys\n' })
  const svg = importFlameGraph(proof, '<script>&"')
  expect(svg).not.toContain('<script')
  expect(svg).toContain('&lt;script&gt;&amp;&quot;')
  for (const name of ['app', 'helper', 'colorsys']) expect(svg).toContain(`<g><title>${name}\n`)
})
