import { access, constants } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { sha256 } from '../../base/digest.ts'
import type { Lock } from '../../pypa/locked-distribution.ts'
import { selectDistributions } from '../../pypa/locked-selection.ts'
import { lockFromRequirements } from '../../pypa/requirements-lock.ts'
import { readRequirementsFile } from '../../pypa/requirements-txt.ts'
import { describeInput, type DependencyInput, type ResolvableInput } from '../dependency-input.ts'
import { describeTarget } from '../fetch/choose-file.ts'
import type { FetchSurroundings } from '../fetch/fetch-file.ts'
import type { Note } from '../layout/layout.ts'
import type { Target } from '../target.ts'
import { indexesOf, readDeclarations, type Declarations } from './declarations.ts'
import {
  formatOwnLock,
  lockNames,
  missingLock,
  parseOwnLock,
  pathOfOwnLock,
  readOwnLock,
  staleLock,
  writeOwnLock,
  type LockPlace,
  type OwnLock,
} from './lock-file.ts'
import { readRequirementsText } from './requirements-text.ts'
import type { Staleness } from './lock-staleness.ts'
import type { Resolution } from './resolution.ts'
import type { Variables } from './scrubbed-environment.ts'

export type ResolverChoice = 'uv' | 'pip'

export const offlineUnresolved = defineError('ZY0434', 'refused', (p: { input: string; target: string }) => ({
  message: `\`${p.input}\` was never resolved here for ${p.target}, and \`--offline\` forbids to ask the package index`,
  hint: 'Build once without `--offline`, or commit the lock that a build writes',
}))

export interface ResolveOptions {
  readonly input: DependencyInput
  readonly target: Target
  /** The project: relative paths of requirements start here. */
  readonly folder: string
  /** Where a lock is read and written; absent when the input gets none. */
  readonly lock?: LockPlace | undefined
  /** Fail rather than resolve anew. */
  readonly locked: boolean
  /** The full version of the Python that will compile bytecode, if there will be some. */
  readonly bytecodeBy?: string | undefined
  /** Forget what was resolved before. */
  readonly upgrade: boolean
  readonly resolver?: ResolverChoice | undefined
  readonly variables: Variables
}

/** Decides which distributions the package holds: from a lock where there is one, else by a resolver, whose answer is kept. */
export async function resolve(options: ResolveOptions, surroundings: FetchSurroundings): Promise<Resolution> {
  const { input } = options
  switch (input.kind) {
    case 'none':
      return {
        distributions: [],
        requested: new Set(),
        folder: options.folder,
        by: 'nothing to resolve',
        isFresh: false,
        notes: [],
      }
    case 'lock':
      return fromForeignLock(input, options, surroundings)
    case 'pins':
      return fromPins(input.lines, options)
    case 'venv':
    case 'package':
      throw new Error(`resolve was given a ${input.kind}; its distributions are read first`)
    case 'requirements': {
      const lock = await lockOf(input, options, surroundings)
      return lock ? fromCompiled(lock, options) : resolveDeclared(input, options, surroundings)
    }
    default:
      return resolveDeclared(input, options, surroundings)
  }
}

/** One requirements file in which everything is pinned and hashed is a lock. */
async function lockOf(
  input: Extract<DependencyInput, { kind: 'requirements' }>,
  options: ResolveOptions,
  surroundings: FetchSurroundings,
): Promise<Lock | undefined> {
  if (input.files.length !== 1) return undefined
  const file = await readRequirementsFile(input.files[0]!, {
    folder: options.folder,
    environment: options.variables,
    read: readRequirementsText,
  })
  const lock = lockFromRequirements(file)
  if (!('notLocked' in lock)) surroundings.learnIndexes(indexesOf(file.options))
  return 'notLocked' in lock ? undefined : lock
}

/** A compiled requirements file that no longer fits what it was compiled from is told. */
async function fromCompiled(lock: Lock, options: ResolveOptions): Promise<Resolution> {
  const resolution = fromLock(lock, { file: lock.file, extras: [], groups: [] }, options)
  const { stalenessOfCompiled } = await import('./compiled-requirements.ts')
  const { environment } = options.target
  const { variables } = options
  const staleness = await stalenessOfCompiled(lock.file, resolution.distributions, { environment, variables })
  return toldIfStale(resolution, staleness, options)
}

