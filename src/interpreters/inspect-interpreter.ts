import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Interpreter } from './interpreter.ts'

const run = promisify(execFile)

/** What the interpreter says of itself; Python 2.7 must understand it too. */
const questions = `
import json, os, sys
try:
    import sysconfig
    shared = sysconfig.get_config_var('INSTSONAME') if sysconfig.get_config_var('Py_ENABLE_SHARED') else None
    free = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))
except Exception:
    shared, free = None, False
try:
    import _ctypes
    ctypes = True
except ImportError:
    ctypes = False
base = getattr(sys, 'base_prefix', None) or getattr(sys, 'real_prefix', sys.prefix)
executable = getattr(sys, '_base_executable', None) or sys.executable
print(json.dumps(dict(
    executable=os.path.realpath(executable), prefix=os.path.realpath(base), version='%d.%d.%d' % sys.version_info[:3],
    minor='%d.%d' % sys.version_info[:2], standardLibrary=os.path.realpath(os.path.dirname(os.__file__)), machine=os.uname()[4],
    sharedLibrary=shared, hasCtypes=ctypes, isFreeThreaded=free, isFinal=sys.version_info[3] == 'final',
    implementation=getattr(getattr(sys, 'implementation', None), 'name', 'cpython'))))
`

/** What a Python is, or why the program is not one that can be used. */
export type Inspection = { readonly interpreter: Omit<Interpreter, 'source'> } | { readonly because: string }

/** Runs an interpreter once, isolated from variables, site-packages and the current folder. */
export async function inspectInterpreter(executable: string): Promise<Inspection> {
  let answer = await ask(executable, ['-I', '-S'])
  // Python 2.7 has no -I.
  if ('because' in answer && answer.because.includes('-I')) answer = await ask(executable, ['-E', '-s', '-S'])
  if ('because' in answer) return answer
  try {
    const { implementation, ...interpreter } = JSON.parse(answer.text) as Omit<Interpreter, 'source'> & {
      implementation: string
    }
    if (implementation !== 'cpython') return { because: `it is ${implementation}, and Lambda runs CPython` }
    return { interpreter: { ...interpreter, sharedLibrary: interpreter.sharedLibrary ?? undefined } }
  } catch {
    return { because: 'it does not answer as a Python does' }
  }
}

async function ask(executable: string, flags: readonly string[]): Promise<{ text: string } | { because: string }> {
  try {
    const environment = {
      PATH: '/usr/bin:/bin',
      ...(process.env['PYENV_ROOT'] ? { PYENV_ROOT: process.env['PYENV_ROOT'] } : {}),
    }
    const { stdout } = await run(executable, [...flags, '-c', questions], {
      cwd: '/',
      env: environment,
      timeout: 20_000,
    })
    return { text: stdout }
  } catch (error) {
    const failed = error as NodeJS.ErrnoException & { stderr?: string; killed?: boolean }
    if (failed.killed) return { because: 'it did not answer within 20 seconds' }
    if (failed.code === 'ENOENT') return { because: 'there is no such file' }
    if (failed.code === 'EACCES') return { because: 'it may not be executed' }
    return {
      because: `it says \`${(failed.stderr ?? failed.message).trim().split('\n').at(-1)}\`${unknownOption(failed.stderr)}`,
    }
  }
}

/** 2.7 puts the refused option first and its usage last. */
const unknownOption = (stderr: string | undefined): string => (stderr?.includes('-I') ? ' (no option -I)' : '')
