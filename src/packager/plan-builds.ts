import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { defineError } from '../base/errors.ts'
import { parseArchitecture, type Architecture } from '../lambda/architecture.ts'
import { parseHandler } from '../lambda/handler.ts'
import { defaultRuntimeId, parsePythonRuntime, pythonRuntimes, type PythonRuntime } from '../lambda/runtimes.ts'
import { parsePyproject, type Pyproject } from '../pypa/pyproject.ts'
import { matches, type SpecifierSet } from '../pypa/specifier.ts'
import { latestPatchOf } from '../pypa/target-environment.ts'
import { parseVersion } from '../pypa/version.ts'
import type { Budget } from '../settings/budget.ts'
import type { BuildPlan } from './build-plan.ts'
import { describeInput, type DependencyInput } from './dependency-input.ts'
import { projectNotFound } from './errors.ts'
import { conflictPolicies, type ConflictPolicy } from './layout/merge.ts'
import { lockFileNames, type LockPlace } from './resolve/lock-file.ts'
import { findWorkspaceLock } from './resolve/workspace-lock.ts'
import type { ResolverChoice } from './resolve/resolve.ts'
import { symlinkPolicies, type SymlinkPolicy } from './source/own-sources.ts'
import { inDocumentedOrder, targetOf } from './target.ts'

/** What a person asked for, by flag, variable or configuration file, as texts. Paths are relative to `workingDirectory`. */
export interface BuildRequest {
  readonly workingDirectory: string
  /** The project; the working directory where absent. */
  readonly folder?: string | undefined
  readonly out?: string | undefined
  readonly name?: string | undefined
  /** One, or several with commas: a package for each. */
  readonly runtime?: string | undefined
  readonly architectures?: readonly string[] | undefined
  readonly handler?: string | undefined
  readonly source?: string | undefined
  readonly requirements?: readonly string[] | undefined
  readonly extras?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
  readonly fromVenv?: string | undefined
  readonly fromPackage?: string | undefined
  readonly script?: string | undefined
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly executable?: readonly string[] | undefined
  readonly symlinks?: string | undefined
  readonly onConflict?: string | undefined
  readonly bytecode?: string | undefined
  readonly slim?: string | undefined
  readonly sdk?: string | undefined
  readonly compat?: string | undefined
  readonly interpreter?: string | undefined
  readonly layer?: boolean | undefined
  readonly resolver?: string | undefined
  readonly locked?: boolean | undefined
  readonly offline?: boolean | undefined
  readonly upgrade?: boolean | undefined
  readonly noCheck?: boolean | undefined
  readonly budget?: Budget | undefined
  /** Requirements that stand in no file, for callers from code. */
  readonly lines?: readonly string[] | undefined
  /** The same with exact versions and digests (`requests==2.32.5 --hash=sha256:…`): no resolver runs. */
  readonly pins?: readonly string[] | undefined
  /** `python`, or `site-packages` for `python/lib/python3.x/site-packages`. */
  readonly layerRoot?: string | undefined
  /** Dependencies in a layer, code in the function. */
  readonly split?: boolean | undefined
  /** Functions of the project by name, each with what differs from the rest of the request. */
  readonly functions?: Readonly<Record<string, Partial<BuildRequest>>> | undefined
  /** Build only these of the functions. */
  readonly only?: readonly string[] | undefined
  /** Whether locks may be written into the project; by default yes. */
  readonly writesLock?: boolean | undefined
}

export const badChoice = defineError(
  'ZY0403',
  'usage',
  (p: { option: string; text: string; choices: readonly string[] }) => ({
    message: `\`${p.option}\` does not take \`${p.text}\``,
    hint: `Use one of ${p.choices.map((choice) => `\`${choice}\``).join(', ')}`,
  }),
)

export const noFunctions = defineError('ZY0477', 'usage', (p: { name: string }) => ({
  message: `The project has no functions, so \`--function ${p.name}\` names none`,
  hint: 'Leave it out, or declare `[tool.zipyard.functions.NAME]` in `pyproject.toml` (`[functions.NAME]` in `zipyard.toml`)',
}))

export const nothingToChoose = defineError('ZY0476', 'usage', (p: { option: string; input: string | undefined }) => ({
  message: `\`${p.option}\` chooses from a \`pyproject.toml\` or a lock, and ${p.input === undefined ? 'there is none' : `the dependencies come from \`${p.input}\``}`,
  hint: 'Leave it out, or name the file that declares it, such as `-r pyproject.toml`',
}))

export const contradictingInputs = defineError('ZY0409', 'usage', (p: { first: string; second: string }) => ({
  message: `\`${p.first}\` and \`${p.second}\` both say where the dependencies come from`,
  hint: 'Give one of them',
}))