async function toldIfStale(
  resolution: Resolution,
  staleness: Staleness | undefined,
  { locked }: ResolveOptions,
): Promise<Resolution> {
  if (!staleness) return resolution
  const { lockNotCovering, staleLockNote } = await import('./lock-staleness.ts')
  if (locked) throw lockNotCovering({ file: resolution.by, ...staleness })
  return { ...resolution, notes: [staleLockNote(resolution.by, staleness)] }
}

export const notPins = defineError('ZY0436', 'defect', (p: { lines: readonly string[] }) => ({
  message: `These requirements are not all exact versions with digests: ${p.lines.map((line) => `\`${line}\``).join(', ')}`,
}))

async function fromPins(lines: readonly string[], options: ResolveOptions): Promise<Resolution> {
  const file = await readRequirementsFile('pins', {
    folder: options.folder,
    environment: {},
    read: async () => lines.join('\n'),
  })
  const lock = lockFromRequirements(file)
  if ('notLocked' in lock) throw notPins({ lines: lock.notLocked.map(({ line }) => line.text) })
  return {
    ...fromLock(lock, { file: 'pins', extras: [], groups: [] }, options),
    by: 'exact versions',
    lockFile: undefined,
  }
}

/** Of a workspace, what the member that is packaged needs. A lock that no longer fits the project's declarations is told. */
async function fromForeignLock(
  input: Extract<DependencyInput, { kind: 'lock' }>,
  options: ResolveOptions,
  surroundings: FetchSurroundings,
): Promise<Resolution> {
  const [{ readLock, readPyproject }, { placesOf }] = await Promise.all([
    import('./read-lock.ts'),
    import('./locked-places.ts'),
  ])
  const lock = await readLock(input.file)
  const isBeside = dirname(input.file) === options.folder
  const root = await readPyproject(dirname(input.file))
  const pyproject = isBeside ? root : await readPyproject(options.folder)
  const name = pyproject?.project?.normalizedName
  const isMember = name !== undefined && (lock.roots ?? []).some(({ project }) => project === name)
  surroundings.learnIndexes(await placesOf(lock, root, options.variables))
  const resolution = fromLock(lock, isMember ? { ...input, project: name } : input, options)
  if (!(isBeside || isMember)) return resolution
  const { stalenessOf } = await import('./lock-staleness.ts')
  const { environment } = options.target
  const { variables } = options
  const project = { ...input, lock, pyproject, root, environment, variables }
  const staleness = await stalenessOf(resolution.distributions, project)
  return toldIfStale(resolution, staleness, options)
}

function fromLock(
  lock: Lock,
  input: {
    readonly file: string
    readonly extras: readonly string[]
    readonly groups: readonly string[]
    readonly project?: string | undefined
  },
  options: ResolveOptions,
): Resolution {
  const distributions = selectDistributions(lock, {
    environment: options.target.environment,
    extras: input.extras,
    groups: input.groups,
    project: input.project,
  })
  return {
    distributions,
    requested: new Set(distributions.filter((one) => one.requestedBy.length === 0).map((one) => one.name)),
    folder: dirname(input.file),
    by: relative(options.folder, input.file) || input.file,
    isFresh: false,
    lockFile: { path: input.file, written: false },
    notes: [],
  }
}

async function resolveDeclared(
  input: ResolvableInput,
  options: ResolveOptions,
  surroundings: FetchSurroundings,
): Promise<Resolution> {
  const { folder, target } = options
  const declarations = await readDeclarations(input, folder, options.variables)
  surroundings.learnIndexes(declarations.indexes)
  if (declarations.declared.length === 0)
    return { distributions: [], requested: new Set(), folder, by: 'nothing to resolve', isFresh: false, notes: [] }
  const described = describeInput(input, (path) => relative(folder, path) || path)
  const { lock } = options
  const place = lock ?? { folder, base: 'zipyard' }
  const key = cacheKey(declarations, options)
  // Functions of one project that need the same for the same target are resolved once, also when that is asked for anew.
  const upgrade = options.upgrade && !surroundings.resolved.has(key)
  const own = lock && !upgrade ? readOwnLock(lock, target) : undefined
  if (own?.note.inputs === declarations.digest) return keptLock(own, place, options)
  if (options.locked) {
    if (own) throw staleLock({ file: relative(folder, own.path), input: described })
    throw missingLock({ file: lockNames(place, target)[0], target: describeTarget(target) })
  }
  const stored = upgrade ? undefined : await surroundings.cache.readEntry('resolution', key)
  const cached = stored && readStored(stored.toString('utf8'))
  const notes: Note[] = []
  let text: string
  if (cached) text = stored.toString('utf8')
  else {
    if (surroundings.offline && !declarations.options?.noIndex)
      throw offlineUnresolved({ input: described, target: describeTarget(target) })
    const { runResolver } = await import('./run-resolver.ts')
    text = await runResolver(input, declarations, described, options, surroundings, notes)
    await surroundings.cache.writeEntry('resolution', key, text)
    surroundings.resolved.add(key)
  }
  const written = await keepLock(text, options)
  const resolution = fromOwnLock(
    parseOwnLock(text, written ?? 'resolution')!,
    place,
    options,
    written === undefined ? undefined : { path: written, written: true },
  )
  return {
    ...resolution,
    by: cached ? `${resolution.by}, cached` : resolution.by,
    isFresh: !cached,
    notes,
  }
}

/** A lock that still holds. Asking for bytecode for the first time adds its compiler; another compiler than the lock's is told. */
async function keptLock(own: OwnLock, place: LockPlace, options: ResolveOptions): Promise<Resolution> {
  const { bytecodeBy } = options
  const kept = fromOwnLock(own, place, options, { path: own.path, written: false })
  if (bytecodeBy === undefined || own.note.bytecode === bytecodeBy) return kept
  if (own.note.bytecode === undefined && !options.locked) {
    await writeOwnLock(
      own.path,
      formatOwnLock(own.lock.distributions, options.target, { ...own.note, bytecode: bytecodeBy }),
    )
    return { ...kept, lockFile: { path: own.path, written: true } }
  }
  const note: Note = {
    code: 'ZY0471',
    message: `The bytecode is compiled by Python ${bytecodeBy}, the lock was written with ${own.note.bytecode ?? 'none'}: the package's bytes may differ`,
    hint: 'Build everywhere with the same patch release, or write the lock anew with `--upgrade`',
  }
  return { ...kept, notes: [note] }
}

