import { existsSync, readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineError } from '../../base/errors.ts'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import { parseMarker } from '../../pypa/marker.ts'
import { parsePylock, type Pylock } from '../../pypa/pylock.ts'
import { formatPylock } from '../../pypa/pylock-writer.ts'
import { parseSpecifierSet } from '../../pypa/specifier.ts'
import type { Target } from '../target.ts'

/** What Zipyard says about a lock of its own making, under `[tool.zipyard]`. */
export interface LockNote {
  /** `py313-arm64` */
  readonly target: string
  /** Digest of the declarations that were resolved; when they change, the lock is stale. */
  readonly inputs: string
  /** `uv 0.13.9` */
  readonly resolver: string
  /** What the project asks for itself, by name. */
  readonly requested: readonly string[]
  /** The full version of the Python that compiled the package's bytecode, when there is bytecode: another may write other bytes. */
  readonly bytecode?: string | undefined
}

export interface OwnLock {
  readonly path: string
  readonly lock: Pylock
  readonly note: LockNote
}

export const staleLock = defineError('ZY0417', 'refused', (p: { file: string; input: string }) => ({
  message: `\`${p.file}\` is stale: \`${p.input}\` has changed since it was written, and \`--locked\` forbids to write it anew`,
  hint: 'Build once without `--locked` and commit the lock',
}))

export const missingLock = defineError('ZY0418', 'refused', (p: { file: string; target: string }) => ({
  message: `There is no lock \`${p.file}\` for ${p.target}, and \`--locked\` forbids to write one`,
  hint: 'Build once without `--locked` and commit the lock',
}))

/** Where locks of an input lie, and how they are called. */
export interface LockPlace {
  /** Absolute. Relative paths in the lock start here. */
  readonly folder: string
  /** `zipyard`: the part of the name between the dots, of which PEP 751 allows one. */
  readonly base: string
}

/** The names a lock for a target may have, in the order they are looked for. */
export function lockNames(place: LockPlace, target: Target): readonly [plain: string, targeted: string] {
  return [`pylock.${place.base}.toml`, `pylock.${place.base}-${target.key}.toml`]
}

/** The project's own lock for a target, if there is one. */
export function readOwnLock(place: LockPlace, target: Target): OwnLock | undefined {
  for (const name of lockNames(place, target)) {
    const path = join(place.folder, name)
    if (!existsSync(path)) continue
    const own = parseOwnLock(readFileSync(path, 'utf8'), path)
    if (own?.note.target === target.key) return own
  }
  return undefined
}

/** Where the lock for a target is written: the plain name, unless another target has it. */
export function pathOfOwnLock(place: LockPlace, target: Target): string {
  const [plain, targeted] = lockNames(place, target).map((name) => join(place.folder, name)) as [string, string]
  if (!existsSync(plain)) return plain
  return parseOwnLock(readFileSync(plain, 'utf8'), plain)?.note.target === target.key ? plain : targeted
}

export function parseOwnLock(text: string, path: string): OwnLock | undefined {
  const lock = parsePylock(text, path)
  const note = lock.tool.at('zipyard')
  if (!note.exists) return undefined
  return {
    path,
    lock,
    note: {
      target: note.at('target').string(),
      inputs: note.at('inputs').string(),
      resolver: note.at('resolver').string(),
      requested: note.at('requested').strings(),
      bytecode: note.at('bytecode').optionalString(),
    },
  }
}

/** The text of a lock for one target: the same on every machine, readable by pip and uv. */
export function formatOwnLock(distributions: readonly LockedDistribution[], target: Target, note: LockNote): string {
  const { sys_platform, platform_machine, python_version } = target.environment
  return formatPylock({
    createdBy: 'zipyard',
    requiresPython: parseSpecifierSet(`==${python_version}.*`),
    environments: [
      parseMarker(
        `sys_platform == '${sys_platform}' and platform_machine == '${platform_machine}' and python_version == '${python_version}'`,
      ),
    ],
    distributions,
    tool: { ...note, requested: [...note.requested].sort() },
  })
}

/** Writes a lock; a reader sees the old one or the new one. */
export async function writeOwnLock(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Names of locks in the order in which a project's is looked for. */
export const lockFileNames = ['pylock.toml', 'uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock'] as const
