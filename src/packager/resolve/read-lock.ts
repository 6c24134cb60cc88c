import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { defineError } from '../../base/errors.ts'
import type { Lock } from '../../pypa/locked-distribution.ts'
import { parsePdmLock } from '../../pypa/pdm-lock.ts'
import { parsePipfileLock } from '../../pypa/pipfile-lock.ts'
import { parsePoetryLock } from '../../pypa/poetry-lock.ts'
import { isPylockName, parsePylock } from '../../pypa/pylock.ts'
import { parsePyproject, type Pyproject } from '../../pypa/pyproject.ts'
import { parseUvLock } from '../../pypa/uv-lock.ts'
import { lockFileNames } from './lock-file.ts'

export const unknownLock = defineError('ZY0419', 'usage', (p: { file: string }) => ({
  message: `\`${p.file}\` is not the name of a lock`,
  hint: 'Locks are named `pylock.toml`, `pylock.NAME.toml`, `uv.lock`, `poetry.lock`, `pdm.lock` or `Pipfile.lock`, that of `job.py` is `job.py.lock`',
}))

/** Reads a lock of any tool by its name. */
export async function readLock(file: string): Promise<Lock> {
  const text = await readFile(file, 'utf8')
  const name = basename(file)
  if (isPylockName(name)) return parsePylock(text, file)
  switch (name) {
    case 'uv.lock':
      return parseUvLock(text, file)
    case 'poetry.lock':
      return parsePoetryLock(text, await readPyproject(dirname(file)), file)
    case 'pdm.lock':
      return parsePdmLock(text, await readPyproject(dirname(file)), file)
    case 'Pipfile.lock':
      return parsePipfileLock(text, file)
    default:
      if (scriptOf(file) === undefined) throw unknownLock({ file })
      return parseUvLock(text, file)
  }
}

/** The script whose lock this is (`uv lock --script job.py` writes `job.py.lock`), if it is one. */
export function scriptOf(lockFile: string): string | undefined {
  if (!lockFile.endsWith('.lock') || lockFileNames.some((name) => name === basename(lockFile))) return undefined
  const script = lockFile.slice(0, -'.lock'.length)
  return existsSync(script) ? script : undefined
}

/** The `pyproject.toml` of a folder, if it has one. */
export async function readPyproject(folder: string): Promise<Pyproject | undefined> {
  const path = join(folder, 'pyproject.toml')
  return existsSync(path) ? parsePyproject(await readFile(path, 'utf8'), path) : undefined
}
