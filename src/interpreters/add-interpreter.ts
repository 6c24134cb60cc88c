import { execFile } from 'node:child_process'
import { readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder } from '../base/make-folder.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import { installerMissing, installFailed, interpreterUnusable } from './errors.ts'
import { addedFolder } from './find-interpreters.ts'
import { inspectInterpreter } from './inspect-interpreter.ts'
import { whyNotFor, type Interpreter } from './interpreter.ts'

const run = promisify(execFile)

/**
 * `zipyard runtime add`: makes a Python the one for a runtime. A path is remembered as a link in the data folder; without a path uv
 * installs a Python into the data folder.
 *
 * @throws ZY0502 when the path is not that Python; ZY0504, ZY0505 when uv is missing or fails
 */
export async function addInterpreter(options: {
  readonly dataFolder: string
  readonly runtimeId: string
  readonly path?: string | undefined
  /** Executable of uv, when there is one. */
  readonly uv?: string | undefined
}): Promise<Interpreter> {
  const { id, python } = parsePythonRuntime(options.runtimeId)
  const folder = addedFolder(options.dataFolder)
  makeFolder(folder)
  const path = options.path === undefined ? await install(id, python, folder, options.uv) : resolve(options.path)
  const inspection = await inspectInterpreter(path)
  if ('because' in inspection) throw interpreterUnusable({ path, because: inspection.because, python })
  const { interpreter } = inspection
  const because = whyNotFor(python, interpreter)
  if (because !== undefined) throw interpreterUnusable({ path, because, python })
  if (options.path === undefined) await compileLibrary(interpreter)
  link(interpreter.executable, join(folder, `python${python}`))
  return { ...interpreter, source: 'added' }
}

/** Forgets a Python that was added; one that uv installed is deleted. Says whether there was one. */
export function removeInterpreter(options: { readonly dataFolder: string; readonly runtimeId: string }): boolean {
  const { python } = parsePythonRuntime(options.runtimeId)
  const folder = addedFolder(options.dataFolder)
  const ours = entries(folder).filter((name) => name === `python${python}` || name.startsWith(`cpython-${python}.`))
  for (const name of ours) rmSync(join(folder, name), { recursive: true, force: true })
  return ours.length > 0
}

async function install(runtimeId: string, python: string, folder: string, uv: string | undefined): Promise<string> {
  if (uv === undefined) throw installerMissing({ runtimeId, python })
  try {
    await run(uv, ['python', 'install', python, '--install-dir', folder, '--no-bin', '--no-config'], { cwd: folder })
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string }
    const because = (stderr || message).trim().split('\n').at(-1) ?? message
    throw installFailed({ runtimeId, python, because }, { cause })
  }
  const installed = entries(folder)
    .filter((name) => name.startsWith(`cpython-${python}.`))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0]
  if (!installed) throw installFailed({ runtimeId, python, because: 'it left no interpreter behind' })
  return join(folder, installed, 'bin', `python${python}`)
}

/**
 * The Pythons that uv installs come without bytecode, and no environment may write any beside them: each would compile anew whatever it imports of the
 * standard library. Its tests hold files that cannot be compiled on purpose; whatever fails is then compiled when it is imported, as before.
 */
async function compileLibrary({ executable, standardLibrary }: Omit<Interpreter, 'source'>): Promise<void> {
  const options = ['-q', '-x', String.raw`/(tests?|idlelib|lib2to3|turtledemo)/`]
  await run(executable, ['-I', '-S', '-m', 'compileall', ...options, standardLibrary]).catch(() => undefined)
}

function link(target: string, at: string): void {
  const temporary = `${at}.${process.pid}`
  rmSync(temporary, { force: true })
  symlinkSync(target, temporary)
  renameSync(temporary, at)
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
