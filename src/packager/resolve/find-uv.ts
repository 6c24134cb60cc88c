import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { LockedFile } from '../../pypa/locked-distribution.ts'
import { compareVersions, parseVersion, tryParseVersion } from '../../pypa/version.ts'
import { readEntry } from '../../zip/entry-data.ts'
import { openArchive } from '../../zip/reader.ts'
import { requireAcceptable } from '../../zip/policy.ts'
import { fetchFile, type FetchSurroundings } from '../fetch/fetch-file.ts'
import { runTool } from '../run-tool.ts'
import { hostGlibc } from '../wheel/host-glibc.ts'
import { oldestUv, pinnedUv, uvWheelFor } from './pinned-uv.ts'
import { resolverEnvironment, type Variables } from './scrubbed-environment.ts'

/** An executable uv. */
export interface UvTool {
  readonly executable: string
  readonly version: string
}

/** A uv, or in a few words why there is none. */
export type UvSearch = UvTool | { readonly because: string }

/**
 * The uv to run: `$UV`, else the one on PATH when it is new enough, else the pinned one, fetched once from the configured package
 * index and checked against its digest.
 */
export async function findUv(variables: Variables, surroundings: FetchSurroundings): Promise<UvSearch> {
  const reasons: string[] = []
  for (const candidate of [variables['UV'], onPath('uv', variables)]) {
    if (!candidate) continue
    const version = await versionOf(candidate, variables)
    if (version && isNewEnough(version)) return { executable: candidate, version }
    reasons.push(
      version ? `\`${candidate}\` is uv ${version}, older than ${oldestUv}` : `\`${candidate}\` does not run`,
    )
  }
  const pinned = await pinnedTool(surroundings)
  if ('executable' in pinned) return pinned
  return { because: [...reasons, pinned.because].join('; ') }
}

/** Where a program of this name lies on PATH. */
export function onPath(name: string, variables: Variables): string | undefined {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : ['']
  for (const folder of (variables['PATH'] ?? variables['Path'] ?? '').split(delimiter)) {
    if (folder === '') continue
    for (const ending of endings) if (existsSync(join(folder, name + ending))) return join(folder, name + ending)
  }
  return undefined
}

async function versionOf(executable: string, variables: Variables): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await runTool(executable, ['--version'], { env: resolverEnvironment(variables) })
    return exitCode === 0 ? /^uv (\S+)/.exec(stdout)?.[1] : undefined
  } catch {
    return undefined
  }
}

function isNewEnough(text: string): boolean {
  const version = tryParseVersion(text)
  return version !== undefined && compareVersions(version, parseVersion(oldestUv)) >= 0
}

async function pinnedTool(surroundings: FetchSurroundings): Promise<UvSearch> {
  const wheel = uvWheelFor({
    platform: process.platform,
    arch: process.arch,
    isMusl: process.platform === 'linux' && hostGlibc() === undefined,
  })
  if (!wheel) return { because: `uv has no build for ${process.platform} on ${process.arch}` }
  const name = process.platform === 'win32' ? 'uv.exe' : 'uv'
  const executable = join(
    surroundings.cache.folder,
    'tool',
    `uv-${pinnedUv.version}-${wheel.sha256.slice(0, 12)}`,
    name,
  )
  if (existsSync(executable)) return { executable, version: pinnedUv.version }
  const file: LockedFile = { filename: wheel.filename, hashes: { sha256: wheel.sha256 }, sizeBytes: wheel.sizeBytes }
  let path = await surroundings.cache.findBlob(wheel.sha256)
  if (path === undefined) {
    if (surroundings.offline) return { because: 'no uv is cached and `--offline` forbids to fetch one' }
    try {
      const offered = (await (await surroundings.index()).files('uv')).find(
        ({ filename }) => filename === wheel.filename,
      )
      if (!offered) return { because: `the package index has no \`${wheel.filename}\`` }
      path = (await fetchFile({ ...file, url: offered.url }, '', surroundings)).path
    } catch (error) {
      return { because: `uv could not be fetched (${error instanceof Error ? error.message : String(error)})` }
    }
  }
  await unpackExecutable(path, wheel.filename, name, executable)
  return { executable, version: pinnedUv.version }
}

async function unpackExecutable(wheel: string, filename: string, name: string, executable: string): Promise<void> {
  const { source, listing } = openArchive(wheel, { file: filename })
  try {
    requireAcceptable(listing, 'wheel')
    const entry = listing.entries.find((candidate) => candidate.name.endsWith(`.data/scripts/${name}`))
    if (!entry) throw new Error(`${filename} holds no ${name}`)
    await mkdir(dirname(executable), { recursive: true })
    const temporary = `${executable}.${process.pid}.tmp`
    try {
      await writeFile(temporary, readEntry(source, entry, filename))
      await chmod(temporary, 0o755)
      await rename(temporary, executable)
    } finally {
      await rm(temporary, { force: true })
    }
  } finally {
    source.close()
  }
}