export const oneOutForSeveral = defineError('ZY0447', 'usage', (p: { out: string; names: readonly string[] }) => ({
  message: `\`--out ${p.out}\` names one file, and ${p.names.length} functions are built: ${p.names.map((name) => `\`${name}\``).join(', ')}`,
  hint: 'Leave `--out` away (each goes to `dist/NAME.zip`), or choose one with `--function`',
}))

export const sourceNotFound = defineError('ZY0446', 'refused', (p: { folder: string }) => ({
  message: `The source folder \`${p.folder}\` does not exist`,
  hint: 'Correct `--source`, or leave it out to pack the project folder itself',
}))

/**
 * Decides everything about the packages to build: one plan per function, architecture and, for a split, part. Layers come before the
 * functions that use them. Reads the project; writes nothing.
 */
export function planBuilds(request: BuildRequest): readonly BuildPlan[] {
  const project = resolve(request.workingDirectory, request.folder ?? '.')
  if (!existsSync(project) || !statSync(project).isDirectory()) throw projectNotFound({ folder: project })
  const { functions = {}, only = [], ...shared } = request
  const names = Object.keys(functions)
  if (names.length === 0 && only[0] !== undefined) throw noFunctions({ name: only[0] })
  for (const name of only)
    if (!names.includes(name)) throw badChoice({ option: '--function', text: name, choices: names })
  const chosen = only.length > 0 ? only : names
  if (chosen.length === 0) return plansOf(shared, project)
  if (request.out !== undefined && chosen.length > 1) throw oneOutForSeveral({ out: request.out, names: chosen })
  return chosen.flatMap((name) => plansOf({ ...shared, ...functions[name], name }, project))
}

function plansOf(request: Omit<BuildRequest, 'functions' | 'only'>, project: string): readonly BuildPlan[] {
  const pyproject = readPyproject(project)
  const runtimes = chooseRuntimes(request.runtime, project, pyproject)
  return runtimes.flatMap((runtime) => plansFor(runtime, runtimes.length > 1, request, project, pyproject))
}

function plansFor(
  runtime: PythonRuntime,
  isOneOfSeveral: boolean,
  request: Omit<BuildRequest, 'functions' | 'only'>,
  project: string,
  pyproject: Pyproject | undefined,
): readonly BuildPlan[] {
  const architectures = inDocumentedOrder(chooseArchitectures(request.architectures))
  const name = packageName(request.name ?? pyproject?.project?.normalizedName ?? basename(project))
  const input = chooseInput(request, project, pyproject)
  requireChoosable(request, input, project)
  const handler = request.handler === undefined ? undefined : parseHandler(request.handler).text
  const layerRoot = choose<'python' | 'site-packages'>(
    '--layer-root',
    request.layerRoot,
    ['python', 'site-packages'],
    'python',
  )
  const common = {
    project,
    handler,
    include: request.include ?? [],
    exclude: [...(request.exclude ?? []), ...baselineOf(request, project)],
    executable: request.executable ?? [],
    ...chooseAll(request),
    interpreter: request.interpreter ?? `/var/lang/bin/python${runtime.python}`,
    locked: request.locked ?? false,
    offline: request.offline ?? false,
    upgrade: request.upgrade ?? false,
    checks: !request.noCheck,
    budget: request.budget,
  }
  return architectures.flatMap((architecture): BuildPlan[] => {
    const target = targetOf(runtime, architecture)
    const out = (suffix: string): string =>
      outputPath(
        request,
        project,
        name,
        `${suffix}${isOneOfSeveral ? `-${runtime.id}` : ''}${architectures.length > 1 ? `-${architecture}` : ''}`,
      )
    const lock = request.writesLock === false ? undefined : lockPlace(input, project)
    const layer: BuildPlan = {
      ...common,
      name: `${name}-layer`,
      input,
      target,
      lock,
      handler: undefined,
      // Of a split, the function is judged together with its layer.
      budget: request.split ? undefined : request.budget,
      out: out(request.out === undefined || request.split ? '-layer' : ''),
      layer: layerRoot === 'python' ? 'python' : `python/lib/python${runtime.python}/site-packages`,
      layers: [],
    }
    if (request.layer && !request.split) return [layer]
    const source = chooseSource(request, project, handler)
    if (!request.split) return [{ ...common, name, source, input, target, lock, out: out(''), layers: [] }]
    return [layer, { ...common, name, source, input: { kind: 'none' }, target, out: out(''), layers: [layer.out] }]
  })
}

/** The file that growth is measured against is not part of what grows. */
function baselineOf({ budget }: Pick<BuildRequest, 'budget'>, project: string): readonly string[] {
  const path = budget?.growth && relative(project, budget.growth.baseline)
  return path === undefined || path.startsWith('..') || isAbsolute(path) ? [] : [path.replaceAll(sep, '/')]
}

