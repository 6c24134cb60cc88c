import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, readlink } from 'node:fs/promises'
import { existsSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import type { Digest } from '../../base/digest.ts'
import type { LockedDistribution, LockedFile } from '../../pypa/locked-distribution.ts'
import { compareUtf8 } from '../../zip/plan.ts'
import { fetchFile, type FetchSurroundings } from '../fetch/fetch-file.ts'
import { resolverEnvironment, type Variables } from '../resolve/scrubbed-environment.ts'
import { withoutCredentials } from '../resolve/resolution-error.ts'
import { runTool } from '../run-tool.ts'
import { sourceMissing, versionControlFailed } from './build-errors.ts'

/** What a wheel is built from, and a digest that changes when it does. */
export interface WheelSource {
  readonly digest: Digest
  readonly kind: 'sdist' | 'folder' | 'repository'
  /** Puts the source into an empty folder and returns where its project lies. */
  readonly unpack: (into: string, python: string) => Promise<string>
}

/** Folders that no build reads, and that would make every copy slow. */
const neverCopied = new Set([
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
  '.tox',
  '.nox',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  'dist',
  '.cache',
])

/** Finds what a distribution without a fitting wheel is built from. */
export async function wheelSourceOf(
  distribution: LockedDistribution,
  sdist: LockedFile | undefined,
  folder: string,
  surroundings: FetchSurroundings,
  variables: Variables,
): Promise<WheelSource> {
  if (sdist) {
    const { path, digest } = await fetchFile(sdist, folder, surroundings)
    return { digest, kind: 'sdist', unpack: (into, python) => unpackArchive(path, sdist, into, python, variables) }
  }
  if (distribution.vcs) return repository(distribution, variables, surroundings)
  const directory = distribution.directory!
  const root = isAbsolute(directory.path) ? directory.path : resolve(folder, directory.path)
  if (!existsSync(root) || !statSync(root).isDirectory()) throw sourceMissing({ what: distribution.name, path: root })
  return {
    digest: await digestOfTree(root),
    kind: 'folder',
    unpack: async (into) => {
      await copyTree(root, into)
      return join(into, directory.subdirectory ?? '')
    },
  }
}

async function unpackArchive(
  path: string,
  file: LockedFile,
  into: string,
  python: string,
  variables: Variables,
): Promise<string> {
  const { exitCode, stderr } = await runTool(python, ['-I', '-c', unpackScript, path, file.filename, into], {
    env: resolverEnvironment(variables),
  })
  if (exitCode !== 0)
    throw sourceMissing({ what: `${file.filename} (${stderr.trim().split('\n').at(-1) ?? 'unreadable'})`, path })
  const tops = await readdir(into)
  return join(into, tops.length === 1 ? tops[0]! : '', file.subdirectory ?? '')
}

/** Unpacks an sdist without letting it write anywhere else. */
const unpackScript = `
import os, sys, tarfile, zipfile
path, name, into = sys.argv[1:]
inside = os.path.realpath(into) + os.sep
def check(member):
    target = os.path.realpath(os.path.join(into, member))
    if not (target + os.sep).startswith(inside):
        raise SystemExit('%s leads out of the archive' % member)
if name.endswith('.zip'):
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            check(member)
        archive.extractall(into)
else:
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        for member in members:
            check(member.name)
            if member.issym() or member.islnk():
                check(os.path.join(os.path.dirname(member.name), member.linkname) if member.issym() else member.linkname)
            elif not (member.isfile() or member.isdir()):
                raise SystemExit('%s is neither file nor folder' % member.name)
        if hasattr(tarfile, 'data_filter'):
            archive.extractall(into, members, filter='data')
        else:
            archive.extractall(into, members)
`

function repository(
  distribution: LockedDistribution,
  variables: Variables,
  surroundings: FetchSurroundings,
): WheelSource {
  const { type, url, commit, subdirectory } = distribution.vcs!
  const fail = (because: string): never => {
    throw versionControlFailed({ what: distribution.name, url: withoutCredentials(url), because })
  }
  return {
    digest: createHash('sha256')
      .update(`${type} ${withoutCredentials(url)} ${commit} ${subdirectory ?? ''}`)
      .digest('hex'),
    kind: 'repository',
    unpack: async (into) => {
      if (type !== 'git') return fail(`\`${type}\` is not supported, only \`git\``)
      if (surroundings.offline) return fail('`--offline` forbids the network')
      const env = { ...resolverEnvironment(variables), GIT_TERMINAL_PROMPT: '0' }
      const git = async (...args: string[]): Promise<boolean> => {
        const result = await runTool('git', args, { cwd: into, env, signal: surroundings.signal }).catch(
          () => undefined,
        )
        return result?.exitCode === 0
      }
      await mkdir(into, { recursive: true })
      if (!(await git('init', '--quiet'))) return fail('`git` does not run')
      // A server need not hand out a bare commit; then the whole history is fetched.
      const fetched =
        (await git('fetch', '--quiet', '--depth', '1', url, commit)) ||
        (await git('fetch', '--quiet', '--tags', url, '+refs/heads/*:refs/remotes/origin/*'))
      if (!fetched || !(await git('checkout', '--quiet', commit)))
        return fail(`revision \`${commit}\` cannot be fetched`)
      return join(into, subdirectory ?? '')
    },
  }
}

/** Names, kinds and bytes of every file that a copy takes. */
async function digestOfTree(root: string): Promise<Digest> {
  const hash = createHash('sha256')
  const walk = async (folder: string, prefix: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => compareUtf8(a.name, b.name))) {
      if (neverCopied.has(entry.name) || entry.name === '.git') continue
      const [path, name] = [join(folder, entry.name), `${prefix}${entry.name}`]
      if (entry.isDirectory()) await walk(path, `${name}/`)
      else if (entry.isFile()) {
        const bytes = await readFile(path)
        hash.update(`${name}\0${bytes.length}\0`).update(bytes)
      } else if (entry.isSymbolicLink()) hash.update(`${name}\0-> ${await readlink(path)}\0`)
    }
  }
  await walk(root, '')
  return hash.digest('hex')
}

/** Builds write beside the source (setuptools does), so they get a copy. */
async function copyTree(root: string, into: string): Promise<void> {
  await cp(root, into, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => path === root || !neverCopied.has(path.slice(path.lastIndexOf('/') + 1)),
  })
}
