/** A whole invoker on a data folder of its own: real packages, real Python, whatever sandbox is asked for. */
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256, type Digest } from '../../src/base/digest.ts'
import { systemClock, type Clock } from '../../src/base/clock.ts'
import { createLog, silentLog } from '../../src/base/log.ts'
import type { RunnableVersion } from '../../src/functions/runnable-version.ts'
import { findInterpreters, interpreterFor } from '../../src/interpreters/find-interpreters.ts'
import { openCodeFolders } from '../../src/invoker/code-folder.ts'
import type { InvocationResult } from '../../src/invoker/invocation.ts'
import { createInvoker, type Invoker, type InvokerOptions } from '../../src/invoker/invoker.ts'
import { hostArchitecture } from '../../src/lambda/architecture.ts'
import { createProcessSandbox } from '../../src/sandbox/process.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { removeTree } from '../../src/zip/remove-tree.ts'
import type { WriterEntry } from '../../src/zip/writer.ts'
import { rawZip, type RawEntry } from './raw-zip.ts'

export interface Outcome extends InvocationResult {
  /** The payload as text, and parsed. */
  readonly text: string
  readonly json: unknown
  /** The log tail's lines. */
  readonly lines: readonly string[]
}

export interface InvokerBench {
  readonly invoker: Invoker
  readonly sandbox: Sandbox
  readonly folder: string
  /** Every event that reached the log, in order. */
  readonly logged: {
    readonly group: string
    readonly stream: string
    readonly timestamp: number
    readonly message: string
  }[]
  /** Stores a package and describes a function that runs it; a string is `app.py`. */
  version(
    files: string | Record<string, string> | readonly WriterEntry[],
    changes?: Partial<RunnableVersion>,
  ): RunnableVersion
  store(files: Record<string, string> | readonly WriterEntry[]): Digest
  invoke(
    version: RunnableVersion,
    event?: unknown,
    changes?: Partial<Parameters<Invoker['invoke']>[0]>,
  ): Promise<Outcome>
  stop(): Promise<void>
}

/** The suites run over any other Python by naming its runtime. */
export const testedRuntime = process.env['ZIPYARD_TEST_RUNTIME'] ?? 'python3.11'
/** `3.11` */
export const testedPython = testedRuntime.replace('python', '')
/** Up to python3.8 a handler that cannot be loaded lives on and fails every event, and errors name no request. */
export const failsLate = Number(testedPython.split('.')[1]) <= 8

let invocations = 0
let versions = 0

export const requestIdOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export async function invokerBench(
  options: Partial<Omit<InvokerOptions, 'sandbox'>> & {
    readonly sandbox?: (folder: string) => Sandbox | Promise<Sandbox>
    readonly clock?: Clock
  } = {},
): Promise<InvokerBench> {
  // The function's user must be able to pass: as root it is another one than ours.
  const folder = mkdtempSync(join(tmpdir(), 'zy-'))
  chmodSync(folder, 0o755)
  const packages = join(folder, 'packages')
  const logged: InvokerBench['logged'] = []
  const sandbox = await (options.sandbox ?? ((path) => createProcessSandbox({ stateFolder: path })))(folder)
  let found: ReturnType<typeof findInterpreters> | undefined
  const localPath = (digest: Digest): string => join(packages, digest)
  const { mkdirSync } = await import('node:fs')
  mkdirSync(packages)
  const invoker = await createInvoker({
    clock: options.clock ?? systemClock,
    logs: {
      append({ group, stream }, events) {
        for (const event of events) logged.push({ group, stream, ...event })
      },
    },
    log: process.env['ZIPYARD_TEST_LOG']
      ? createLog({ level: 'debug', json: false, write: (line) => process.stderr.write(line) })
      : silentLog,
    dataFolder: folder,
    codeFolders: await openCodeFolders({ dataFolder: folder, localPath, fileAccess: sandbox.fileAccess }),
    interpreterFor: async (runtimeId) =>
      interpreterFor(runtimeId, await (found ??= findInterpreters({ dataFolder: folder }))),
    runtimeSdk: async () => undefined,
    ...options,
    sandbox,
  })
  const store = (files: Record<string, string> | readonly WriterEntry[]): Digest => {
    const entries = isEntries(files) ? files : Object.entries(files).map(([path, text]) => ({ path, bytes: text }))
    const bytes = rawZip(entries.map(rawEntry))
    const digest = sha256(bytes)
    writeFileSync(localPath(digest), bytes)
    return digest
  }
  return {
    invoker,
    sandbox,
    folder,
    logged,
    store,
    version(files, changes = {}) {
      const functionName = changes.functionName ?? `fn${++versions}`
      return {
        accountId: '123456789012',
        region: 'us-east-1',
        functionName,
        version: '$LATEST',
        functionArn: `arn:aws:lambda:us-east-1:123456789012:function:${functionName}`,
        environmentKey: `key-${++versions}`,
        codeDigest: store(typeof files === 'string' ? { 'app.py': files } : files),
        codeBytes: 1,
        layers: [],
        runtime: testedRuntime,
        handler: 'app.handler',
        architecture: hostArchitecture() ?? 'x86_64',
        memoryMiB: 128,
        timeoutSeconds: 10,
        ephemeralStorageMiB: 512,
        environment: {},
        roleArn: 'arn:aws:iam::123456789012:role/test',
        logging: { format: 'Text', group: `/aws/lambda/${functionName}` },
        tracing: 'PassThrough',
        ...changes,
      }
    },
    async invoke(version, event = {}, changes = {}) {
      const result = await invoker.invoke({
        requestId: requestIdOf(++invocations),
        target: version,
        invokedArn: version.functionArn,
        payload: Buffer.from(JSON.stringify(event)),
        traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
        ...changes,
      })
      const text = result.payload.toString('utf8')
      let json: unknown
      try {
        json = JSON.parse(text)
      } catch {
        json = undefined
      }
      return { ...result, text, json, lines: result.logTail.toString('utf8').split('\n').slice(0, -1) }
    },
    async stop() {
      await invoker.stop(2000)
      await sandbox.stop()
      removeTree(folder)
    },
  }
}

function isEntries(files: Record<string, string> | readonly WriterEntry[]): files is readonly WriterEntry[] {
  return Array.isArray(files)
}

/** Folders (their names end in `/`) carry bits of their own here, which our own writer never makes. */
function rawEntry({ path, bytes, mode, link }: WriterEntry): RawEntry {
  const type = link ? 0o120000 : path.endsWith('/') ? 0o040000 : 0o100000
  return { name: path, bytes, mode: type | (mode ?? (link ? 0o777 : path.endsWith('/') ? 0o755 : 0o644)) }
}