function chooseAll(request: BuildRequest) {
  return {
    symlinks: choose<SymlinkPolicy>('symlinks', request.symlinks, symlinkPolicies, 'follow'),
    onConflict: choose<ConflictPolicy>('--on-conflict', request.onConflict, conflictPolicies, 'error'),
    bytecode: choose<'off' | 'on'>('--bytecode', request.bytecode, ['off', 'on'], 'off'),
    slim: choose<'none' | 'safe'>('--slim', request.slim, ['none', 'safe'], 'none'),
    sdk: choose<'bundled' | 'runtime'>('--sdk', request.sdk, ['bundled', 'runtime'], 'bundled'),
    compat: request.compat === undefined ? undefined : choose<'pip'>('--compat', request.compat, ['pip'], 'pip'),
    resolver:
      request.resolver === undefined
        ? undefined
        : choose<ResolverChoice>('--resolver', request.resolver, ['uv', 'pip'], 'uv'),
  }
}

function choose<Choice extends string>(
  option: string,
  text: string | undefined,
  choices: readonly Choice[],
  otherwise: Choice,
): Choice {
  if (text === undefined) return otherwise
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw badChoice({ option, text, choices })
  return found
}

function readPyproject(project: string): Pyproject | undefined {
  const file = join(project, 'pyproject.toml')
  return existsSync(file) ? parsePyproject(readFileSync(file, 'utf8'), file) : undefined
}

function chooseArchitectures(texts: readonly string[] | undefined): readonly Architecture[] {
  const names = (texts ?? []).flatMap((text) => text.split(',')).filter((text) => text.trim() !== '')
  return names.length === 0 ? ['x86_64'] : names.map(parseArchitecture)
}

/** What was asked for, else `.python-version`, else the newest that `requires-python` allows, else the one default. Never the host's. */
function chooseRuntimes(
  text: string | undefined,
  project: string,
  pyproject: Pyproject | undefined,
): readonly PythonRuntime[] {
  if (text !== undefined) return [...new Set(text.split(',').map((one) => parsePythonRuntime(one.trim())))]
  const pinned = readPinnedVersion(project)
  if (pinned) return [pinned]
  const requires = pyproject?.project?.requiresPython
  return [parsePythonRuntime(requires ? newestAllowed(requires) : defaultRuntimeId)]
}

function readPinnedVersion(project: string): PythonRuntime | undefined {
  const file = join(project, '.python-version')
  if (!existsSync(file)) return undefined
  const minor = /^\s*(?:cpython-?|python)?(3\.\d+)/m.exec(readFileSync(file, 'utf8'))?.[1]
  return minor === undefined ? undefined : pythonRuntimes.find((runtime) => runtime.python === minor)
}

function newestAllowed(requires: SpecifierSet): string {
  const allowed = pythonRuntimes.filter(
    (runtime) => !runtime.preview && matches(requires, parseVersion(latestPatchOf(runtime.python))),
  )
  return allowed.some((runtime) => runtime.id === defaultRuntimeId)
    ? defaultRuntimeId
    : (allowed.at(-1)?.id ?? defaultRuntimeId)
}

/** Where dependencies are declared: what a flag names, else a lock, also of the workspace, else `requirements.txt`, else `pyproject.toml`. */
function chooseInput(request: BuildRequest, project: string, pyproject: Pyproject | undefined): DependencyInput {
  const path = (text: string): string => resolve(request.workingDirectory, text)
  const extras = request.extras ?? []
  const groups = request.groups ?? []
  const asked: [flag: string, input: DependencyInput][] = []
  if (request.lines) asked.push(['lines', { kind: 'lines', lines: request.lines }])
  if (request.pins) asked.push(['pins', { kind: 'pins', lines: request.pins }])
  if (request.requirements?.length)
    asked.push(['--requirements', inputOfFiles(request.requirements.map(path), extras, groups)])
  if (request.fromVenv !== undefined) asked.push(['--from-venv', { kind: 'venv', folder: path(request.fromVenv) }])
  if (request.fromPackage !== undefined)
    asked.push(['--from-package', { kind: 'package', folder: path(request.fromPackage) }])
  if (request.script !== undefined) asked.push(['--script', inputOfScript(path(request.script))])
  if (asked.length > 1) throw contradictingInputs({ first: asked[0]![0], second: asked[1]![0] })
  if (asked[0]) return asked[0][1]
  for (const name of lockFileNames) {
    const file = join(project, name)
    if (existsSync(file)) return { kind: 'lock', file, extras, groups }
  }
  const workspaceLock = pyproject?.project && findWorkspaceLock(project, pyproject.project.normalizedName)
  if (workspaceLock !== undefined) return { kind: 'lock', file: workspaceLock, extras, groups }
  const requirements = join(project, 'requirements.txt')
  if (existsSync(requirements)) return { kind: 'requirements', files: [requirements] }
  return pyproject?.project ? { kind: 'pyproject', file: pyproject.file, extras, groups } : { kind: 'none' }
}

