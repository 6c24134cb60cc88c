/** The official runtime interface client, installed once per Python below `.peers/` from the configured package index. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Interpreter } from '../../src/interpreters/interpreter.ts'
import type { WriterEntry } from '../../src/zip/writer.ts'

/** The newest with a wheel for each Python, pinned: what it does changes over its releases. */
const releases: Readonly<Record<string, string>> = {
  '3.9': '4.0.4',
  '3.10': '4.2.2',
  '3.11': '4.2.2',
  '3.12': '4.2.2',
  '3.13': '4.2.2',
  '3.14': '4.2.2',
}

export const hasAwslambdaric = (minor: string): boolean => minor in releases

/** Folder to put on `sys.path`. */
export async function awslambdaricFolder(interpreter: Interpreter): Promise<string> {
  const release = releases[interpreter.minor]!
  const folder = fileURLToPath(new URL(`../../.peers/awslambdaric/${interpreter.minor}-${release}`, import.meta.url))
  if (existsSync(folder)) return folder
  const temporary = `${folder}.${process.pid}`
  const { PATH, HOME } = process.env
  const index = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^PIP_|_proxy$|^SSL_CERT/i.test(name)),
  )
  await promisify(execFile)(
    interpreter.executable,
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-compile',
      '--only-binary',
      ':all:',
      '--target',
      temporary,
      `awslambdaric==${release}`,
    ],
    { env: { PATH, HOME, ...index } },
  )
  rmSync(folder, { recursive: true, force: true })
  renameSync(temporary, folder)
  return folder
}

/** A layer that makes a function run by it: the client under `python/`, and the wrapper to name in `AWS_LAMBDA_EXEC_WRAPPER`. */
export function awslambdaricLayer(folder: string): WriterEntry[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile() && !item.name.endsWith('.pyc'))
    .map((item) => join(item.parentPath, item.name))
  return [
    ...files.map((path) => ({
      path: `python/${path.slice(folder.length + 1)}`,
      bytes: readFileSync(path),
      mode: 0o755,
    })),
    {
      path: 'ric',
      bytes: '#!/bin/sh\nexport PYTHONPATH=/opt/python\nexec "$1" -m awslambdaric "$_HANDLER"\n',
      mode: 0o755,
    },
  ]
}

export const awslambdaricWrapper = '/opt/ric'
