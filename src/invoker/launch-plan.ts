/** From a version to what the sandbox must be told: interpreter, program, mounts. Decided once per version, not per environment. */
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deniedLibraries } from '../audit/denied-libraries.ts'
import type { RunnableVersion } from '../functions/runnable-version.ts'
import type { Interpreter } from '../interpreters/interpreter.ts'
import { hostArchitecture } from '../lambda/architecture.ts'
import type { SandboxSpec } from '../sandbox/sandbox.ts'
import type { SourceTree } from './bytecode-cache.ts'
import type { CodeFolder, CodeFolders } from './code-folder.ts'
import { findEntrypoint } from './entrypoint.ts'
import { foreignArchitecture, notAPythonRuntime } from './errors.ts'
import { withExtensions } from './extensions.ts'
import { needsExec } from './guest-environment.ts'
import type { RuntimeSdk } from './runtime-sdk.ts'

/** The guest's own modules, mounted at /var/runtime. The same depth in `src/` and `dist/`. */
export const runtimeFolder = fileURLToPath(new URL('../../runtime/python/', import.meta.url)).replace(/\/$/, '')

export interface LaunchPlan {
  readonly interpreter: SandboxSpec['interpreter']
  /** The Python of a Python runtime. */
  readonly python?: Interpreter | undefined
  readonly argv: readonly string[]
  /** Why the program cannot be executed, in Lambda's words: then nothing is started. */
  readonly invalidEntrypoint?: string | undefined
  readonly binds: SandboxSpec['binds']
  readonly allowZygote: boolean
  /** A program that is not our bootstrap reaches the Runtime API by TCP. */
  readonly needsTcp: boolean
  /** Names of the programs in /opt/extensions. */
  readonly extensions: readonly string[]
  /** The runtime's copy of the AWS SDK, and where functions see its folder. */
  readonly sdk?: { readonly copy: RuntimeSdk; readonly target: string } | undefined
  /** There should be a copy of the SDK, and it could not be made. */
  readonly lacksSdk?: boolean | undefined
  readonly deniedLibraries?: string | undefined
  /** Trees of the function's own whose compiled form is kept outside of them. */
  readonly sources: readonly SourceTree[]
  /** Said once in the log of the service: a package without native code runs on another architecture than its own. */
  readonly runsOnForeignArchitecture: boolean
  readonly folders: readonly CodeFolder[]
}

export interface LaunchPlanOptions {
  readonly codeFolders: CodeFolders
  /** The interpreter of a runtime id; throws with the remedy when this machine has none. */
  readonly interpreterFor: (runtimeId: string) => Promise<Interpreter>
  /** The runtime's copy of boto3, which may be under construction; `undefined` when there is none for it. */
  readonly runtimeSdk: (runtimeId: string) => Promise<RuntimeSdk | undefined>
}

/**
 * What AWS's own runtime has imported before the function's code runs. A package with a top-level module of such a name must find it not
 * imported more than on Lambda, so its environments are started by exec.
 */
const preloaded = new Set(
  'abc argparse ast base64 bisect binascii builtins codecs collections contextlib copyreg ctypes datetime decimal dis enum errno fcntl fnmatch functools genericpath gc grp hashlib importlib inspect io ipaddress itertools json keyword linecache locale logging math numbers opcode operator os pathlib platform posix posixpath pwd queue random re reprlib resource select selectors signal site socket ssl stat string struct subprocess sys tempfile textwrap threading time token tokenize traceback types typing unicodedata urllib warnings weakref zipimport awslambdaric bootstrap snapshot_restore_py zygote launcher'.split(
    ' ',
  ),
)