/** Extras and groups that nothing declares would be left out without a word. */
function requireChoosable({ extras = [], groups = [] }: BuildRequest, input: DependencyInput, project: string): void {
  if (input.kind === 'pyproject' || (input.kind === 'lock' && !input.file.endsWith('.py.lock'))) return
  const [option] = [...extras.map((name) => `--extra ${name}`), ...groups.map((name) => `--group ${name}`)]
  if (option === undefined) return
  const described = describeInput(input, (path) => relative(project, path) || path)
  throw nothingToChoose({ option, input: input.kind === 'none' ? undefined : described })
}

/** `uv lock --script` writes the lock of a script beside it. */
function inputOfScript(file: string): DependencyInput {
  const lock = `${file}.lock`
  return existsSync(lock) ? { kind: 'lock', file: lock, extras: [], groups: [] } : { kind: 'script', file }
}

/** `-r` takes locks and `pyproject.toml` too: fingers know it from pip and uv. */
function inputOfFiles(files: readonly string[], extras: readonly string[], groups: readonly string[]): DependencyInput {
  const [file] = files as [string]
  const name = basename(file)
  if (files.length === 1 && name === 'pyproject.toml') return { kind: 'pyproject', file, extras, groups }
  if (files.length === 1 && (/^pylock(\.[^.]+)?\.toml$/.test(name) || name.endsWith('.lock')))
    return { kind: 'lock', file, extras, groups }
  return { kind: 'requirements', files }
}

/** The folder that becomes the root: the project itself, or its `src` when the code, or the handler, lies there. */
function chooseSource(request: BuildRequest, project: string, handler: string | undefined): string | undefined {
  if ((request.lines ?? request.pins) && request.source === undefined) return undefined
  if (request.source !== undefined) {
    const source = resolve(project, request.source)
    if (!existsSync(source)) throw sourceNotFound({ folder: source })
    return source
  }
  const below = join(project, 'src')
  if (!existsSync(below) || existsSync(join(below, '__init__.py'))) return project
  if (handler !== undefined) return hasModule(below, handler) && !hasModule(project, handler) ? below : project
  const hasOwnCode = readdirSync(project, { withFileTypes: true }).some(
    (entry) =>
      (entry.isFile() &&
        extname(entry.name) === '.py' &&
        !['setup.py', 'noxfile.py', 'conftest.py'].includes(entry.name)) ||
      (entry.isDirectory() &&
        entry.name !== 'src' &&
        existsSync(join(project, entry.name, '__init__.py')) &&
        !['tests', 'test'].includes(entry.name)),
  )
  return hasOwnCode ? project : below
}

function hasModule(folder: string, handler: string): boolean {
  const path = join(folder, ...parseHandler(handler).module.split('.'))
  return existsSync(`${path}.py`) || existsSync(join(path, '__init__.py'))
}

function outputPath(request: BuildRequest, project: string, name: string, suffix: string): string {
  const path =
    request.out === undefined ? join(project, 'dist', `${name}.zip`) : resolve(request.workingDirectory, request.out)
  return suffix === '' ? path : join(dirname(path), `${basename(path, extname(path))}${suffix}${extname(path)}`)
}

/**
 * Locks are written beside declarations of the project itself, named after what is not the usual: `pylock.zipyard.toml` for
 * `requirements.txt`, `pylock.zipyard-requirements-dev.toml` for `requirements-dev.txt`. Declarations that lie elsewhere are somebody else's.
 */
function lockPlace(input: DependencyInput, project: string): LockPlace | undefined {
  const files =
    input.kind === 'requirements'
      ? input.files
      : input.kind === 'pyproject' || input.kind === 'script'
        ? [input.file]
        : []
  if (files.length === 0 || !files.every((file) => file.startsWith(project + sep))) return undefined
  const usual = ['requirements', 'pyproject']
  const stems = files.map((file) => basename(file, extname(file))).filter((stem) => !usual.includes(stem))
  const scope = input.kind === 'pyproject' ? [...input.extras, ...input.groups] : []
  const parts = [...stems, ...scope].map((part) => part.replace(/[^A-Za-z0-9_-]+/g, '-'))
  return { folder: dirname(files[0]!), base: ['zipyard', ...parts].join('-') }
}

/** A name that is safe as a file's on every system. */
function packageName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '')
  return name === '' ? 'package' : name
}
