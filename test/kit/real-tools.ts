/** Real tools on the real package index for the packager's tests; what they fetch is kept in `.cache/` and fetched once. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findUv } from '../../src/packager/resolve/find-uv.ts'
import { createBuildSurroundings } from '../../src/packager/surroundings.ts'

const cacheFolder = resolve(import.meta.dirname, '../../.cache/zipyard')
mkdirSync(cacheFolder, { recursive: true })

/** Indexes, certificates and proxies of whoever runs the tests, and the cache that is shared by runs. */
export const realEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ ...process.env, ZIPYARD_CACHE_DIR: cacheFolder }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  ),
)

/** The uv that a build would take; fetched when there is none. */
export async function uvExecutable(): Promise<string> {
  const surroundings = await createBuildSurroundings({ environment: realEnvironment })
  try {
    const uv = await findUv(realEnvironment, surroundings)
    if (!('executable' in uv)) throw new Error(uv.because)
    return uv.executable
  } finally {
    await surroundings.close()
  }
}

/** What each tool is installed as: the versions that `test/fixtures/locks` was written with. */
const lockingTools = { pdm: 'pdm[locked]==2.29.3', poetry: 'poetry==2.5.1', pipenv: 'pipenv==2026.10.3' } as const

/** A tool that writes locks, in an environment of its own. */
export function lockingTool(name: keyof typeof lockingTools): string {
  const requirement = lockingTools[name]
  const folder = resolve(import.meta.dirname, `../../.cache/${name}-${requirement.split('==')[1]}`)
  const isWhole = join(folder, 'installed')
  if (!existsSync(isWhole)) {
    rmSync(folder, { recursive: true, force: true })
    execFileSync('python3', ['-m', 'venv', folder])
    execFileSync(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement]) // prettier-ignore
    writeFileSync(isWhole, '')
  }
  return join(folder, 'bin', name)
}

/** From this version on pip installs from `pylock.toml`. */
const lockReadingPip = '26.3'

/** A folder for PYTHONPATH from which `python3 -m pip` is a pip that reads locks. */
export function pipFolder(): string {
  const folder = resolve(import.meta.dirname, `../../.cache/pip-${lockReadingPip}`)
  if (!existsSync(folder)) {
    const made = `${folder}.new`
    rmSync(made, { recursive: true, force: true })
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', made, `pip==${lockReadingPip}`]) // prettier-ignore
    renameSync(made, folder)
  }
  return folder
}
