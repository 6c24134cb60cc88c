import { relative, resolve as resolvePath, sep } from 'node:path'
import type { LockedDistribution } from '../../pypa/locked-distribution.ts'
import { selectDistributions, type SelectedDistribution } from '../../pypa/locked-selection.ts'
import { evaluateMarker } from '../../pypa/marker.ts'
import { parsePylock } from '../../pypa/pylock.ts'
import type { ResolvableInput } from '../dependency-input.ts'
import type { FetchSurroundings } from '../fetch/fetch-file.ts'
import type { Note } from '../layout/layout.ts'
import { runTool } from '../run-tool.ts'
import type { Target } from '../target.ts'
import type { Declarations } from './declarations.ts'
import { findUv, onPath } from './find-uv.ts'
import { formatOwnLock } from './lock-file.ts'
import { noResolver } from './resolution-error.ts'
import type { ResolveOptions } from './resolve.ts'
import { resolveWithPip, type PipTool } from './resolve-with-pip.ts'
import { resolveWithUv } from './resolve-with-uv.ts'
import { resolverEnvironment, type Variables } from './scrubbed-environment.ts'

/** Runs uv, else pip, and gives its answer as a lock of our own form. */
export async function runResolver(
  input: ResolvableInput,
  declarations: Declarations,
  described: string,
  options: ResolveOptions,
  surroundings: FetchSurroundings,
  notes: Note[],
): Promise<string> {
  const { target, folder } = options
  const variables = await surroundings.resolverVariables()
  const tried: string[] = []
  const common = { target, folder, variables, signal: surroundings.signal }
  const requested = namesOf(declarations, target)
  const format = (distributions: readonly SelectedDistribution[], resolver: string): string =>
    formatOwnLock(
      distributions.map((one) => rebased(withoutRequesters(one), folder, options.lock?.folder ?? folder)),
      target,
      {
        target: target.key,
        inputs: declarations.digest,
        resolver,
        requested: [...new Set([...requested, ...distributions.filter(isDirect).map(({ name }) => name)])],
        bytecode: options.bytecodeBy,
      },
    )
  if (options.resolver !== 'pip') {
    const uv = await findUv(variables, surroundings)
    if ('executable' in uv) {
      const { pylock, resolver } = await explained(
        resolveWithUv(uv, input, { ...common, description: described, offline: surroundings.offline }),
        declarations,
        surroundings,
      )
      return format(
        selectDistributions(parsePylock(pylock, `what ${resolver} wrote`), { environment: target.environment }),
        resolver,
      )
    }
    tried.push(uv.because)
  }
  if (options.resolver !== 'uv') {
    const pip = await findPip(variables)
    if ('python' in pip) {
      const { distributions, resolver, repaired } = await explained(
        resolveWithPip(pip, declarations, { ...common, input: described }),
        declarations,
        surroundings,
      )
      if (repaired.added.length + repaired.dropped.length > 0) notes.push(repairNote(repaired, target))
      return format(
        distributions.map((distribution) => ({ ...distribution, requestedBy: [] })),
        resolver,
      )
    }
    tried.push(pip.because)
  }
  throw noResolver({ tried })
}

/** A resolver's failure, told as what is wrong with the index where that is its cause. */
async function explained<Answer>(
  answer: Promise<Answer>,
  declarations: Declarations,
  surroundings: FetchSurroundings,
): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    // Who stopped the build does not wait for an explanation.
    surroundings.signal?.throwIfAborted()
    const { indexFault } = await import('./index-fault.ts')
    throw (await indexFault(error, declarations, surroundings)) ?? error
  }
}

function repairNote(
  repaired: { readonly added: readonly string[]; readonly dropped: readonly string[] },
  target: Target,
): Note {
  const parts = [
    ...repaired.added.map((text) => `\`${text}\` added`),
    ...repaired.dropped.map((name) => `\`${name}\` dropped`),
  ]
  return {
    code: 'ZY0435',
    message: `pip decided markers for this machine instead of ${target.runtime.id} on ${target.architecture}; corrected: ${parts.join(', ')}`,
    hint: 'Install uv to have them decided right from the start',
  }
}

/** Named by address: only what a project asks for itself is. */
function isDirect({ directory, vcs, archive }: LockedDistribution): boolean {
  return directory !== undefined || vcs !== undefined || archive !== undefined
}

function withoutRequesters(distribution: SelectedDistribution): LockedDistribution {
  const locked: LockedDistribution & { requestedBy?: unknown } = { ...distribution }
  delete locked.requestedBy
  // The target is one; a marker that was used to choose would only repeat the lock's own `environments`.
  return { ...locked, marker: undefined }
}

/** Paths as seen from the lock, not from the folder in which the resolver ran. */
function rebased(distribution: LockedDistribution, from: string, to: string): LockedDistribution {
  const move = (path: string): string => {
    const moved = relative(to, resolvePath(from, path)).split(sep).join('/')
    return moved === '' ? '.' : moved
  }
  const file = <File extends { readonly path?: string | undefined }>(one: File): File =>
    one.path === undefined ? one : { ...one, path: move(one.path) }
  const { directory, archive, sdist, wheels } = distribution
  return {
    ...distribution,
    directory: directory && { ...directory, path: move(directory.path) },
    archive: archive && file(archive),
    sdist: sdist && file(sdist),
    wheels: wheels.map(file),
  }
}

function namesOf(declarations: Declarations, target: Target): readonly string[] {
  const names = declarations.declared
    .filter((one) => evaluateMarker(one.marker, target.environment))
    .flatMap(({ requirement }) => (requirement ? [requirement.normalizedName as string] : []))
  return [...new Set(names)]
}

/** A Python with pip: what PATH has. Which version it is does not matter, since its markers are repaired. */
async function findPip(variables: Variables): Promise<PipTool | { readonly because: string }> {
  for (const name of ['python3', 'python', 'py']) {
    const python = onPath(name, variables)
    if (!python) continue
    const { exitCode } = await runTool(python, ['-m', 'pip', '--version'], {
      env: resolverEnvironment(variables),
    }).catch(() => ({ exitCode: 1 }))
    if (exitCode === 0) return { python }
  }
  return { because: 'no Python on PATH has pip' }
}