function readStored(text: string): OwnLock | undefined {
  try {
    return parseOwnLock(text, 'resolution')
  } catch {
    return undefined
  }
}

function fromOwnLock(
  own: OwnLock,
  place: LockPlace,
  options: ResolveOptions,
  lockFile: Resolution['lockFile'],
): Resolution {
  const distributions = selectDistributions(own.lock, { environment: options.target.environment })
  return {
    distributions,
    requested: new Set(own.note.requested),
    folder: place.folder,
    by: own.note.resolver,
    isFresh: false,
    lockFile,
    notes: [],
  }
}

/** What decides a resolution on this machine: the declarations, the target, and where is looked. */
function cacheKey(declarations: Declarations, options: ResolveOptions): string {
  const places = Object.entries(options.variables)
    .filter(([name]) =>
      /^(UV_(DEFAULT_)?INDEX|UV_EXTRA_INDEX|UV_FIND_LINKS|UV_NO_INDEX|UV_PRERELEASE|UV_RESOLUTION|UV_EXCLUDE_NEWER|UV_CONSTRAINT|UV_OVERRIDE|PIP_INDEX|PIP_EXTRA_INDEX|PIP_FIND_LINKS|PIP_NO_INDEX|PIP_PRE|PIP_CONSTRAINT|PIP_CONFIG_FILE|UV_CONFIG_FILE)/.test(
        name,
      ),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const { indexUrl, extraIndexUrls, findLinks, noIndex } = declarations.options ?? {}
  return sha256(
    JSON.stringify([
      2,
      options.lock?.folder && relative(options.folder, options.lock.folder),
      declarations.digest,
      options.target.key,
      options.target.environment.python_full_version,
      options.resolver ?? 'any',
      places,
      indexUrl,
      extraIndexUrls,
      findLinks,
      noIndex,
    ]),
  )
}

/** Writes the lock into the project where it belongs and can be written; returns where. */
async function keepLock(text: string, { lock, target }: ResolveOptions): Promise<string | undefined> {
  if (!lock) return undefined
  const writable = await access(lock.folder, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!writable) return undefined
  const path = pathOfOwnLock(lock, target)
  await writeOwnLock(path, text)
  return path
}
