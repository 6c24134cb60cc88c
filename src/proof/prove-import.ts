/**
 * Imports a handler for real: by the declared Python, in the sandbox of the service, without a network, with an end to its time, memory and output.
 *
 * Nothing here trusts what is imported; see docs/guides/check.md for what it may and may not do.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeniedLibraries } from '../audit/denied-libraries.ts'
import { mebibyte } from '../base/byte-size.ts'
import { ZipyardError } from '../base/errors.ts'
import { interpreterFor } from '../interpreters/find-interpreters.ts'
import type { Interpreter } from '../interpreters/interpreter.ts'
import { hostArchitecture, type Architecture } from '../lambda/architecture.ts'
import { unzippedSizeLimit } from '../lambda/quotas.ts'
import type { PythonRuntime } from '../lambda/runtimes.ts'
import { openSandbox } from '../sandbox/open-sandbox.ts'
import type { ExitStatus, Sandbox, Tier } from '../sandbox/sandbox.ts'
import { extractInWorker } from '../zip/extract.ts'
import { removeTree } from '../zip/remove-tree.ts'
import type { ImportError, ImportProof, RunProof } from './import-proof.ts'
import { mixedLayers } from './errors.ts'
import { readReport, readUpTo, type ProofReport } from './read-report.ts'

export interface ProofRequest {
  /** A zip or a folder. */
  readonly path: string
  /** Zips in the function's order, or one folder. */
  readonly layers?: readonly string[] | undefined
  readonly runtime: PythonRuntime
  readonly architecture: Architecture
  readonly handler: string | undefined
  /** The Pythons of this machine. */
  readonly interpreters: readonly Interpreter[]
  /** Native libraries that this machine may load and the runtime would not. */
  readonly deniedLibraries?: DeniedLibraries | undefined
  /** The runtime's copy of the AWS SDK. */
  readonly sdkFolder?: string | undefined
  readonly isolation?: Tier | 'auto' | undefined
  readonly limits?: Partial<ProofLimits> | undefined
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined
}

export interface ProofLimits {
  readonly timeoutSeconds: number
  readonly memoryMiB: number
  /** How much of what is printed is kept, in bytes. */
  readonly outputBytes: number
  readonly processes: number
}

/** More than Lambda's own 10 s of Init, so that a slow import is told as one and not as one that never ends. */
export const defaultProofLimits: ProofLimits = {
  timeoutSeconds: 60,
  memoryMiB: 3008,
  outputBytes: 64 * 1024,
  processes: 256,
}

const tools = fileURLToPath(new URL('../../runtime/tools/', import.meta.url)).replace(/\/$/, '')
const runtimeModules = fileURLToPath(new URL('../../runtime/python/', import.meta.url)).replace(/\/$/, '')

/** @throws what unpacking throws for a package that Lambda would not take; everything else is an answer. */
export async function proveImport(request: ProofRequest): Promise<ImportProof> {
  const { architecture, handler, runtime, interpreters } = request
  if (handler === undefined) return { proof: 'inspection', because: 'no handler is named', hint: 'Add `--handler MODULE.NAME`' } // prettier-ignore
  if (hostArchitecture() !== architecture) {
    const because = `this machine is ${hostArchitecture() ?? process.arch} and the function runs on ${architecture}`
    return { proof: 'inspection', because, hint: `Run it on a machine with ${architecture}` }
  }
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-proof-'))
  chmodSync(folder, 0o755)
  let sandbox: Sandbox | undefined
  try {
    const interpreter = interpreterFor(runtime.id, interpreters)
    const launcher = interpreters.find((one) => one.hasCtypes && one.isFinal && isModern(one)) ?? interpreter
    ;({ sandbox } = await openSandbox({
      stateFolder: join(folder, 'sandbox'),
      launcher,
      interpreter: launcher,
      isolation: request.isolation ?? 'auto',
      network: 'none',
      untrusted: false,
    }))
    return await runProof(request, { sandbox, interpreter, folder, handler })
  } catch (error) {
    // ZY05xx: no such Python, no isolation, no launch. Then nothing was run.
    if (error instanceof ZipyardError && error.code.startsWith('ZY05'))
      return { proof: 'inspection', because: error.message, hint: error.hint }
    throw error
  } finally {
    await sandbox?.stop()
    removeTree(folder)
  }
}