export async function planLaunch(version: RunnableVersion, options: LaunchPlanOptions): Promise<LaunchPlan> {
  const isPython = version.runtime.startsWith('python')
  const isProvided = version.runtime.startsWith('provided')
  if (!isPython && !isProvided) throw notAPythonRuntime({ functionArn: version.functionArn, runtime: version.runtime })
  const [task, opt] = await Promise.all([
    options.codeFolders.prepareCode(version.codeDigest),
    options.codeFolders.prepareLayers(version.layers.map((layer) => layer.codeDigest)),
  ])
  const foreign = checkArchitecture(version, [task, opt])
  const extensions = await listExtensions(opt.path)
  const binds = [
    { source: task.path, target: '/var/task' },
    { source: opt.path, target: '/opt' },
    { source: runtimeFolder, target: '/var/runtime' },
  ]
  const folders = [task, opt]
  if (isProvided) {
    const { program, invalid } = await findEntrypoint({ task: task.path, opt: opt.path })
    return {
      interpreter: noInterpreter,
      argv: withExtensions([program], extensions),
      invalidEntrypoint: invalid,
      binds,
      allowZygote: false,
      needsTcp: true,
      extensions,
      sources: [],
      runsOnForeignArchitecture: foreign,
      folders,
    }
  }
  const interpreter = await options.interpreterFor(version.runtime)
  const python = `/var/lang/bin/python${interpreter.minor}`
  const wrapper = version.environment['AWS_LAMBDA_EXEC_WRAPPER']
  const needsTcp = wrapper !== undefined || extensions.length > 0 || task.facts.topLevelNames.includes('awslambdaric')
  const copy = await options.runtimeSdk(version.runtime)
  // Only our own bootstrap knows how to wait for it once it runs; whatever else may run here starts when it is there.
  const lacksSdk = copy !== undefined && needsTcp && !(await copy.made())
  const sdk = copy === undefined || lacksSdk ? undefined : { copy, target: sdkTarget(interpreter) }
  if (sdk) binds.push({ source: sdk.copy.folder, target: sdk.target })
  const denied = {
    ...deniedLibraries(task.facts.nativeLibraries, '/var/task', version.runtime),
    ...deniedLibraries(opt.facts.nativeLibraries, '/opt', version.runtime),
  }
  const sources = [
    { source: task.path, target: '/var/task', bytes: task.facts.pythonBytes },
    { source: opt.path, target: '/opt', bytes: opt.facts.pythonBytes },
  ].filter(({ bytes }) => bytes >= compiledFromBytes)
  const shadows = task.facts.topLevelNames.some((name) => preloaded.has(name))
  return {
    interpreter: { executable: interpreter.executable, prefix: interpreter.prefix, version: interpreter.version },
    python: interpreter,
    sources: sources.map(({ source, target }) => ({ source, target })),
    // A wrapper receives exactly what it receives on Lambda.
    argv: withExtensions(
      wrapper ? [wrapper, python, '/var/runtime/bootstrap.py'] : [python, '-S', '/var/runtime/bootstrap.py'],
      extensions,
    ),
    binds,
    allowZygote: !shadows && extensions.length === 0 && !needsExec(version.environment),
    needsTcp,
    extensions,
    sdk,
    lacksSdk,
    deniedLibraries: Object.keys(denied).length > 0 ? JSON.stringify(denied) : undefined,
    runsOnForeignArchitecture: foreign,
    folders,
  }
}

/** Smaller trees are compiled faster than a compilation ahead is worth, in bytes. */
const compiledFromBytes = 64 * 1024

/** `provided.*` brings its program; the contract of the sandbox wants a prefix all the same. */
const noInterpreter: SandboxSpec['interpreter'] = { executable: '/bin/sh', prefix: '/usr', version: '' }

/** Lambda's own place where the interpreter's folder has it, else one that can be mounted. */
function sdkTarget(interpreter: Interpreter): string {
  const inside = `lib/python${interpreter.minor}/site-packages`
  return existsSync(join(interpreter.prefix, inside)) ? `/var/lang/${inside}` : '/var/runtime/site-packages'
}

function checkArchitecture(version: RunnableVersion, folders: readonly CodeFolder[]): boolean {
  const host = hostArchitecture()
  if (host === version.architecture) return false
  const library = folders.flatMap((folder) => folder.facts.nativeLibraries)[0]?.path
  if (library !== undefined) {
    const { functionArn, architecture } = version
    throw foreignArchitecture({ functionArn, architecture, host: host ?? process.arch, library })
  }
  return true
}

/** Executable files only, as the shell that starts them sees it. */
async function listExtensions(opt: string): Promise<string[]> {
  const folder = join(opt, 'extensions')
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names: string[] = []
  for (const item of items) {
    if (item.isFile() && ((await stat(join(folder, item.name))).mode & 0o001) !== 0) names.push(item.name)
  }
  return names
}
