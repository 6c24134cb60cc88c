import { readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { InterpreterSource } from './interpreter.ts'

/** An executable that may be a Python. */
export interface Candidate {
  readonly path: string
  readonly source: InterpreterSource
}

/** `python3.13`, also `python2.7`; not `python3.13-config`, and not `python3.13t`, the free-threaded build. */
const versioned = /^python[23]\.\d+$/

/**
 * Where Pythons are on this machine. Nothing is run here.
 *
 * pyenv's shims are left out: they are shell scripts that answer for the version that is switched on, and the versions themselves
 * are found in pyenv's folder.
 */
export function listCandidates(options: {
  /** The folder `runtimes/` of the data folder. */
  readonly addedFolder: string
  readonly environment: NodeJS.ProcessEnv
}): readonly Candidate[] {
  const { environment } = options
  const home = environment['HOME'] ?? homedir()
  const pyenv = environment['PYENV_ROOT'] ?? join(home, '.pyenv')
  const uv =
    environment['UV_PYTHON_INSTALL_DIR'] ??
    join(environment['XDG_DATA_HOME'] ?? join(home, '.local/share'), 'uv/python')
  const searched = (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && folder !== join(pyenv, 'shims'))
  return unique([
    ...inFolder(options.addedFolder, 'added'),
    ...installations(options.addedFolder, 'added'),
    ...searched.flatMap((folder) => inFolder(folder, 'path', [/^python[23]?$/])),
    ...installations(join(pyenv, 'versions'), 'pyenv'),
    ...installations(uv, 'uv'),
  ])
}

/** `FOLDER/<installation>/bin/python3.13` */
function installations(folder: string, source: InterpreterSource): Candidate[] {
  return list(folder).flatMap((name) => inFolder(join(folder, name, 'bin'), source))
}

function inFolder(folder: string, source: InterpreterSource, also: readonly RegExp[] = []): Candidate[] {
  return list(folder)
    .filter((name) => [versioned, ...also].some((pattern) => pattern.test(name)))
    .sort((a, b) => b.length - a.length)
    .map((name) => ({ path: join(folder, name), source }))
}

/** The same file by several names is run once, as the first of them. */
function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  const seen = new Map<string, Candidate>()
  for (const candidate of candidates) {
    try {
      const real = realpathSync(candidate.path)
      if (!seen.has(real)) seen.set(real, candidate)
    } catch {
      // A link that leads nowhere is no Python.
    }
  }
  return [...seen.values()]
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