async function runProof(
  request: ProofRequest,
  parts: {
    readonly sandbox: Sandbox
    readonly interpreter: Interpreter
    readonly folder: string
    readonly handler: string
  },
): Promise<RunProof> {
  const { sandbox, interpreter, folder, handler } = parts
  const limits = { ...defaultProofLimits, ...request.limits }
  const permissions = sandbox.fileAccess === 'as-owner' ? 'as-other' : 'verbatim'
  const unpack = (paths: readonly string[], name: string): Promise<string> => unpackInto(join(folder, name), paths, permissions) // prettier-ignore
  const [task, opt] = [await unpack([request.path], 'task'), await unpack(request.layers ?? [], 'opt')]
  const sdk = request.sdkFolder
  const socket = await listen(join(folder, 'api.sock'))
  const id = `proof-${process.pid}`
  try {
    const launched = await sandbox.launch({
      id,
      interpreter: { executable: interpreter.executable, prefix: interpreter.prefix, version: interpreter.version },
      argv: [`/var/lang/bin/python${interpreter.minor}`, '-S', '/var/proof/import_proof.py'],
      environment: proofEnvironment(request, handler),
      workingDirectory: '/var/task',
      binds: [
        { source: task, target: '/var/task' },
        { source: opt, target: '/opt' },
        { source: runtimeModules, target: '/var/runtime' },
        { source: tools, target: '/var/proof' },
        ...(sdk === undefined ? [] : [{ source: sdk, target: sdkTarget }]),
      ],
      temporaryFolder: join(folder, 'tmp'),
      temporaryBytes: 512 * mebibyte,
      memoryBytes: limits.memoryMiB * mebibyte,
      processes: limits.processes,
      network: 'none',
      apiSocket: socket.path,
      allowZygote: false,
    })
    const startedAt = performance.now()
    let isLate = false
    const kill = (): void => launched.kill()
    const timer = setTimeout(() => {
      isLate = true
      kill()
    }, limits.timeoutSeconds * 1000)
    request.signal?.addEventListener('abort', kill, { once: true })
    // The pipes are drained whatever comes, or a flood would stop the function in the middle.
    const [status, report, stdout, stderr] = await Promise.all([
      launched.exited,
      readReport(launched.telemetry),
      readUpTo(launched.stdout, limits.outputBytes),
      readUpTo(launched.stderr, limits.outputBytes),
    ])
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', kill)
    request.signal?.throwIfAborted()
    const error = report.outcome ? report.outcome.error : endedEarly(status, report, isLate ? limits : undefined)
    return {
      proof: 'run',
      isImported: error === undefined,
      ...(error === undefined ? {} : { error }),
      python: interpreter.version,
      tier: launched.tier,
      tookMicros: report.outcome?.tookMicros ?? Math.round((performance.now() - startedAt) * 1000),
      peakMemoryBytes: launched.peakMemoryBytes(),
      modules: report.modules,
      outside: report.outside,
      output: stdout.text + stderr.text,
      outputBytes: stdout.bytes + stderr.bytes,
    }
  } finally {
    await sandbox.release(id)
    socket.close()
  }
}

const sdkTarget = '/var/proof-sdk'
const isModern = (one: Interpreter): boolean => one.minor.startsWith('3.') && Number(one.minor.slice(2)) >= 8

/** A folder is taken as it stands; it is mounted read-only. */
async function unpackInto(
  into: string,
  paths: readonly string[],
  permissions: 'verbatim' | 'as-other',
): Promise<string> {
  const folders = paths.filter((path) => statSync(path).isDirectory())
  if (folders.length > 0) {
    if (paths.length > 1) throw mixedLayers({ folder: folders[0]! })
    return folders[0]!
  }
  if (paths.length === 0) mkdirSync(into)
  else await extractInWorker({ archivePaths: paths, into, limitBytes: unzippedSizeLimit, permissions })
  return into
}

/** Lambda's variables as far as an import may look at them; the keys are of nobody. */
function proofEnvironment(request: ProofRequest, handler: string): Record<string, string> {
  const denied = request.deniedLibraries ?? {}
  return {
    LANG: 'en_US.UTF-8',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
    TZ: ':UTC',
    _HANDLER: handler,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_EXECUTION_ENV: `AWS_Lambda_${request.runtime.id}`,
    AWS_LAMBDA_FUNCTION_NAME: 'import-proof',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/import-proof',
    AWS_LAMBDA_LOG_STREAM_NAME: 'import-proof',
    LAMBDA_TASK_ROOT: '/var/task',
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    _ZIPYARD_OPT: '/opt',
    ...(request.sdkFolder === undefined ? {} : { _ZIPYARD_SDK: sdkTarget }),
    ...(Object.keys(denied).length > 0 ? { _ZIPYARD_DENIED: JSON.stringify(denied) } : {}),
  }
}

/** The process ended before the import did: in the words of Lambda, and where it was. */
function endedEarly(status: ExitStatus, report: ProofReport, late: ProofLimits | undefined): ImportError {
  const during = report.unfinished.length > 0 ? [`  while importing ${report.unfinished.join(' > ')}`] : []
  const error = (errorType: string, errorMessage: string): ImportError => ({
    errorType,
    errorMessage,
    stackTrace: during,
  })
  if (late) return error('Sandbox.Timedout', `Error: Task timed out after ${late.timeoutSeconds.toFixed(2)} seconds`)
  if (status.outOfMemory) return error('Runtime.OutOfMemory', 'Error: Runtime exited with error: signal: killed')
  const how = status.signal === undefined ? `exit status ${status.code}` : `signal: ${signalName(status.signal)}`
  return error(
    'Runtime.ExitError',
    status.code === 0 ? 'Error: Runtime exited without providing a reason' : `Error: Runtime exited with error: ${how}`,
  )
}

const signalName = (signal: string): string =>
  ({ SIGKILL: 'killed', SIGSEGV: 'segmentation fault', SIGABRT: 'aborted', SIGTERM: 'terminated' })[signal] ?? signal

/** A function finds a socket where the Runtime API would be; nobody answers. */
function listen(path: string): Promise<{ path: string; close(): void }> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.on('error', () => undefined).resume())
    server.once('error', reject)
    server.listen(path, () =>
      resolve({
        path,
        close() {
          server.close()
          rmSync(path, { force: true })
        },
      }),
    )
  })
}
